// Package rdns raises what reverse DNS says about the client. So far the
// result is the host's: a server that looks the client's name up itself
// seeds LookedUp (and sets mail.Envelope.ClientName), without it nothing is
// raised.
package rdns

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/symbols"
)

// A Result is the outcome of looking up the client's name.
type Result struct {
	Names []string // empty: there is none
	// Failed tells that DNS failed, so that nobody knows.
	Failed bool
}

// LookedUp is the fact of the look-up.
var LookedUp = checks.Fact[Result]{Name: "rdns"}

// Name returns the client's name: what the server knew, else the first name
// that was looked up, else "". The check must require relay.Relayed and
// LookedUp.
func Name(t *checks.Task) string {
	if c := relay.Of(t); c.Name != "" {
		return c.Name
	}
	if r, ok := LookedUp.Get(t); ok && len(r.Names) > 0 {
		return r.Names[0]
	}
	return ""
}

// The symbols.
var (
	None = &symbols.Def{
		Name: "RDNS_NONE", Groups: []string{"hfilter"}, Weight: 2,
		Doc: "the client has no name by reverse DNS, or none could be had",
	}
	DNSFail = &symbols.Def{
		Name: "RDNS_DNSFAIL", Groups: []string{"hfilter"},
		Doc: "reverse DNS failed for the client",
	}
)

// Checks returns the family's check. As Rspamd 4.1.6 it says nothing about
// local and authenticated clients.
func Checks() []*checks.Check {
	return []*checks.Check{{
		Name:     "rdns",
		Doc:      "the client's name by reverse DNS",
		Symbols:  []*symbols.Def{None, DNSFail},
		Provides: []checks.AnyFact{LookedUp},
		Needs:    checks.Needs{Phase: checks.Connect},
		Stage:    checks.Early,
		Priority: 9,
		Run: func(_ context.Context, t *checks.Task) error {
			r, ok := LookedUp.Get(t)
			if !ok || t.Local() || t.Authenticated() {
				return nil
			}
			if r.Failed {
				t.Hit(DNSFail)
			}
			if r.Failed || len(r.Names) == 0 {
				t.Hit(None)
			}
			return nil
		},
	}}
}
