package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// parseFlags parses the flags of a subcommand, which may stand among and behind its
// arguments; done says that its work is done with the exit code.
func parseFlags(flags *flag.FlagSet, args []string, usage string, stdout, stderr io.Writer) (code int, done bool) {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	err := parseMixed(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0, true
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", flags.Name(), err)
		return 2, true
	}
	return 0, false
}

// parseMixed parses flags wherever they stand before a "--"; what is no flag is
// flags.Args in the end.
func parseMixed(flags *flag.FlagSet, args []string) error {
	operands := []string{"--"}
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return err
		}
		rest := flags.Args()
		if read := len(args) - len(rest); read > 0 && args[read-1] == "--" {
			operands = append(operands, rest...)
			break
		}
		if args = rest; len(args) > 0 {
			operands, args = append(operands, args[0]), args[1:]
		}
	}
	return flags.Parse(operands)
}
