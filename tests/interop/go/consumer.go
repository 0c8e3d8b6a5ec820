package main

import (
	"context"
	"reflect"
	"time"

	"github.com/apache/dubbo-go/config"
	"github.com/apache/dubbo-go/protocol"
	"github.com/apache/dubbo-go/protocol/invocation"
	"org.wubbo/demo"
)

// caller holds the references that were made, all to one address.
type caller struct {
	url  string
	made map[demo.Reference]protocol.Invoker
}

func newCaller(url, connections string) demo.Caller {
	timeout, err := time.ParseDuration(demo.Timeout)
	if err != nil {
		panic(err)
	}
	application := &config.ApplicationConfig{Name: "wubbo-demo-consumer"}
	config.SetConsumerConfig(config.ConsumerConfig{
		BaseConfig:     config.BaseConfig{ApplicationConfig: application},
		ConnectTimeout: timeout,
		RequestTimeout: timeout,
		ProxyFactory:   "default",
		ProtocolConf:   sessions(connections),
		Registries:     registries(url),
	})
	return &caller{url: url, made: map[demo.Reference]protocol.Invoker{}}
}

func (c *caller) Prepare(to demo.Reference) { c.invoker(to) }

func (c *caller) invoker(to demo.Reference) protocol.Invoker {
	if made, ok := c.made[to]; ok {
		return made
	}
	config := config.NewReferenceConfig("EchoService", context.Background())
	if registries(c.url) == nil {
		config.URL = c.url
	} else {
		config.Registry = registryName
	}
	config.Protocol = "dubbo"
	// Without a strategy dubbo-go takes one for several registries.
	config.Cluster = "failover"
	config.Retries = "0"
	config.InterfaceName = to.Name
	config.Version = to.Version
	config.Group = to.Group
	config.RequestTimeout = to.Timeout
	config.Generic = to.Generic
	config.Refer(nil)
	c.made[to] = config.GetInvoker()
	return c.made[to]
}

func (c *caller) Call(to demo.Reference, attachments map[string]interface{}, reply interface{}, method string, args []interface{}) demo.Outcome {
	values := make([]reflect.Value, len(args))
	for i, arg := range args {
		values[i] = reflect.ValueOf(arg)
	}
	inv := invocation.NewRPCInvocationWithOptions(
		invocation.WithMethodName(method), invocation.WithArguments(args),
		invocation.WithParameterValues(values), invocation.WithReply(reply))
	inv.SetAttachments("async", "false")
	for key, value := range attachments {
		inv.SetAttachments(key, value)
	}
	result := c.invoker(to).Invoke(context.Background(), inv)
	if err := result.Error(); err != nil {
		return demo.Outcome{Err: err, Attachments: result.Attachments()}
	}
	return demo.Outcome{Value: reflect.ValueOf(reply).Elem().Interface(), Attachments: result.Attachments()}
}
