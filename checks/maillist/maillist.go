// Package maillist recognizes messages that a mailing list sent: first by how
// many of the usual list fields there are (RFC 2369, RFC 2919), then by the
// software that writes them.
package maillist

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var maillist = &symbols.Def{
	Name: "MAILLIST", Groups: []string{"headers"}, Weight: -0.2,
	Doc: "a mailing list sent the message; the option names its software",
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "maillist", Doc: "mailing lists", Checks: []*checks.Check{{
		Name:    "maillist",
		Doc:     "mailing list fields and the software that wrote them",
		Symbols: []*symbols.Def{maillist},
		Run:     run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	points := likeness(h)
	if points < 1 {
		return nil
	}
	// Generic lists reach the factor 1 of known software with 2 points.
	software, factor := "generic", 0.5*min(points, 2)
	for _, s := range known {
		if s.wrote(h) {
			software, factor = s.name, 1
			break
		}
	}
	f := h.Get("list-id")
	t.HitAt(symbols.Hit{Def: maillist, Factor: factor, Options: []string{software}, Evidence: checks.Field(f)})
	return nil
}

// likeness adds up the points of the list fields; a message with 1 or more
// comes from a list.
func likeness(h *mail.Header) float64 {
	points := 0.0
	if h.Has("list-id") {
		points += 0.75
	}
	for _, name := range [...]string{"list-archive", "list-owner", "list-help", "list-post", "x-loop"} {
		if h.Has(name) {
			points += 0.125
		}
	}
	in, out := h.Has("list-subscribe"), h.Has("list-unsubscribe")
	if in {
		points += 0.125
	}
	if out {
		points += 0.125
	}
	if in && out {
		points += 0.25
	}
	if p := h.Text("precedence"); p == "list" || p == "bulk" {
		points += 0.25
	}
	return points
}

var known = [...]struct {
	name  string
	wrote func(*mail.Header) bool
}{
	{"ezmlm", ezmlm},
	{"mailman", mailman},
	{"googlegroups", func(h *mail.Header) bool { return h.Has("x-google-loop") || h.Has("x-google-group-id") }},
	{"cgp", func(h *mail.Header) bool { return strings.HasPrefix(h.Text("x-listserver"), "CommuniGate Pro LIST") }},
}

const mailto = "<mailto:"

// ezmlm signs Mailing-List and writes a full set of mailto links.
func ezmlm(h *mail.Header) bool {
	return strings.HasSuffix(h.Text("mailing-list"), "ezmlm") && h.Text("precedence") == "bulk" &&
		strings.HasPrefix(h.Text("list-post"), mailto) && strings.HasPrefix(h.Text("list-help"), mailto) &&
		command(h.Text("list-subscribe"), "-subscribe@") && command(h.Text("list-unsubscribe"), "-unsubscribe@")
}

// command reports whether a mailto link to a command address of a list, its
// name of letters, dots and dashes, is in s.
func command(s, suffix string) bool {
	plain := func(c byte) bool { return ascii.IsLetter(c) || c == '.' || c == '-' }
	for {
		_, after, ok := strings.Cut(s, mailto)
		if !ok {
			return false
		}
		n := ascii.Span(after, plain)
		if n < len(after) && after[n] == '@' {
			if list, ok := strings.CutSuffix(after[:n+1], suffix); ok && list != "" {
				return true
			}
		}
		s = after
	}
}

// mailman knows the versions 2 and 3.
func mailman(h *mail.Header) bool {
	version := h.Text("x-mailman-version")
	if p := h.Text("precedence"); p != "bulk" && p != "list" || !h.Has("list-id") {
		return false
	}
	switch {
	case strings.HasPrefix(version, "2."):
		if !h.Has("x-beenthere") {
			return false
		}
		if h.Text("x-list-administrivia") == "yes" {
			return true
		}
	case strings.HasPrefix(version, "3."):
		if h.Has("list-administrivia") {
			return true
		}
	default:
		return false
	}
	for _, name := range [...]string{"list-help", "list-subscribe", "list-unsubscribe"} {
		if !strings.Contains(h.Text(name), mailto) {
			return false
		}
	}
	return true
}
