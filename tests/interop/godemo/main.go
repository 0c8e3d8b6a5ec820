// Package demo is the demo contract for dubbo-go: its service, the cases of its consumers, and the command line of a peer.
package demo

import (
	"fmt"
	"os"
	"strconv"
)

const usage = "usage: <peer> provider|consumer|load|golden|bench [--flag value]..."

// Peer is a line of dubbo-go.
type Peer struct {
	// Provide serves the demo on 127.0.0.1 until standard input ends, so that it never outlives the harness; an empty registry is none.
	Provide func(port, name, registry string)
	// Caller consumes the address; an empty number of connections is dubbo-go's own.
	Caller func(url, connections string) Caller
}

// Main runs what the command line asks for, and gives the exit status.
func Main(line Peer) int {
	if len(os.Args) < 2 {
		fail(usage)
	}
	rest := os.Args[2:]
	switch os.Args[1] {
	case "provider":
		given := flags(rest, "--port", "--name", "--registry")
		line.Provide(require(given, "--port"), given["--name"], given["--registry"])
	case "consumer":
		given := flags(rest, "--url", "--cases", "--connections", "--attempts")
		return consume(line.peer(given), given)
	case "load":
		given := flags(rest, "--url", "--method", "--callers", "--connections")
		load(line.peer(given), given)
	case "golden":
		golden(flags(rest, "--out"))
	case "bench":
		bench()
	default:
		fail(usage)
	}
	return 0
}

func (line Peer) peer(given map[string]string) *peer {
	tries := given["--attempts"]
	if tries == "" {
		tries = attempts
	}
	return &peer{caller: line.Caller(require(given, "--url"), given["--connections"]), attempts: Integer(tries)}
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

// Integer reads a number; any other text ends the process with status 2.
func Integer(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil {
		fail("no number: " + text)
	}
	return number
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(2)
}
