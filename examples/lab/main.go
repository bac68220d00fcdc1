// Lab measures how well models learn from labelled mail.
//
//	go run ./examples/lab eval -corpus DIR -index FILE
//	go run ./examples/lab prior -corpus DIR -index FILE -o FILE
//
// Eval measures. Each message is judged and then learned, in the order in which it was received
// and in three shuffled orders. The index names the messages: a header line, then
// label, corpus and path in DIR, separated by tabs; labels other than ham and spam
// are left out, and each corpus is a stream of its own.
//
// Prior makes a table of what is known before the first lesson.
//
// With -model the other models are measured: osb and osb34, which are Rspamd's
// statistics of 4.1.6 and 3.4, and naive. They judge from the first lesson of each
// class on.
//
// Only what the sender wrote is read: fields that the receiving side adds would
// tell the label.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `usage: lab eval -corpus DIR -index FILE [flags]
       lab prior -corpus DIR -index FILE -o FILE [flags]
`

// run returns the exit code: 0 done, 1 something could not be read, 2 wrong flags.
func run(args []string, stdout, stderr io.Writer) int {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "eval":
		return eval(args, stdout, stderr)
	case "prior":
		return prior(args, stdout, stderr)
	}
	fmt.Fprint(stderr, usage)
	return 2
}
