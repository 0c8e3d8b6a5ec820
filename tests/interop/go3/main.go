// A dubbo-go 3 provider and consumer of the demo contract, see README.md.
package main

import (
	"os"

	getty "github.com/apache/dubbo-getty"
	"github.com/dubbogo/gost/log/logger"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"org.wubbo/demo"

	_ "dubbo.apache.org/dubbo-go/v3/imports"
)

func main() {
	level := zap.ErrorLevel
	if os.Getenv("VERBOSE") != "" {
		level = zap.DebugLevel
	}
	// Standard output carries only what the harness reads; dubbo-go's own log goes to standard error.
	encoder := zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig())
	log := zap.New(zapcore.NewCore(encoder, zapcore.Lock(os.Stderr), level)).Sugar()
	logger.SetLogger(log)
	getty.SetLogger(log)
	os.Exit(demo.Main(demo.Peer{Provide: provide, Caller: newCaller}))
}
