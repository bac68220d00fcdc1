// Package received judges the trace of a message: how many servers it passed,
// with or without TLS, and trace headers that no server writes.
package received

import (
	"context"
	"strconv"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	countZero   = def("RCVD_COUNT_ZERO", 0, "no readable Received header")
	countOne    = def("RCVD_COUNT_ONE", 0, "one Received header")
	countTwo    = def("RCVD_COUNT_TWO", 0, "two Received headers")
	countThree  = def("RCVD_COUNT_THREE", 0, "3 or 4 Received headers")
	countFive   = def("RCVD_COUNT_FIVE", 0, "5 or 6 Received headers")
	countSeven  = def("RCVD_COUNT_SEVEN", 0, "7 to 11 Received headers")
	countTwelve = def("RCVD_COUNT_TWELVE", 0, "12 or more Received headers")

	tlsAll   = def("RCVD_TLS_ALL", 0, "every hop used TLS")
	tlsLast  = def("RCVD_TLS_LAST", 0, "the last hop used TLS")
	noTLS    = def("RCVD_NO_TLS_LAST", 0.1, "the last hop did not use TLS")
	smtpAuth = def("RCVD_VIA_SMTP_AUTH", 0, "a server on the way took the message from a user who logged in")
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"headers"}, Weight: weight, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "received", Doc: "trace headers and the servers on the way", Checks: []*checks.Check{
		{
			Name: "received",
			Doc:  "number of servers on the way, and TLS",
			Symbols: []*symbols.Def{
				countZero, countOne, countTwo, countThree, countFive, countSeven, countTwelve,
				tlsAll, tlsLast, noTLS, smtpAuth,
			},
			Run: runChain,
		},
		{
			Name:     "forged-received",
			Doc:      "trace headers that no server writes",
			Symbols:  forgedSymbols(),
			Requires: checks.Facts(relay.Fact),
			Run:      runForged,
		},
	}}
}

func runChain(_ context.Context, t *checks.Task) error {
	hops := t.Message().Hops()
	n := countReal(hops)
	t.Hit(countDef(n), strconv.Itoa(n))
	if len(hops) == 0 {
		return nil
	}
	t.HitField(tlsDef(hops), hops[0].Field)
	for i := range hops {
		if hops[i].Authenticated {
			t.HitField(smtpAuth, hops[i].Field)
			break
		}
	}
	return nil
}

// countReal counts the hops that have a header.
func countReal(hops []mail.Received) int {
	if len(hops) > 0 && hops[0].Artificial {
		return len(hops) - 1
	}
	return len(hops)
}

func countDef(n int) *symbols.Def {
	switch {
	case n >= 12:
		return countTwelve
	case n >= 7:
		return countSeven
	case n >= 5:
		return countFive
	case n >= 3:
		return countThree
	case n == 2:
		return countTwo
	case n == 1:
		return countOne
	}
	return countZero
}

// tlsDef looks at the hops that name the server and that are not inside one
// host.
func tlsDef(hops []mail.Received) *symbols.Def {
	all := true
	for i := range hops {
		if by := hops[i].By; by != "" && by != "localhost" {
			all = all && hops[i].TLS
		}
	}
	if all {
		return tlsAll
	}
	last := &hops[0]
	if last.By == "localhost" && len(hops) > 1 {
		last = &hops[1]
	}
	if last.TLS {
		return tlsLast
	}
	return noTLS
}
