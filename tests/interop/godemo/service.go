package demo

import (
	"context"
	"fmt"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
	"github.com/apache/dubbo-go-hessian2/java_exception"
)

// EchoService is the demo service as the contract states it.
type EchoService struct {
	// Name is the answer of whoami.
	Name string
	// Seen gives what came with the request that a context belongs to.
	Seen func(context.Context) map[string]interface{}
}

// Reference names the service for dubbo-go's configuration.
func (*EchoService) Reference() string { return "EchoService" }

// MethodMapper gives the Java names.
func (*EchoService) MethodMapper() map[string]string {
	return map[string]string{
		"Echo": "echo", "EchoObject": "echoObject", "EchoBytes": "echoBytes", "Add": "add", "AddLong": "addLong",
		"Negate": "negate", "Scale": "scale", "GetUser": "getUser", "ListUsers": "listUsers", "SaveUser": "saveUser",
		"Describe": "describe", "Flip": "flip", "Attachments": "attachments", "Whoami": "whoami", "Sleep": "sleep",
		"Touch": "touch", "Fail": "fail", "Crash": "crash",
	}
}

func (*EchoService) Echo(_ context.Context, text string) (string, error) { return text, nil }

func (*EchoService) EchoObject(_ context.Context, args []interface{}) (interface{}, error) {
	return args[0], nil
}

func (*EchoService) EchoBytes(_ context.Context, bytes []byte) ([]byte, error) { return bytes, nil }

func (*EchoService) Add(_ context.Context, a int32, b int32) (int32, error) { return a + b, nil }

func (*EchoService) AddLong(_ context.Context, a int64, b int64) (int64, error) { return a + b, nil }

func (*EchoService) Negate(_ context.Context, value bool) (bool, error) { return !value, nil }

func (*EchoService) Scale(_ context.Context, a float64, b float64) (float64, error) {
	return a * b, nil
}

func (*EchoService) GetUser(_ context.Context, id string) (*User, error) { return user(id), nil }

// ListUsers answers an untyped list, as Java writes it.
func (*EchoService) ListUsers(_ context.Context, n int32) ([]interface{}, error) {
	if n < 0 || n > 10_000 {
		return nil, demoException(fmt.Sprintf("n out of range: %d", n))
	}
	users := make([]interface{}, 0, n)
	for i := int32(0); i < n; i++ {
		users = append(users, user(fmt.Sprint(i)))
	}
	return users, nil
}

func (*EchoService) SaveUser(_ context.Context, args []interface{}) (bool, error) {
	user, ok := args[0].(*User)
	return ok && user != nil && user.ID != "", nil
}

func (*EchoService) Describe(_ context.Context, args []interface{}) (map[interface{}]interface{}, error) {
	answer := map[interface{}]interface{}{}
	size := int32(0)
	if argument, ok := args[0].(map[interface{}]interface{}); ok {
		size = int32(len(argument))
		for key, value := range argument {
			answer[key] = value
		}
	}
	answer["size"] = size
	return answer, nil
}

// Flip takes what dubbo-go 1.5 reads an enum as, its number without its type, and what dubbo-go 3 does.
func (*EchoService) Flip(_ context.Context, args []interface{}) (Sex, error) {
	if args[0] == hessian.JavaEnum(man) || args[0] == man {
		return woman, nil
	}
	return man, nil
}

// Attachments answers the attachments as the provider saw them.
func (service *EchoService) Attachments(ctx context.Context) (map[interface{}]interface{}, error) {
	answer := map[interface{}]interface{}{}
	for key, value := range service.Seen(ctx) {
		answer[key] = value
	}
	return answer, nil
}

func (service *EchoService) Whoami(context.Context) (string, error) { return service.Name, nil }

func (*EchoService) Sleep(_ context.Context, millis int64) (string, error) {
	time.Sleep(time.Duration(millis) * time.Millisecond)
	return fmt.Sprintf("slept %d", millis), nil
}

func (*EchoService) Touch(context.Context) (interface{}, error) { return nil, nil }

func (*EchoService) Fail(_ context.Context, message string) (string, error) {
	return "", demoException(message)
}

func (*EchoService) Crash(_ context.Context, message string) (string, error) {
	return "", java_exception.NewIllegalStateException(message)
}
