// Package spf raises what the Sender Policy Framework (RFC 7208) says about
// the client and the envelope sender. So far the result is the host's: a
// server that evaluates SPF itself seeds Evaluated, without it nothing is
// raised.
package spf

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// A Result is the outcome of an evaluation, for one identity.
type Result struct {
	// Code is the RFC 7208 section 2.6 result: "none", "neutral", "pass",
	// "fail", "softfail", "temperror" or "permerror".
	Code string
	// Domain is the domain that was evaluated, of MAIL FROM or HELO.
	Domain string
	// Mechanism is what decided, with its qualifier: "+ip4:192.0.2.0/24",
	// "-all"; or the error.
	Mechanism string
}

// Evaluated is the fact of the evaluation.
var Evaluated = checks.Fact[Result]{Name: "spf"}

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "spf"}, Weight: weight, Doc: doc}
}

// The symbols.
var (
	Allow    = def("R_SPF_ALLOW", -0.2, "SPF: the client may send for the sender's domain")
	Fail     = def("R_SPF_FAIL", 1, "SPF: the client may not send for the sender's domain")
	SoftFail = def("R_SPF_SOFTFAIL", 0, "SPF: the client should probably not send for the sender's domain")
	Neutral  = def("R_SPF_NEUTRAL", 0, "SPF: the sender's domain says neither yes nor no about the client")
	DNSFail  = def("R_SPF_DNSFAIL", 0, "SPF: DNS failed, another time may tell")
	PermFail = def("R_SPF_PERMFAIL", 0, "SPF: the record of the sender's domain is wrong")
	NA       = &symbols.Def{
		Name: "R_SPF_NA", Groups: []string{"policies", "spf"}, OneShot: true,
		Doc: "SPF: the sender's domain has no record",
	}
)

// Checks returns the family's check.
func Checks() []*checks.Check {
	return []*checks.Check{{
		Name:     "spf",
		Doc:      "the SPF result of the envelope sender",
		Symbols:  []*symbols.Def{Allow, Fail, SoftFail, Neutral, DNSFail, PermFail, NA},
		Provides: []checks.AnyFact{Evaluated},
		Needs:    checks.Needs{Phase: checks.MailFrom},
		Run: func(_ context.Context, t *checks.Task) error {
			res, ok := Evaluated.Get(t)
			if !ok {
				return nil
			}
			if d := byCode(res.Code); d != nil {
				t.Hit(d, options(res)...)
			}
			return nil
		},
	}}
}

func options(r Result) []string {
	if r.Mechanism == "" {
		return nil
	}
	return []string{r.Mechanism}
}

func byCode(code string) *symbols.Def {
	switch code {
	case "pass":
		return Allow
	case "fail":
		return Fail
	case "softfail":
		return SoftFail
	case "neutral":
		return Neutral
	case "temperror":
		return DNSFail
	case "permerror":
		return PermFail
	case "none":
		return NA
	}
	return nil
}
