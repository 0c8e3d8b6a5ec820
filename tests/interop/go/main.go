// A dubbo-go provider and consumer of the demo contract, see README.md.
package main

import (
	"fmt"
	"os"

	"github.com/apache/dubbo-go/common/logger"

	_ "github.com/apache/dubbo-go/cluster/cluster_impl"
	_ "github.com/apache/dubbo-go/cluster/loadbalance"
	_ "github.com/apache/dubbo-go/common/proxy/proxy_factory"
	_ "github.com/apache/dubbo-go/filter/filter_impl"
	_ "github.com/apache/dubbo-go/protocol/dubbo"
)

const usage = "usage: wubbo-go-peer provider|consumer|golden|bench [--flag value]..."

func main() {
	// Standard output carries only what the harness reads; dubbo-go's own log goes to standard error.
	if err := logger.InitLog(""); err == nil && os.Getenv("VERBOSE") == "" {
		logger.SetLoggerLevel("error")
	}
	if len(os.Args) < 2 {
		fail(usage)
	}
	switch os.Args[1] {
	case "provider":
		provide(flags(os.Args[2:], "--port", "--name"))
	case "consumer":
		os.Exit(consume(flags(os.Args[2:], "--url", "--cases")))
	case "golden":
		golden(flags(os.Args[2:], "--out"))
	case "bench":
		bench()
	default:
		fail(usage)
	}
}

// flags reads "--name value" pairs; a name that the program does not know ends the process with status 2.
func flags(args []string, known ...string) map[string]string {
	values := map[string]string{}
	for i := 0; i < len(args); i += 2 {
		found := false
		for _, name := range known {
			found = found || name == args[i]
		}
		if !found || i+1 == len(args) {
			fail("unknown flag or missing value: " + args[i])
		}
		values[args[i]] = args[i+1]
	}
	return values
}

func require(values map[string]string, name string) string {
	value, ok := values[name]
	if !ok {
		fail("missing flag " + name)
	}
	return value
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(2)
}
