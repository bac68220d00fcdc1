// Lab measures how well models learn from labelled mail.
//
//	go run ./examples/lab eval -corpus DIR -index FILE
//
// Each message is judged and then learned, in the order in which it was received
// and in three shuffled orders. The index names the messages: a header line, then
// label, corpus and path in DIR, separated by tabs; labels other than ham and spam
// are left out, and each corpus is a stream of its own.
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
`

// run returns the exit code: 0 done, 1 something could not be read, 2 wrong flags.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] != "eval" {
		fmt.Fprint(stderr, usage)
		return 2
	}
	return eval(args[1:], stdout, stderr)
}
