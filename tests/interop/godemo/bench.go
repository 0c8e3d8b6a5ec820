package demo

import (
	"fmt"
	"strconv"
	"time"

	hessian "github.com/apache/dubbo-go-hessian2"
)

const (
	rounds    = 9
	roundTime = 150 * time.Millisecond
)

// bench times dubbo-go-hessian2 on the contract's User and on a list of 15 of them: operation and nanoseconds, separated
// by a tab, one line each. Of several rounds the best counts, as that is the one which was disturbed least.
func bench() {
	users := make([]*User, 15)
	for i := range users {
		users[i] = user(strconv.Itoa(i))
	}
	measure("User", user("7"))
	measure("15 Users", users)
}

func measure(name string, subject interface{}) {
	bytes := encode(subject)
	timed("encode "+name, func() { encode(subject) })
	timed("decode "+name, func() {
		if _, err := hessian.NewDecoder(bytes).Decode(); err != nil {
			fail(err.Error())
		}
	})
}

func encode(subject interface{}) []byte {
	encoder := hessian.NewEncoder()
	if err := encoder.Encode(subject); err != nil {
		fail(err.Error())
	}
	return encoder.Buffer()
}

func timed(name string, operation func()) {
	best := 0.0
	for round := 0; round < rounds; round++ {
		took := timedRound(operation)
		if round == 0 || took < best {
			best = took
		}
	}
	fmt.Printf("%s\t%.0f\n", name, best)
}

func timedRound(operation func()) float64 {
	start := time.Now()
	for count := 100; ; count += 100 {
		for i := 0; i < 100; i++ {
			operation()
		}
		if took := time.Since(start); took >= roundTime {
			return float64(took.Nanoseconds()) / float64(count)
		}
	}
}
