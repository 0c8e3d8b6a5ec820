package main

import (
	"context"
	"net"
	"reflect"
	"time"

	"dubbo.apache.org/dubbo-go/v3/client"
	"dubbo.apache.org/dubbo-go/v3/common/constant"
	"dubbo.apache.org/dubbo-go/v3/protocol"
	"dubbo.apache.org/dubbo-go/v3/remoting/getty"
	"org.wubbo/demo"
)

// caller holds the references that were made, all to one address.
type caller struct {
	url    string
	client *client.Client
	made   map[demo.Reference]*client.Connection
}

func newCaller(url, connections string) demo.Caller {
	// A client has no option for its connections.
	settings := getty.GetDefaultClientConfig()
	settings.GettySessionParam.MaxMsgLen = demo.MaxFrame
	if connections != "" {
		settings.ConnectionNum = demo.Integer(connections)
	}
	getty.SetClientConf(*settings)
	own, err := client.NewClient(client.WithClientProtocol(protocol.WithDubbo()), client.WithClientNoCheck())
	exit(err)
	return &caller{url: url, client: own, made: map[demo.Reference]*client.Connection{}}
}

func (c *caller) Prepare(to demo.Reference) { c.connection(to) }

func (c *caller) connection(to demo.Reference) *client.Connection {
	if made, ok := c.made[to]; ok {
		return made
	}
	timeout, err := time.ParseDuration(to.Timeout)
	exit(err)
	options := []client.ReferenceOption{
		client.WithURL(c.url), client.WithProtocolDubbo(), client.WithSerialization(constant.Hessian2Serialization),
		client.WithVersion(to.Version), client.WithGroup(to.Group), client.WithRetries(0), client.WithRequestTimeout(timeout),
	}
	if to.Generic {
		options = append(options, client.WithGeneric())
	}
	made, err := c.client.Dial(to.Name, options...)
	exit(err)
	c.made[to] = made
	return made
}

// Call shows no attachments of the answer: dubbo-go 3 gives them to nobody.
func (c *caller) Call(to demo.Reference, attachments map[string]interface{}, reply interface{}, method string, args []interface{}) demo.Outcome {
	ctx := context.WithValue(context.Background(), constant.AttachmentKey, attachments)
	if err := c.connection(to).CallUnary(ctx, args, reply, method); err != nil {
		return demo.Outcome{Err: err}
	}
	return demo.Outcome{Value: reflect.ValueOf(reply).Elem().Interface()}
}

// await returns when something listens at the port: dubbo-go does not say when it serves.
func await(port string) {
	for {
		connection, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = connection.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
