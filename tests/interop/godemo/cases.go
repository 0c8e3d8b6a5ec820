package demo

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
)

const (
	tasks         = 64
	callsPerTask  = 50
	emoji         = "\U0001F600"
	attachmentKey = "user.a"
)

// one case: an id, method or subject, a slash, what is special; and what is done.
type one struct {
	id  string
	run func(p *peer) Outcome
}

type list []one

// cases is the list in the order in which they run. An id that the Java peers have too has the same input there.
func cases() []one {
	var all list
	// First: after a case that cost a connection dubbo-go offers the dead one for a while, which many tasks would meet.
	all.after("concurrency/64x50", concurrent)
	all.texts()
	all.values()
	all.arithmetic()
	all.users()
	all.others()
	all.failures()
	all.attachments()
	all.generic()
	all.refused()
	all.manners()
	return all
}

func (all *list) add(id string, reply func() interface{}, method string, args ...interface{}) {
	*all = append(*all, one{id, func(p *peer) Outcome { return p.call(demo(), nil, reply(), method, args...) }})
}

func (all *list) after(id string, run func(p *peer) Outcome) {
	*all = append(*all, one{id, run})
}

func within(timeout string) Reference {
	to := demo()
	to.Timeout = timeout
	return to
}

func anything() interface{} { return new(interface{}) }
func aText() interface{}    { return new(string) }
func anInt() interface{}    { return new(int32) }
func aLong() interface{}    { return new(int64) }
func aDouble() interface{}  { return new(float64) }
func aTruth() interface{}   { return new(bool) }
func aUser() interface{}    { return new(User) }
func bytes() interface{}    { return new([]byte) }
func items() interface{}    { return new([]interface{}) }
func aMap() interface{}     { return new(map[interface{}]interface{}) }

func (all *list) texts() {
	named := []struct{ id, text string }{
		{"ascii", "hello"}, {"empty", ""}, {"control", "a\x00b\n\t\"\\"}, {"latin", "caf\u00e9"},
		{"cjk", "\u4f60\u597d\uff0c\u4e16\u754c"}, {"emoji", "\u6c49\u5b57" + emoji},
	}
	for _, length := range []int{31, 32, 1023, 1024, 32767, 32768, 32769, 40000, 100000} {
		named = append(named, struct{ id, text string }{fmt.Sprint(length), strings.Repeat("x", length)})
	}
	named = append(named, struct{ id, text string }{"cjk-40000", strings.Repeat("\u4e2d", 40000)})
	named = append(named, struct{ id, text string }{"emoji-at-chunk-end", strings.Repeat("x", 32767) + strings.Repeat(emoji, 3)})
	for _, one := range named {
		all.add("echo/"+one.id, aText, "echo", one.text)
	}
}

func (all *list) values() {
	for _, value := range values() {
		timeout := Timeout
		if value.id == "ArrayList/nested" {
			timeout = nestedTimeout
		}
		all.after("echoObject/"+value.id, func(p *peer) Outcome {
			return p.call(within(timeout), nil, anything(), "echoObject", value.value)
		})
	}
	for _, length := range []int{0, 1, 15, 16, 1024, 4093, 8192, 40000, 1 << 20} {
		all.add(fmt.Sprintf("echoBytes/%d", length), bytes, "echoBytes", counted(length))
	}
}

func (all *list) arithmetic() {
	all.add("add/normal", anInt, "add", int32(1), int32(2))
	all.add("add/negative", anInt, "add", int32(-7), int32(3))
	all.add("add/overflow", anInt, "add", int32(math.MaxInt32), int32(1))
	all.add("add/underflow", anInt, "add", int32(math.MinInt32), int32(-1))
	all.add("addLong/normal", aLong, "addLong", int64(1)<<40, int64(2))
	all.add("addLong/small", aLong, "addLong", int64(1), int64(2))
	all.add("addLong/overflow", aLong, "addLong", int64(math.MaxInt64), int64(1))
	all.add("negate/true", aTruth, "negate", true)
	all.add("negate/false", aTruth, "negate", false)
	all.add("scale/normal", aDouble, "scale", 1.5, 4.0)
	all.add("scale/inexact", aDouble, "scale", 0.1, 3.0)
	all.add("scale/negative-zero", aDouble, "scale", -1.0, 0.0)
	all.add("scale/nan", aDouble, "scale", math.NaN(), 2.0)
	all.add("scale/infinity", aDouble, "scale", math.MaxFloat64, 10.0)
	all.add("scale/zero-times-infinity", aDouble, "scale", 0.0, -inf)
}

func (all *list) users() {
	for _, id := range []string{"7", "", "\u738b\u4e94", emoji} {
		name := id
		if id == "" {
			name = "empty"
		}
		all.add("getUser/"+name, aUser, "getUser", id)
	}
	for _, n := range []int32{0, 1, 15, 1000, -1, 10001, math.MinInt32} {
		all.add(fmt.Sprintf("listUsers/%d", n), items, "listUsers", n)
	}
	all.add("saveUser/normal", aTruth, "saveUser", user("7"))
	all.add("saveUser/empty-id", aTruth, "saveUser", user(""))
	all.add("flip/man", anything, "flip", man)
	all.add("flip/woman", anything, "flip", woman)
}

func (all *list) others() {
	type m = map[interface{}]interface{}
	all.add("describe/empty", aMap, "describe", m{})
	all.add("describe/mixed", aMap, "describe", mixedMap())
	all.add("describe/has-size", aMap, "describe", m{"size": "text", "a": int32(1)})
	all.after("describe/nested-list", func(p *peer) Outcome {
		nested := []interface{}{[]interface{}{int32(1)}, []interface{}{"x"}}
		return p.call(within(nestedTimeout), nil, aMap(), "describe", m{"list": nested})
	})
	all.add("whoami", aText, "whoami")
	all.add("sleep/50", aText, "sleep", int64(50))
	all.add("sleep/0", aText, "sleep", int64(0))
	all.add("touch", anything, "touch")
	all.add("$echo/OK", anything, "$echo", "OK")
	all.add("$echo/1", anything, "$echo", int32(1))
	all.add("$echo/User", anything, "$echo", user("7"))
}

func (all *list) failures() {
	named := []struct{ id, message string }{
		{"boom", "boom"}, {"empty", ""}, {"\u51fa\u9519\u4e86", "\u51fa\u9519\u4e86"},
		{"-quoted-second-line", emoji + " \"quoted\"\nsecond line"},
	}
	for _, one := range named {
		all.add("fail/"+one.id, aText, "fail", one.message)
		all.add("crash/"+one.id, aText, "crash", one.message)
	}
	all.add("fail/long", aText, "fail", strings.Repeat("m", 40000))
	all.add("after-failure/echo", aText, "echo", "still here")
}

func (all *list) attachments() {
	type m = map[string]interface{}
	sent := func(id string, attachments m) {
		all.after("attachments/"+id, func(p *peer) Outcome {
			return p.call(demo(), attachments, aMap(), "attachments")
		})
	}
	sent("none", nil)
	sent("text", m{attachmentKey: "1", "user.b": "two"})
	sent("empty-text", m{"user.empty": ""})
	sent("cjk", m{"user.city": "\u5317\u4eac" + emoji})
	sent("camel-case", m{"userName": "n", "User-Name": "m"})
	sent("integer", m{"user.count": int32(42), "user.long": int64(1) << 40})
	sent("boolean-double", m{"user.flag": true, "user.ratio": 12.25})
	sent("list", m{"user.list": []interface{}{"a", int32(2)}})
	sent("map", m{"user.map": map[interface{}]interface{}{"k": int32(1)}})
	sent("user", m{"user.object": user("7")})
	sent("long-text", m{"user.long": strings.Repeat("v", 5000)})
	all.after("attachments/with-failure", func(p *peer) Outcome {
		return p.call(demo(), m{attachmentKey: "1"}, aText(), "fail", "with attachments")
	})
}

func (all *list) generic() {
	invoke := func(id, method string, types []string, args ...hessian.Object) {
		if args == nil {
			args = []hessian.Object{}
		}
		to := demo()
		to.Generic = true
		all.after("generic/"+id, func(p *peer) Outcome {
			return p.call(to, nil, anything(), "$invoke", method, types, args)
		})
	}
	invoke("echo", "echo", []string{"java.lang.String"}, "hello")
	invoke("add", "add", []string{"int", "int"}, int32(1), int32(2))
	invoke("getUser", "getUser", []string{"java.lang.String"}, "7")
}

func (all *list) refused() {
	all.add("refused/unknown-method", aText, "nope", "x")
	with := func(id string, change func(to *Reference)) {
		to := demo()
		change(&to)
		all.after("refused/"+id, func(p *peer) Outcome { return p.call(to, nil, aText(), "echo", "x") })
	}
	with("wrong-version", func(to *Reference) { to.Version = "9.9.9" })
	with("wrong-group", func(to *Reference) { to.Group = "nope" })
	with("unknown-path", func(to *Reference) { to.Name = "org.wubbo.demo.NoSuchService" })
	all.add("refused/then-echo", aText, "echo", "still here")
}

func (all *list) manners() {
	all.after("timeout/sleep-3000", func(p *peer) Outcome {
		return p.call(within(shortTimeout), nil, aText(), "sleep", int64(3000))
	})
	all.add("timeout/then-echo", aText, "echo", "still here")
	// When getty's deadline of the call before last has passed: see unsent.
	all.after("timeout/later-echo", func(p *peer) Outcome {
		time.Sleep(attemptPause)
		return p.call(demo(), nil, aText(), "echo", "still here")
	})
	// Last, since it costs the connection: a stub that wants a typed list is given none by any provider.
	all.after("listUsers/typed-stub", func(p *peer) Outcome {
		return p.call(within(shortTimeout), nil, new([]*User), "listUsers", int32(2))
	})
}

// concurrent gives the number of right answers to distinct texts asked for by many tasks over one connection.
func concurrent(p *peer) Outcome {
	p.caller.Prepare(demo())
	var right int32
	var running sync.WaitGroup
	for task := 0; task < tasks; task++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := 0; i < callsPerTask; i++ {
				text := fmt.Sprintf("t%d-%d", task, i)
				if got := p.call(demo(), nil, aText(), "echo", text); got.Err == nil && got.Value == text {
					atomic.AddInt32(&right, 1)
				}
			}
		}()
	}
	running.Wait()
	return Outcome{Value: right}
}
