// Package dmarc raises what DMARC (RFC 7489, RFC 9989) says about the domain
// in From. So far the result is the host's: a server that evaluates DMARC
// itself seeds Evaluated, without it nothing is raised.
package dmarc

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// A Result is the outcome of an evaluation.
type Result struct {
	// Code is the RFC 7489 section 11.2 result: "none" (no record), "pass",
	// "fail", "temperror" or "permerror".
	Code   string
	Domain string // where the record was found, or the domain in From
	Policy string // of a fail, after sampling: "none", "quarantine", "reject"
	Reason string // of a fail or an error, for people
}

// Evaluated is the fact of the evaluation.
var Evaluated = checks.Fact[Result]{Name: "dmarc"}

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "dmarc"}, Weight: weight, Doc: doc}
}

// The symbols.
var (
	Allow      = def("DMARC_POLICY_ALLOW", -0.5, "DMARC: SPF or DKIM passes for the domain in From")
	Reject     = def("DMARC_POLICY_REJECT", 2, "DMARC: nothing passes, and the domain in From asks to reject")
	Quarantine = def("DMARC_POLICY_QUARANTINE", 1.5, "DMARC: nothing passes, and the domain in From asks for quarantine")
	SoftFail   = def("DMARC_POLICY_SOFTFAIL", 0.1, "DMARC: nothing passes, and the domain in From asks for nothing")
	DNSFail    = def("DMARC_DNSFAIL", 0, "DMARC: DNS failed, another time may tell")
	BadPolicy  = def("DMARC_BAD_POLICY", 0, "DMARC: the record of the domain in From is wrong")
	NA         = def("DMARC_NA", 0, "DMARC: the domain in From has no record")
)

// Checks returns the family's check.
func Checks() []*checks.Check {
	return []*checks.Check{{
		Name:     "dmarc",
		Doc:      "the DMARC result of the domain in From",
		Symbols:  []*symbols.Def{Allow, Reject, Quarantine, SoftFail, DNSFail, BadPolicy, NA},
		Provides: []checks.AnyFact{Evaluated},
		Run:      run,
	}}
}

func run(_ context.Context, t *checks.Task) error {
	r, ok := Evaluated.Get(t)
	if !ok {
		return nil
	}
	switch r.Code {
	case "pass":
		t.Hit(Allow, r.Domain, r.Policy)
	case "fail":
		d := SoftFail
		switch r.Policy {
		case "reject":
			d = Reject
		case "quarantine":
			d = Quarantine
		}
		t.Hit(d, r.Domain+" : "+r.Reason, r.Policy)
	case "temperror":
		t.Hit(DNSFail, r.Domain+" : "+r.Reason)
	case "permerror":
		t.Hit(BadPolicy, r.Domain+" : "+r.Reason)
	case "none":
		t.Hit(NA, r.Domain)
	}
	return nil
}
