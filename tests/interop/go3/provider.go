package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"dubbo.apache.org/dubbo-go/v3/common/constant"
	"dubbo.apache.org/dubbo-go/v3/global"
	"dubbo.apache.org/dubbo-go/v3/protocol"
	"dubbo.apache.org/dubbo-go/v3/server"
	"org.wubbo/demo"
)

// EchoService is the demo service under the name that dubbo-go's configuration has for it.
type EchoService struct{ demo.EchoService }

// Reference is that name.
func (*EchoService) Reference() string { return "EchoService" }

func provide(port, name, registry string) {
	if registry != "" {
		exit(errors.New("this peer knows no registry"))
	}
	sessions := map[string]any{"getty-session-param": map[string]any{"max-msg-len": demo.MaxFrame}}
	listener := []protocol.ServerOption{
		protocol.WithDubbo(), protocol.WithIp("127.0.0.1"), protocol.WithPort(demo.Integer(port)), protocol.WithParams(sessions),
	}
	// With metadata of its own dubbo-go would first listen at this port of every address.
	application := &global.ApplicationConfig{Name: "wubbo-demo-provider", MetadataType: constant.RemoteMetadataStorageType}
	provider, err := server.NewServer(server.SetServerApplication(application), server.WithServerProtocol(listener...),
		server.WithServerNotRegister(), server.WithServerSerialization(constant.Hessian2Serialization))
	exit(err)
	handler := &EchoService{demo.EchoService{Name: name, Seen: seen}}
	exit(provider.RegisterService(handler, server.WithInterface(demo.Interface), server.WithVersion(demo.Version)))
	go func() { exit(provider.Serve()) }()
	await(port)
	fmt.Println("READY " + port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// seen leaves out the two sockets that dubbo-go puts beside what came with the request.
func seen(ctx context.Context) map[string]interface{} {
	kept := map[string]interface{}{}
	if attachments, ok := ctx.Value(constant.AttachmentKey).(map[string]interface{}); ok {
		for key, value := range attachments {
			if key != constant.LocalAddr && key != constant.RemoteAddr {
				kept[key] = value
			}
		}
	}
	return kept
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
