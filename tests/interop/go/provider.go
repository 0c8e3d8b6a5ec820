package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/apache/dubbo-go/common/constant"
	"github.com/apache/dubbo-go/config"
	"org.wubbo/demo"
)

// EchoService is the demo service under the name that dubbo-go's configuration has for it.
type EchoService struct{ demo.EchoService }

// Reference is that name.
func (*EchoService) Reference() string { return "EchoService" }

func provide(port, name, registry string) {
	application := &config.ApplicationConfig{Name: "wubbo-demo-provider"}
	config.SetProviderConfig(config.ProviderConfig{
		BaseConfig:   config.BaseConfig{ApplicationConfig: application},
		ProxyFactory: "default",
		ProtocolConf: sessions(""),
		Registries:   registries(registry),
	})
	exported := config.NewServiceConfig("EchoService", context.Background())
	exported.InterfaceName = demo.Interface
	exported.Version = demo.Version
	exported.Protocol = "dubbo"
	exported.Protocols = map[string]*config.ProtocolConfig{
		"dubbo": {Name: "dubbo", Ip: "127.0.0.1", Port: port},
	}
	if registry != "" {
		exported.Registry = registryName
	}
	exported.Implement(&EchoService{demo.EchoService{Name: name, Seen: seen}})
	if err := exported.Export(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("READY " + port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// seen leaves out the two sockets that dubbo-go puts beside what came with the request.
func seen(ctx context.Context) map[string]interface{} {
	kept := map[string]interface{}{}
	if attachments, ok := ctx.Value(constant.AttachmentKey).(map[string]interface{}); ok {
		for key, value := range attachments {
			if key != constant.LOCAL_ADDR && key != constant.REMOTE_ADDR {
				kept[key] = value
			}
		}
	}
	return kept
}
