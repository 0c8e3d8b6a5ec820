package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const lineTime = 200 * time.Millisecond

// load calls one method all the time from many tasks over dubbo-go's connections, each sending its next call when the last one is answered.
// It prints how many calls were answered so far, one line each 200 ms. It ends with status 2 at the first failure, and when its
// standard input ends.
func load(p *peer, flags map[string]string) {
	method := require(flags, "--method")
	call := map[string]func() Outcome{
		"touch":     func() Outcome { return p.call(demo(), nil, anything(), method) },
		"echo":      func() Outcome { return p.call(demo(), nil, aText(), method, strings.Repeat("x", 128)) },
		"getUser":   func() Outcome { return p.call(demo(), nil, aUser(), method, "7") },
		"listUsers": func() Outcome { return p.call(demo(), nil, items(), method, int32(15)) },
	}[method]
	if call == nil {
		fail("no such call: " + method)
	}
	callers := tasks
	if text, ok := flags["--callers"]; ok {
		callers = Integer(text)
	}
	// The reference is made once, before tasks share it.
	p.caller.Prepare(demo())
	var answered int64
	for caller := 0; caller < callers; caller++ {
		go func() {
			for {
				if got := call(); got.Err != nil {
					fail(got.Err.Error())
				}
				atomic.AddInt64(&answered, 1)
			}
		}()
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		time.Sleep(lineTime)
		fmt.Println(atomic.LoadInt64(&answered))
	}
}
