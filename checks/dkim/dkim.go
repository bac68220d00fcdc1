// Package dkim raises what the DKIM signatures (RFC 6376) of a message are
// worth. So far the results are the host's: a server that verifies DKIM
// itself seeds Verified, without it nothing is raised.
package dkim

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// A Signature is the outcome of verifying one signature.
type Signature struct {
	Domain, Selector string
	// Code is the RFC 8601 section 2.7.1 result: "pass", "fail", "policy",
	// "neutral", "temperror" or "permerror".
	Code string
	// Reason says why the signature is not good, for people.
	Reason string `json:",omitempty"`
	// Identity is i=, the agent or user the signature speaks for ("" means
	// "@" and Domain), Algorithm a=, Value the first characters of b=, enough
	// to tell signatures apart (RFC 6008).
	Identity, Algorithm, Value string `json:",omitempty"`
	// Partial tells that l= leaves the end of the body unsigned; Unsigned is
	// how many canonical bytes.
	Partial  bool  `json:",omitempty"`
	Unsigned int64 `json:",omitempty"`
	// Testing tells that the key says t=y: the domain only tries DKIM.
	Testing bool `json:",omitempty"`
	// Ignored tells that Rspamd would have passed over the signature without
	// a symbol: it can't be read, has expired, or is from the future.
	Ignored bool `json:",omitempty"`
}

// Verified is the fact of the verification: all signatures that were looked
// at, in the order of the headers, empty if there is none.
var Verified = checks.Fact[[]Signature]{Name: "dkim"}

func def(name string, weight float64, oneShot bool, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "dkim"}, Weight: weight, OneShot: oneShot, Doc: doc}
}

// The symbols.
var (
	Allow    = def("R_DKIM_ALLOW", -0.2, true, "a DKIM signature is good")
	Reject   = def("R_DKIM_REJECT", 1, true, "a DKIM signature does not fit the message")
	TempFail = def("R_DKIM_TEMPFAIL", 0, false, "the key of a DKIM signature could not be had for now")
	PermFail = def("R_DKIM_PERMFAIL", 0, false, "the key of a DKIM signature is missing, revoked or wrong")
	NA       = def("R_DKIM_NA", 0, true, "there is no DKIM signature")
	Trace    = def("DKIM_TRACE", 0, false, "the domains of the DKIM signatures: + good, - bad, ~ key is wrong, ? key could not be had")
)

// Checks returns the family's check.
func Checks() []*checks.Check {
	return []*checks.Check{{
		Name:     "dkim",
		Doc:      "the results of the DKIM signatures",
		Symbols:  []*symbols.Def{Allow, Reject, TempFail, PermFail, NA, Trace},
		Provides: []checks.AnyFact{Verified},
		Run:      run,
	}}
}

func run(_ context.Context, t *checks.Task) error {
	sigs, ok := Verified.Get(t)
	if !ok {
		return nil
	}
	if len(sigs) == 0 {
		t.Hit(NA)
		return nil
	}
	for _, s := range sigs {
		d, mark := Reject, "-"
		switch s.Code {
		case "pass":
			d, mark = Allow, "+"
		case "temperror":
			d, mark = TempFail, "?"
		case "permerror", "policy", "neutral":
			d, mark = PermFail, "~"
		}
		t.Hit(d, s.Domain+":s="+s.Selector)
		t.Hit(Trace, s.Domain+":"+mark)
	}
	return nil
}
