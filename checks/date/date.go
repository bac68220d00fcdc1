// Package date judges the Date header: whether it is there, whether it can be
// read, and how far it is from the time of the scan.
package date

import (
	"context"
	"strconv"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	missing = def("MISSING_DATE", 1, "no Date header, or an empty one")
	invalid = def("INVALID_DATE", 1.5, "Date is not in the form of RFC 5322")
	past    = def("DATE_IN_PAST", 1, "Date is more than a day ago")
	future  = def("DATE_IN_FUTURE", 4, "Date is more than two hours ahead")
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"headers"}, Weight: weight, Doc: doc}
}

// What Date may differ from the clock, in seconds.
const (
	maxAge   = 24 * 3600
	maxAhead = 2 * 3600
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "date", Doc: "the Date header", Checks: []*checks.Check{{
		Name:    "date",
		Doc:     "Date header against the time of the scan",
		Symbols: []*symbols.Def{missing, invalid, past, future},
		Run:     run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	field := t.Message().Header().Get("Date")
	text := field.Text()
	if text == "" {
		t.HitField(missing, field)
		return nil
	}
	date, ok := mail.ParseSMTPDate(text)
	if !ok {
		t.HitField(invalid, field)
		return nil
	}
	switch age := t.Now().Unix() - date.Unix(); { // a Duration does not reach the year 3610
	case age > maxAge:
		t.HitField(past, field, strconv.FormatInt(age/3600, 10))
	case -age > maxAhead:
		t.HitField(future, field, strconv.FormatInt(-age/3600, 10))
	}
	return nil
}
