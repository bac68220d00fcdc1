package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
)

// rspamdUsage are the options of Rspamd's main process that a dms by its name
// takes.
const rspamdUsage = "usage: rspamd [-f] [-c FILE] [-u USER] [-g GROUP], as docker-mailserver calls it"

// called is the program under the name that it was called by.
func called(ctx context.Context, name string, args []string, stdout, stderr io.Writer) int {
	if name != "rspamd" {
		return run(ctx, args, stdout, stderr)
	}
	own, err := asRspamd(args)
	if err != nil {
		fmt.Fprintf(stderr, "rspamd (winnow): %v\n", err)
		return 2
	}
	return run(ctx, own, stdout, stderr)
}

// asRspamd turns the command line of Rspamd's main process into the daemon's: a
// dms that lies where a supervisor starts Rspamd serves the same files. Where
// the tree says something else than this daemon can do, it says so itself.
func asRspamd(args []string) ([]string, error) {
	var file, user, group string
	var foreground, insecure bool
	flags := flag.NewFlagSet("rspamd", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, name := range []string{"f", "no-fork"} {
		flags.BoolVar(&foreground, name, false, "stay in the foreground")
	}
	for _, name := range []string{"i", "insecure"} {
		flags.BoolVar(&insecure, name, false, "run as root")
	}
	for _, name := range []string{"c", "config"} {
		flags.StringVar(&file, name, "/etc/rspamd/rspamd.conf", "rspamd.conf")
	}
	for _, name := range []string{"u", "user"} {
		flags.StringVar(&user, name, "", "user to run as")
	}
	for _, name := range []string{"g", "group"} {
		flags.StringVar(&group, name, "", "group to run as")
	}
	err := flags.Parse(args)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w\n%s", err, rspamdUsage)
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q\n%s", flags.Arg(0), rspamdUsage)
	case !foreground:
		return nil, errors.New("it does not fork: call it with -f")
	case filepath.Base(file) != "rspamd.conf":
		return nil, fmt.Errorf("-c %s: the file of a configuration is its rspamd.conf", file)
	case user != "" && insecure:
		return nil, errors.New("-u and -i contradict each other")
	}
	out := []string{"-config", filepath.Dir(file)}
	if group != "" && user != "" {
		user += ":" + group
	}
	if user != "" {
		out = append(out, "-user", user)
	} else if group != "" {
		return nil, errors.New("-g needs -u")
	}
	return out, nil
}
