// Package recipients looks at To, Cc and Bcc: how many addresses there are,
// their display names, whether the envelope knows them, and the marks of
// lists that a program made.
package recipients

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	countZero   = def("RCPT_COUNT_ZERO", 0, "the header names no recipient")
	countOne    = def("RCPT_COUNT_ONE", 0, "the header names one recipient")
	countTwo    = def("RCPT_COUNT_TWO", 0, "the header names two recipients")
	countThree  = def("RCPT_COUNT_THREE", 0, "the header names 3 or 4 recipients")
	countFive   = def("RCPT_COUNT_FIVE", 0, "the header names 5 or 6 recipients")
	countSeven  = def("RCPT_COUNT_SEVEN", 0, "the header names 7 to 11 recipients")
	countTwelve = def("RCPT_COUNT_TWELVE", 0, "the header names 12 to 49 recipients")
	countFifty  = def("RCPT_COUNT_GT_50", 0, "the header names 50 or more recipients")

	named       = def("TO_DN_RECIPIENTS", 2, `a recipient's display name is "recipients"`)
	nameNone    = def("TO_DN_NONE", 0, "no recipient has a display name")
	nameAll     = def("TO_DN_ALL", 0, "every recipient has a display name")
	nameSome    = def("TO_DN_SOME", 0, "some recipients have display names")
	nameEqAll   = def("TO_DN_EQ_ADDR_ALL", 0, "every recipient's display name is the address again")
	nameEqSome  = def("TO_DN_EQ_ADDR_SOME", 0, "some recipients' display names are the address again")
	matchAll    = def("TO_MATCH_ENVRCPT_ALL", 0, "the envelope has every recipient of the header")
	matchSome   = def("TO_MATCH_ENVRCPT_SOME", 0, "the envelope has some recipients of the header")
	invalid8Bit = def("INVALID_RCPT_8BIT", 6, "a recipient's address has raw 8-bit characters")

	missing     = def("MISSING_TO", 2, "no To header")
	undisclosed = def("R_UNDISC_RCPT", 3, `To says "undisclosed recipients"`)
	wrapped     = def("TO_WRAPPED_IN_SPACES", 2, "an address in To has spaces inside its brackets")
	delivered   = def("PREVIOUSLY_DELIVERED", 0, "a trace header says that the message was for one of the header's recipients already")
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"headers"}, Weight: weight, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "recipients", Doc: "the header's recipients", Checks: []*checks.Check{
		{
			Name: "recipients",
			Doc:  "number and names of the header's recipients",
			Symbols: []*symbols.Def{
				countZero, countOne, countTwo, countThree, countFive, countSeven, countTwelve, countFifty,
				named, nameNone, nameAll, nameSome, nameEqAll, nameEqSome,
				matchAll, matchSome, invalid8Bit, similar, sorted, delivered,
			},
			Requires: checks.Facts(aliases.Fact),
			Run:      runList,
		},
		{
			Name:    "to",
			Doc:     "form of the To header",
			Symbols: []*symbols.Def{missing, undisclosed, wrapped},
			Run:     runTo,
		},
	}}
}

func runList(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	if !h.Has("To") && !h.Has("Cc") && !h.Has("Bcc") {
		return nil
	}
	to := aliases.Recipients(t)
	t.Hit(countDef(len(to)), strconv.Itoa(len(to)))
	names(t, to)
	inEnvelope(t, to)
	for i := range to {
		if to[i].Is8Bit {
			t.Hit(invalid8Bit)
			break
		}
	}
	if t.Exact() {
		madeLists(t, twice(t.Message().Recipients(), to))
	} else {
		madeLists(t, to)
	}
	previouslyDelivered(t, to)
	return nil
}

func countDef(n int) *symbols.Def {
	switch {
	case n >= 50:
		return countFifty
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

func names(t *checks.Task, to []mail.Address) {
	other, same := 0, 0
	for i := range to {
		a := &to[i]
		switch {
		case a.NameIsAddr():
			same++
		case a.Name != "":
			other++
			if strings.EqualFold(a.Name, "recipient") || strings.EqualFold(a.Name, "recipients") {
				t.Hit(named)
			}
		}
	}
	switch {
	case other == 0 && same == 0:
		t.Hit(nameNone)
	case other == len(to):
		t.Hit(nameAll)
	case other > 0:
		t.Hit(nameSome)
	}
	switch {
	case same == len(to):
		t.Hit(nameEqAll)
	case same > 0:
		t.Hit(nameEqSome)
	}
}

// inEnvelope counts pairs of equal addresses, as Rspamd 4.1.6: a recipient
// that stands twice counts twice.
func inEnvelope(t *checks.Task, to []mail.Address) {
	env := map[string]int{}
	for _, a := range aliases.EnvelopeRcpts(t) {
		env[a.Key()]++
	}
	n := 0
	for i := range to {
		n += env[to[i].Key()]
	}
	switch {
	case n == len(to):
		t.Hit(matchAll)
	case n > 0:
		t.Hit(matchSome)
	}
}

// previouslyDelivered looks for the newest trace header that names the address
// it is for, in brackets as Rspamd 4.1.6 wants it.
func previouslyDelivered(t *checks.Task, to []mail.Address) {
	if len(to) == 0 {
		return
	}
	for _, r := range t.Message().Received() {
		if r.For == "" || !strings.Contains(r.Field.Value(), "<"+r.For+">") {
			continue
		}
		last := mail.Address{Addr: r.For}
		if slices.ContainsFunc(to, func(a mail.Address) bool { return a.Same(&last) }) {
			t.HitField(delivered, r.Field, strings.ToLower(r.For))
		}
		return
	}
}
