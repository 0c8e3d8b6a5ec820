package demo

import (
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
	"github.com/apache/dubbo-go-hessian2/java_exception"
)

const (
	// Interface is what the peers provide and call.
	Interface = "org.wubbo.demo.EchoService"
	// Version is its version.
	Version = "1.0.0"
	// MaxFrame is the longest frame; by default dubbo-go closes a connection at the first one above 100 KB.
	MaxFrame = 16 << 20
)

// User is org.wubbo.demo.User. The collections are what Java's untyped ones become.
type User struct {
	ID     string                      `hessian:"id"`
	Name   string                      `hessian:"name"`
	Age    int32                       `hessian:"age"`
	Time   time.Time                   `hessian:"time"`
	Sex    Sex                         `hessian:"sex"`
	Tags   []interface{}               `hessian:"tags"`
	Scores map[interface{}]interface{} `hessian:"scores"`
}

// JavaClassName makes it a POJO.
func (*User) JavaClassName() string { return "org.wubbo.demo.User" }

func user(id string) *User {
	return &User{
		ID:     id,
		Name:   "name-" + id,
		Age:    18 + int32(units(id)),
		Time:   time.UnixMilli(1_590_926_400_000),
		Sex:    man,
		Tags:   []interface{}{"a", "b"},
		Scores: map[interface{}]interface{}{"math": 99.5},
	}
}

// units is the length of a text in Java.
func units(text string) int {
	count := 0
	for _, char := range text {
		count++
		if char > 0xffff {
			count++
		}
	}
	return count
}

// Sex is org.wubbo.demo.Sex.
type Sex hessian.JavaEnum

const (
	man   Sex = 0
	woman Sex = 1
)

// JavaClassName makes it a POJO.
func (Sex) JavaClassName() string { return "org.wubbo.demo.Sex" }

func (sex Sex) String() string {
	if sex == man {
		return "MAN"
	}
	return "WOMAN"
}

// EnumValue reads a constant's name.
func (Sex) EnumValue(name string) hessian.JavaEnum {
	switch name {
	case "MAN":
		return hessian.JavaEnum(man)
	case "WOMAN":
		return hessian.JavaEnum(woman)
	}
	return hessian.InvalidJavaEnum
}

// DemoException is org.wubbo.demo.DemoException, with the fields of every Java throwable.
type DemoException struct {
	SerialVersionUID     int64
	DetailMessage        string
	SuppressedExceptions []java_exception.Throwabler
	StackTrace           []java_exception.StackTraceElement
	Cause                java_exception.Throwabler
}

func (e DemoException) Error() string { return e.DetailMessage }

// JavaClassName makes it a POJO.
func (DemoException) JavaClassName() string { return "org.wubbo.demo.DemoException" }

// GetStackTrace makes it a throwable.
func (e DemoException) GetStackTrace() []java_exception.StackTraceElement { return e.StackTrace }

func demoException(message string) error {
	return &DemoException{DetailMessage: message, StackTrace: []java_exception.StackTraceElement{}}
}

func init() {
	hessian.RegisterPOJO(&User{})
	hessian.RegisterJavaEnum(Sex(0))
	hessian.RegisterPOJO(&DemoException{})
}
