package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config/scanner"
)

// tested reads a configuration as the daemon does, and begins with it for a moment.
// What its checks have to say of lists, keys and files is logged to log.
// state is the store that the daemon has besides, "" for none.
func tested(tree *treeFlags, state string, log *slog.Logger) (*scanner.Setup, error) {
	c := config{profile: "rspamd", state: state, files: filesFlags{tree: *tree}}
	setup, err := c.files.read(&c)
	if err != nil {
		return nil, err
	}
	c.files.setup = setup
	o := winnow.Options{Profile: setup.Options.Profile}
	c.neural.on = setup.Daemon.Neural != nil
	if err := c.files.lay(&o, setup.Families, c.learned(cmp.Or(state, setup.Daemon.State) != "")); err != nil {
		return nil, err
	}
	families := slices.DeleteFunc(c.files.withRules(standard.Families(setup.Families)), func(f *checks.Family) bool {
		return f.Name == "spamassassin" // its problems are told more briefly
	})
	s, err := winnow.New(winnow.Options{Profile: o.Profile, Families: families, Log: log})
	if err != nil {
		return nil, err
	}
	return setup, s.Close(context.Background())
}

// configtest reads a configuration and says whether it can be used.
func configtest(_ context.Context, args []string, stdout, stderr io.Writer) int {
	var tree treeFlags
	flags := flag.NewFlagSet("dms configtest", flag.ContinueOnError)
	tree.register(flags, "/etc/rspamd", "")
	quiet := flags.Bool("q", false, "print errors and warnings only")
	state := flags.String("state", "", "the `URL` of the store that the daemon is given besides, which is not opened: modules have it then")
	rules := flags.Bool("rules", false, "list the lines of rule files that have no effect, with the reason")
	var strict bool
	for _, name := range []string{"strict", "s"} {
		flags.BoolVar(&strict, name, false, "warnings make the test fail")
	}
	const usage = "usage: dms configtest [flags]\n\nReads the configuration below a directory like /etc/rspamd: exit code 0 says that it can be read, 1 that it can't.\n\n"
	if code, done := parseFlags(flags, args, usage, stdout, stderr); done {
		return code
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "dms configtest: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	log := &complaints{w: stderr}
	setup, err := tested(&tree, *state, slog.New(log))
	if err != nil {
		fmt.Fprintf(stderr, "dms configtest: %v\n", err)
		fmt.Fprintln(stderr, "syntax BAD")
		return 1
	}
	warn(stderr, setup.Warnings)
	if len(setup.Storeless) > 0 {
		fmt.Fprintln(stderr, storeless(setup.Storeless))
	}
	tellProblems(stderr, problemsOf(setup.Families), *rules)
	if strict && (len(setup.Warnings) > 0 || log.some) {
		fmt.Fprintln(stderr, "syntax OK, but there are warnings")
		return 1
	}
	if !*quiet {
		fmt.Fprintln(stdout, "syntax OK")
	}
	return 0
}

// complaints writes warnings of a log as those of files are written.
type complaints struct {
	w    io.Writer
	some bool
}

// Enabled implements slog.Handler.
func (c *complaints) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

// WithAttrs and WithGroup implement slog.Handler.
func (c *complaints) WithAttrs([]slog.Attr) slog.Handler { return c }
func (c *complaints) WithGroup(string) slog.Handler      { return c }

// Handle implements slog.Handler.
func (c *complaints) Handle(_ context.Context, r slog.Record) error {
	c.some = true
	text := "warning: " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf("; %s: %v", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(c.w, text)
	return err
}
