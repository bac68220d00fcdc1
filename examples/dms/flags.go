package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/nearest"
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

// clearer adds what is wanted to an error of the package flag that does not say so.
func clearer(flags *flag.FlagSet, err error) error {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		known := map[string]bool{}
		flags.VisitAll(func(f *flag.Flag) { known[f.Name] = true })
		return fmt.Errorf("unknown flag -%s%s (%s -help lists all)", name, nearest.Hint(name, maps.Keys(known)), flags.Name())
	}
	_, rest, ok := strings.Cut(err.Error(), " for flag -")
	name, _, _ := strings.Cut(rest, ":")
	f := flags.Lookup(name)
	if !ok || f == nil {
		return err
	}
	value, _ := f.Value.(flag.Getter)
	if value == nil {
		return err // a type of our own, which says it
	}
	switch value.Get().(type) {
	case time.Duration:
		return fmt.Errorf("%w: want a time such as 90s, 5m or 1h", err)
	case *slog.Level:
		return fmt.Errorf("%w: want debug, info, warn or error", err)
	}
	return err
}

// unexpected is the error for an argument that is no flag.
func unexpected(arg string) error {
	all := commands()
	if _, ok := all[arg]; ok || arg == "serve" {
		return fmt.Errorf("unexpected argument %q: a command comes first, its flags behind it", arg)
	}
	return fmt.Errorf("unexpected argument %q%s (dms -help lists flags and commands)", arg, nearest.Hint(arg, maps.Keys(all)))
}

// parseMixed parses flags wherever they stand before a "--"; what is no flag is
// flags.Args in the end.
func parseMixed(flags *flag.FlagSet, args []string) error {
	operands := []string{"--"}
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return clearer(flags, err)
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
