package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/winnowmail/winnow/internal/passhash"
)

const pwUsage = `usage: dms pw [-e] [-p PASSWORD]
       dms pw -c HASH [-q] [-p PASSWORD]

Prints the hash of a password for Rspamd's controller, in the form $1$SALT$KEY
(PBKDF2), or checks one: exit code 0 says that the password is right, 1 that it
is not. Without -p the password is the first line of the standard input; a
terminal shows it.

`

// pw is the subcommand; it returns the exit code.
func pw(_ context.Context, args []string, stdout, stderr io.Writer) int {
	return pwFrom(os.Stdin, args, stdout, stderr)
}

func pwFrom(stdin io.Reader, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dms pw", flag.ContinueOnError)
	hash := flags.String("c", "", "check the `hash` instead of making one")
	encrypt := flags.Bool("e", false, "make a hash, as without -c")
	quiet := flags.Bool("q", false, "with -c, tell by the exit code alone")
	password := flags.String("p", "", "the `password`; other users of the machine may see it")
	if code, done := parseFlags(flags, args, pwUsage, stdout, stderr); done {
		return code
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "dms pw: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if *encrypt && *hash != "" {
		fmt.Fprintln(stderr, "dms pw: -e makes a hash and -c checks one")
		return 2
	}
	var err error
	if *password == "" {
		*password, err = firstLine(stdin)
	}
	ok := true
	switch {
	case err != nil:
	case *hash == "":
		fmt.Fprintln(stdout, passhash.Hash(*password))
	default:
		ok, err = passhash.Check(*hash, *password)
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms pw: %v\n", err)
		return 1
	}
	if *hash != "" && !*quiet {
		fmt.Fprintln(stdout, map[bool]string{true: "password correct", false: "password incorrect"}[ok])
	}
	if !ok {
		return 1
	}
	return 0
}

// firstLine is the first line of r, which can't be empty.
func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 1<<12)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("there is no password")
	}
	return line, nil
}
