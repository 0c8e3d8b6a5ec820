// The demo contract and its cases for the peers of both lines of dubbo-go; see README.md.
module org.wubbo/demo

go 1.25

require github.com/apache/dubbo-go-hessian2 v1.9.4

require (
	github.com/dubbogo/gost v1.9.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
)
