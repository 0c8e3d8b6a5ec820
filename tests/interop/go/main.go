// A dubbo-go 1.5 provider and consumer of the demo contract, see README.md.
package main

import (
	"os"
	"strings"

	"github.com/apache/dubbo-go/common/logger"
	"github.com/apache/dubbo-go/config"
	"org.wubbo/demo"

	_ "github.com/apache/dubbo-go/cluster/cluster_impl"
	_ "github.com/apache/dubbo-go/cluster/loadbalance"
	_ "github.com/apache/dubbo-go/common/proxy/proxy_factory"
	_ "github.com/apache/dubbo-go/filter/filter_impl"
	_ "github.com/apache/dubbo-go/protocol/dubbo"
	_ "github.com/apache/dubbo-go/registry/protocol"
	_ "github.com/apache/dubbo-go/registry/zookeeper"
)

func main() {
	// Standard output carries only what the harness reads; dubbo-go's own log, of every frame by default, goes to standard error.
	if os.Getenv("VERBOSE") == "" {
		logger.SetLoggerLevel("error")
	}
	os.Exit(demo.Main(demo.Peer{Provide: provide, Caller: newCaller}))
}

// sessions are the settings of connections, of a provider as of a consumer; dubbo-go's own number of them unless it is given.
func sessions(connections string) map[interface{}]interface{} {
	type m = map[interface{}]interface{}
	settings := m{"getty_session_param": m{"max_msg_len": demo.MaxFrame}}
	if connections != "" {
		settings["connection_number"] = demo.Integer(connections)
	}
	return m{"dubbo": settings}
}

const registryName = "main"

// registries holds the one that a URL names, as zookeeper://host:port does; none for a provider's address.
func registries(url string) map[string]*config.RegistryConfig {
	address := strings.TrimPrefix(url, "zookeeper://")
	if address == url {
		return nil
	}
	return map[string]*config.RegistryConfig{registryName: {Protocol: "zookeeper", Address: address, TimeoutStr: "10s"}}
}
