// Lab measures how well models learn from labelled mail.
//
//	go run ./examples/lab eval -corpus DIR -index FILE
//	go run ./examples/lab eval -corpus DIR -index FILE -baseline rspamd,bogofilter -json
//	go run ./examples/lab prior -corpus DIR -index FILE -o FILE
//	go run ./examples/lab beside -corpus DIR -index FILE -rspamd URL -redis URL
//
// Eval measures. Each message is judged and then learned, in the order in which it was received
// and in three shuffled orders. The index names the messages: a header line of label, corpus and
// path, then these for each message, separated by tabs. Paths start from DIR; labels other than
// ham and spam are left out, and each corpus is a stream of its own.
//
// With -model the other models are measured: osb and osb34, which are Rspamd's
// statistics of 4.1.6 and 3.4, and naive. They judge from the first lesson of each
// class on. With -baseline so are bogofilter and rspamd themselves, where they are
// installed. Flags choose which messages are learned, how late and with how many
// wrong labels, and whether several users, an attack or years of drift are
// measured: lab eval -help explains them. docs/learning.md has figures.
//
// Prior makes a table of what is known before the first lesson.
//
// Beside makes a running Rspamd 3.4 learn, and compares its tokens and verdicts with
// those of osb34 on the same Redis.
//
// Only what the sender wrote is read: fields that the receiving side adds would
// tell the label.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `usage: lab eval -corpus DIR -index FILE [flags]
       lab prior -corpus DIR -index FILE -o FILE [flags]
       lab beside -corpus DIR -index FILE -rspamd URL -redis URL [flags]
lab COMMAND -help explains the flags.
`

// command returns the exit code: 0 done, 1 something could not be read, 2 wrong flags.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "eval":
		return eval(ctx, args, stdout, stderr)
	case "prior":
		return prior(ctx, args, stdout, stderr)
	case "beside":
		return beside(ctx, args, stdout, stderr)
	}
	fmt.Fprint(stderr, usage)
	return 2
}
