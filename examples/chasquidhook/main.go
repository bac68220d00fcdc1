// Chasquidhook is a post-data hook for chasquid: it scans the mail on its
// standard input and prints the header fields to put on top. Its exit code is
// 20 for mail to refuse for good and 75 for mail to put off; the last line that
// it prints is the reply then.
//
//	go build -o /etc/chasquid/hooks/post-data ./examples/chasquidhook
//
// chasquid can only add fields, so the hook rewrites no subject, and a field
// that the mail has stays below what the hook adds. Every mail costs a start of
// the program, some 20 ms; a busy server asks examples/dms instead.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/mail"
)

// Exit codes that chasquid knows; every one but these is temporary, too.
const (
	accepted  = 0
	permanent = 20
	temporary = 75
)

func main() {
	text, code := run(context.Background(), os.Getenv, os.Stdin)
	os.Stdout.WriteString(text)
	os.Exit(code)
}

// run returns what to print and the exit code.
func run(ctx context.Context, getenv func(string) string, stdin io.Reader) (string, int) {
	o := winnow.Options{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.RewriteSubject: math.NaN()}}}
	scanner, err := winnow.New(o)
	if err != nil {
		return failed(err)
	}
	defer scanner.Close(ctx)
	res, err := scanner.Scan(ctx, &winnow.Message{Envelope: envelope(getenv), Body: winnow.FromReader(stdin)}, known(getenv)...)
	if err != nil {
		return failed(err)
	}
	switch r := res.Reply; {
	case r.Code >= 500:
		return fmt.Sprintf("%s %s\n", r.Enhanced, r.Text), permanent
	case r.Code != 0:
		return fmt.Sprintf("%s %s\n", r.Enhanced, r.Text), temporary
	case res.Action == actions.Discard: // the hook can't make mail vanish
		return "5.7.1 Message refused\n", permanent
	}
	fields, err := winnow.Apply([]byte("\n"), res.Edits) // an empty message, with lines as chasquid's
	if err != nil {
		return failed(err)
	}
	return strings.TrimSuffix(string(fields), "\n"), accepted
}

// failed is the answer when the filter is to blame and not the mail.
func failed(err error) (string, int) {
	fmt.Fprintf(os.Stderr, "chasquidhook: %v\n", err)
	return "4.3.0 Content filter failed\n", temporary
}

// remote is the client's address as chasquid writes it.
type remote string

func (remote) Network() string  { return "tcp" }
func (r remote) String() string { return string(r) }

func envelope(getenv func(string) string) mail.Envelope {
	env := mail.Envelope{
		ClientIP: mail.AddrOf(remote(getenv("REMOTE_ADDR"))),
		Helo:     cmp.Or(getenv("EHLO_DOMAIN_RAW"), getenv("EHLO_DOMAIN")),
		From:     strings.Trim(getenv("MAIL_FROM"), "<>"), HasFrom: true,
		Rcpts: strings.Fields(getenv("RCPT_TO")),
		User:  getenv("AUTH_AS"),
	}
	if getenv("ON_TLS") == "1" {
		env.TLS.Version = "TLS" // chasquid does not say which
	}
	return env
}

// known are the facts that chasquid found: of SPF it only tells a pass.
func known(getenv func(string) string) []checks.Seeded {
	if getenv("SPF_PASS") != "1" {
		return nil
	}
	_, domain, _ := strings.Cut(strings.Trim(getenv("MAIL_FROM"), "<>"), "@")
	return []checks.Seeded{checks.Seed(spf.Fact, spf.Result{Status: spf.StatusPass, Domain: domain})}
}
