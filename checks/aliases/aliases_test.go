package aliases

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/forwarding"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) {
	family := New(Options{
		LocalDomains: []string{"local.test", "Bücher.test"},
		Virtual: map[string]string{
			"sales@local.test":        "Office@local.test",
			"desk@xn--bcher-kva.test": "bob@bücher.test",
			"loop1@local.test":        "loop2@local.test",
			"loop2@local.test":        "loop1@local.test",
		},
		System: map[string][]string{"office": {"bob", "eve"}, "root": {"ann"}, "none": {}},
	}).Checks
	checktest.Run(t, family, checktest.With(forwarding.New().Checks...))
}

func TestWithoutTag(t *testing.T) {
	tests := []struct {
		user, domain, plain string
		tags                int
	}{
		{"ann+x+y", "example.org", "ann", 2},
		{"a.n.n", "example.org", "a.n.n", 0},
		{"a.n.n+x.y", "GMail.com", "ann", 1},
		{"a.nn", "googlemail.com", "ann", 0},
		{"+ann", "example.org", "+ann", 0},
		{"", "example.org", "", 0},
	}
	for _, tt := range tests {
		if plain, tags := newResolver(Options{}).withoutTag(tt.user, tt.domain); plain != tt.plain || len(tags) != tt.tags {
			t.Errorf("withoutTag(%q, %q) = %q, %q", tt.user, tt.domain, plain, tags)
		}
	}
}

func TestCanonical(t *testing.T) {
	r := newResolver(Options{
		Virtual: map[string]string{"A@example.org": "b@example.org", "l1@example.org": "l2@example.org", "l2@example.org": "l1@example.org"},
		System:  map[string][]string{"b": {"c"}},
	})
	for addr, want := range map[string]string{"a@EXAMPLE.org": "c@example.org", "b@example.net": "c@example.net", "l1@example.org": "l1@example.org", "z@example.org": "z@example.org"} {
		if got, _ := r.canonical(addr); got != want {
			t.Errorf("canonical(%q) = %q, want %q", addr, got, want)
		}
	}
}

// What options leave as it is.
func TestLeft(t *testing.T) {
	env := mail.Envelope{From: "ann+x@example.org", HasFrom: true, Rcpts: []string{"b.o.b+y@gmail.com"}}
	raw := []byte("From: Ann <ann+x@example.org>\r\nTo: b.o.b+y@gmail.com\r\n\r\nx\r\n")
	for name, tt := range map[string]struct {
		o                               Options
		sender, from, rcpt, to, symbols string
	}{
		"nothing":  {Options{}, "ann@example.org", "ann@example.org", "bob@gmail.com", "bob@gmail.com", "TAGGED_FROM TAGGED_RCPT ALIAS_RESOLVED"},
		"tags":     {Options{NoTags: true}, "ann+x@example.org", "ann+x@example.org", "bob+y@gmail.com", "bob+y@gmail.com", "ALIAS_RESOLVED"},
		"gmail":    {Options{NoGmail: true}, "ann@example.org", "ann@example.org", "b.o.b@gmail.com", "b.o.b@gmail.com", "TAGGED_FROM TAGGED_RCPT ALIAS_RESOLVED"},
		"header":   {Options{NoHeader: true}, "ann@example.org", "ann+x@example.org", "bob@gmail.com", "b.o.b+y@gmail.com", "TAGGED_FROM TAGGED_RCPT ALIAS_RESOLVED"},
		"envelope": {Options{NoEnvelope: true}, "ann+x@example.org", "ann@example.org", "b.o.b+y@gmail.com", "bob@gmail.com", "TAGGED_FROM TAGGED_RCPT ALIAS_RESOLVED"},
	} {
		var got []string
		look := &checks.Check{Name: "look", Doc: "looks", Requires: checks.Facts(Fact), Run: func(_ context.Context, task *checks.Task) error {
			got = []string{EnvelopeFrom(task).Addr, From(task)[0].Addr, EnvelopeRcpts(task)[0].Addr, Recipients(task)[0].Addr}
			return nil
		}}
		state := &checks.State{Message: mail.Parse(raw, env, mail.Limits{})}
		all := append(checks.Flatten(forwarding.New(), relay.New(relay.Options{}), New(tt.o)), look)
		plan, err := checks.NewPlan(nil, all...)
		if err != nil {
			t.Fatal(err)
		}
		var symbols []string
		for _, c := range all {
			out, err := state.Run(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			state.Publish(plan, out)
			for _, h := range out.Hits {
				if h.Def.Name != "LOCAL_OUTBOUND" {
					symbols = append(symbols, h.Def.Name)
				}
			}
		}
		if !slices.Equal(got, []string{tt.sender, tt.from, tt.rcpt, tt.to}) || strings.Join(symbols, " ") != tt.symbols {
			t.Errorf("%s: %q, %q", name, got, symbols)
		}
	}
}
