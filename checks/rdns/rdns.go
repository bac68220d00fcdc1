// Package rdns looks up the client's name by reverse DNS when the server that
// took the message gave none. A server that looked it up itself sets
// mail.Envelope.ClientName, or seeds Fact when there is no name; then no
// question is asked.
//
// The name is the first that the PTR question gives. It is not checked
// against the name's own addresses, as Rspamd 4.1.6 does not.
package rdns

import (
	"context"
	"errors"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// A Result is the outcome of looking up the client's name.
type Result struct {
	Names []string // empty: there is none
	// Failed tells that DNS failed, so that nobody knows whether there is a
	// name.
	Failed bool
}

// Fact is the fact of the look-up.
var Fact = checks.Fact[Result]{Name: "rdns"}

// Name returns the client's name: what the server knew, else the first name
// that was looked up, else "". The check must require relay.Fact and
// Fact.
func Name(t *checks.Task) string {
	if c := relay.Of(t); c.Name != "" {
		return c.Name
	}
	if r, ok := Fact.Get(t); ok && len(r.Names) > 0 {
		return r.Names[0]
	}
	return ""
}

// The symbols.
var (
	None = &symbols.Def{
		Name: "RDNS_NONE", Groups: []string{"hfilter"}, Weight: 2,
		Doc: "the client has no name by reverse DNS",
	}
	DNSFail = &symbols.Def{
		Name: "RDNS_DNSFAIL", Groups: []string{"hfilter"}, NoAnswer: true,
		Doc: "reverse DNS failed for the client",
	}
)

// maxNames bounds the names that are kept of an answer.
const maxNames = 16

// Unknown reports whether the client has no name, as far as DNS could tell: a
// look-up that failed says nothing against the client, except in Rspamd
// (checks.Task.Exact). The check must require relay.Fact and Fact.
func Unknown(t *checks.Task) bool {
	r, looked := Fact.Get(t)
	return looked && (!r.Failed || t.Exact()) && Name(t) == ""
}

// New returns the family. As Rspamd 4.1.6 it asks for the client's name when
// the server knew none, but not for local and authenticated clients.
func New() *checks.Family {
	return &checks.Family{Name: "rdns", Doc: "the client's name in DNS", Checks: []*checks.Check{{
		Name:     "rdns",
		Doc:      "the client's name by reverse DNS",
		Symbols:  []*symbols.Def{None, DNSFail},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact),
		Needs:    checks.Needs{DNS: true, Queries: 1, Phase: checks.Connect},
		Stage:    checks.Early,
		Priority: 9,
		Always:   true,
		Run:      run,
	}}}
}

func run(ctx context.Context, t *checks.Task) error {
	c := relay.Of(t)
	if c.Local || t.Authenticated() {
		return nil
	}
	r, ok := Fact.Get(t)
	var query string
	if !ok {
		if c.Name != "" || !c.IP.IsValid() {
			return nil
		}
		q := resolver.Question{Name: resolver.Reverse(c.IP), Type: resolver.TypePTR}
		if r, ok = ask(ctx, t, q); !ok {
			return nil
		}
		Fact.Set(t, r)
		query = q.String()
	}
	if r.Failed {
		raise(t, DNSFail, query)
	}
	if len(r.Names) == 0 && (!r.Failed || t.Exact()) {
		raise(t, None, query)
	}
	return nil
}

func raise(t *checks.Task, d *symbols.Def, query string) {
	h := symbols.Hit{Def: d, Factor: 1}
	if query != "" {
		h.Evidence = []symbols.Evidence{{Query: query}}
	}
	t.HitAt(h)
}

// ask looks up the client's names; it returns false if there is no DNS to ask.
func ask(ctx context.Context, t *checks.Task, q resolver.Question) (Result, bool) {
	a, err := t.Resolver().Lookup(ctx, q.Name, q.Type)
	switch {
	case errors.Is(err, resolver.ErrNoDNS):
		return Result{}, false
	case resolver.IsTemporary(err):
		return Result{Failed: true}, true
	}
	var names []string
	for _, n := range a.Hosts(resolver.TypePTR) {
		if n != "." && len(names) < maxNames {
			names = append(names, n)
		}
	}
	return Result{Names: names}, true
}
