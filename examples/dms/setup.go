package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"

	"github.com/winnowmail/winnow/config/dms"
)

const setupUsage = `usage: dms setup [-json]

Reads docker-mailserver's environment variables and says what they come to:
warnings, what the daemon does with -env, and what belongs into the
configuration of Postfix and Dovecot.
`

//go:embed setup.txt
var setupText string

// setup is "dms setup"; it returns the exit code.
func setup(_ context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dms setup", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the settings as JSON")
	if code, done := parseFlags(flags, args, setupUsage, stdout, stderr); done {
		return code
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "dms setup: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	var err error
	s := dms.Read(os.LookupEnv, os.ReadFile)
	if *asJSON {
		out := json.NewEncoder(stdout)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		err = out.Encode(s)
	} else {
		for _, w := range s.Warnings {
			fmt.Fprintf(stderr, "dms setup: warning: %s\n", w)
		}
		t := template.Must(template.New("setup").Funcs(template.FuncMap{"sieve": sieveString}).Parse(setupText))
		err = t.Execute(stdout, s)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms setup: %v\n", err)
		return 1
	}
	return 0
}

// sieveString makes a text fit between Sieve's quotes (RFC 5228 section 2.4.2).
func sieveString(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", " ").Replace(s)
}
