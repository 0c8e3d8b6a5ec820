package demo

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
	"github.com/apache/dubbo-go-hessian2/java_exception"
)

const (
	// Timeout is that of an ordinary call.
	Timeout      = "5s"
	shortTimeout = "500ms"
	// Of what dubbo-go itself never answers.
	nestedTimeout = "2s"

	// How often, and how long apart, a call is made that dubbo-go itself could not send.
	attempts     = "21"
	attemptPause = 50 * time.Millisecond
)

// Reference is what a case calls through.
type Reference struct {
	Version string
	Group   string
	Name    string
	Timeout string
	Generic bool
}

func demo() Reference {
	return Reference{Version: Version, Name: Interface, Timeout: Timeout}
}

// Outcome is what a call came to. Attachments are nil where dubbo-go does not show them.
type Outcome struct {
	Value       interface{}
	Err         error
	Attachments map[string]interface{}
}

// Caller is a line of dubbo-go, all of whose references go to one address.
type Caller interface {
	// Prepare makes the reference, before tasks share it.
	Prepare(to Reference)
	// Call is what a stub makes of a method with these arguments, whose result has the type that reply points to.
	Call(to Reference, attachments map[string]interface{}, reply interface{}, method string, args []interface{}) Outcome
}

type peer struct {
	caller   Caller
	attempts int
}

// call asks again when dubbo-go could not send: that is left of an earlier case, or a registry's list has not come yet, and tells
// nothing of the provider.
func (p *peer) call(to Reference, attachments map[string]interface{}, reply interface{}, method string, args ...interface{}) Outcome {
	if args == nil {
		args = []interface{}{}
	}
	for attempt := 1; ; attempt++ {
		got := p.caller.Call(to, attachments, reply, method, args)
		if got.Err == nil || attempt >= p.attempts || !unsent(got.Err.Error()) {
			return got
		}
		time.Sleep(attemptPause)
	}
}

// unsent tells of a connection that is gone, and of getty's deadline for writing: that of a call with a short time-out stays on the
// connection, and a call with a longer one does not renew it before a quarter of its own time has passed. It then cannot be written.
func unsent(why string) bool {
	for _, words := range []string{"session Already Closed", "can't connect server", "client closed", "No provider available"} {
		if strings.Contains(why, words) {
			return true
		}
	}
	return strings.Contains(why, "write tcp") && strings.Contains(why, "i/o timeout")
}

// consume runs the cases and prints a JSON line for each; it gives the exit status.
func consume(p *peer, flags map[string]string) int {
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

func line(id string, got Outcome) string {
	fields := object{"case": id}
	var thrown java_exception.Throwabler
	switch {
	case got.Err == nil:
		fields["value"] = canonical(got.Value)
	case errors.As(got.Err, &thrown):
		fields["exceptionClass"] = className(thrown)
		fields["exceptionMessage"] = thrown.Error()
	default:
		fields["failure"] = got.Err.Error()
	}
	seen := object{}
	for key, value := range got.Attachments {
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
