package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
	"github.com/apache/dubbo-go-hessian2/java_exception"
	"github.com/apache/dubbo-go/config"
	"github.com/apache/dubbo-go/protocol"
	"github.com/apache/dubbo-go/protocol/invocation"
)

const (
	callTimeout  = "5s"
	shortTimeout = "500ms"
	// Of what dubbo-go itself never answers.
	nestedTimeout = "2s"

	reconnects     = 20
	reconnectPause = 50 * time.Millisecond
)

// reference is what a case calls through, made when it is first asked for.
type reference struct {
	version string
	group   string
	name    string
	timeout string
	generic bool
}

func demo() reference {
	return reference{version: demoVersion, name: demoInterface, timeout: callTimeout}
}

// peer holds the references that were made, all to one address.
type peer struct {
	url  string
	made map[reference]protocol.Invoker
}

// outcome is what a call came to.
type outcome struct {
	value       interface{}
	err         error
	attachments map[string]interface{}
}

func (p *peer) invoker(to reference) protocol.Invoker {
	if made, ok := p.made[to]; ok {
		return made
	}
	config := config.NewReferenceConfig("EchoService", context.Background())
	config.URL = p.url
	config.Protocol = "dubbo"
	// Without a strategy dubbo-go takes one for several registries.
	config.Cluster = "failover"
	config.Retries = "0"
	config.InterfaceName = to.name
	config.Version = to.version
	config.Group = to.group
	config.RequestTimeout = to.timeout
	config.Generic = to.generic
	config.Refer(nil)
	p.made[to] = config.GetInvoker()
	return p.made[to]
}

// call asks again when dubbo-go says that its own connection is gone: that is left of an earlier case and tells nothing
// of the provider.
func (p *peer) call(to reference, attachments map[string]interface{}, reply interface{}, method string, args ...interface{}) outcome {
	for attempt := 0; ; attempt++ {
		got := p.once(to, attachments, reply, method, args)
		if got.err == nil || attempt == reconnects || !gone(got.err.Error()) {
			return got
		}
		time.Sleep(reconnectPause)
	}
}

func gone(why string) bool {
	for _, words := range []string{"session Already Closed", "can't connect server", "client closed"} {
		if strings.Contains(why, words) {
			return true
		}
	}
	return false
}

// once is what a stub of dubbo-go makes of a method with these arguments, whose result has the type that reply points to.
func (p *peer) once(to reference, attachments map[string]interface{}, reply interface{}, method string, args []interface{}) outcome {
	if args == nil {
		args = []interface{}{}
	}
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
	result := p.invoker(to).Invoke(context.Background(), inv)
	if err := result.Error(); err != nil {
		return outcome{err: err, attachments: result.Attachments()}
	}
	return outcome{value: reflect.ValueOf(reply).Elem().Interface(), attachments: result.Attachments()}
}

// consume runs the cases and prints a JSON line for each; it gives the exit status.
func consume(flags map[string]string) int {
	timeout, err := time.ParseDuration(callTimeout)
	if err != nil {
		fail(err.Error())
	}
	application := &config.ApplicationConfig{Name: "wubbo-demo-consumer"}
	config.SetConsumerConfig(config.ConsumerConfig{
		BaseConfig:     config.BaseConfig{ApplicationConfig: application},
		ConnectTimeout: timeout,
		RequestTimeout: timeout,
		ProxyFactory:   "default",
		ProtocolConf:   sessions(),
	})
	p := &peer{url: require(flags, "--url"), made: map[reference]protocol.Invoker{}}
	out := bufio.NewWriter(os.Stdout)
	ids := map[string]bool{}
	for _, one := range cases() {
		if !strings.HasPrefix(one.id, flags["--cases"]) {
			continue
		}
		if ids[one.id] {
			fail("case id used twice: " + one.id)
		}
		ids[one.id] = true
		fmt.Fprintln(out, line(one.id, one.run(p)))
		if out.Flush() != nil {
			return 1
		}
	}
	if len(ids) == 0 {
		return 1
	}
	return 0
}

func line(id string, got outcome) string {
	fields := object{"case": id}
	var thrown java_exception.Throwabler
	switch {
	case got.err == nil:
		fields["value"] = canonical(got.value)
	case errors.As(got.err, &thrown):
		fields["exceptionClass"] = className(thrown)
		fields["exceptionMessage"] = thrown.Error()
	default:
		fields["failure"] = got.err.Error()
	}
	seen := object{}
	for key, value := range got.attachments {
		seen[key] = canonical(value)
	}
	fields["responseAttachments"] = seen
	bytes, err := json.Marshal(fields)
	if err != nil {
		fail(err.Error())
	}
	return string(bytes)
}

func className(thrown java_exception.Throwabler) string {
	if named, ok := thrown.(hessian.POJO); ok {
		return named.JavaClassName()
	}
	return fmt.Sprintf("%T", thrown)
}

// inf is a shorthand for the cases.
var inf = math.Inf(1)
