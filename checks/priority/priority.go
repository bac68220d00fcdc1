// Package priority reports the X-Priority that a message claims.
package priority

import (
	"context"
	"strconv"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/symbols"
)

var (
	zero  = def("ZERO", "X-Priority is 0")
	one   = def("ONE", "X-Priority is 1, the highest")
	two   = def("TWO", "X-Priority is 2")
	three = def("THREE", "X-Priority is 3 or 4, normal or low")
	five  = def("FIVE", "X-Priority is 5 or more, the lowest")
)

func def(name, doc string) *symbols.Def {
	return &symbols.Def{Name: "HAS_X_PRIO_" + name, Groups: []string{"headers"}, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "priority", Doc: "fields that say how urgent the message is", Checks: []*checks.Check{{
		Name:    "priority",
		Doc:     "the number that X-Priority begins with",
		Symbols: []*symbols.Def{zero, one, two, three, five},
		Run:     run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	f := t.Message().Header().Get("x-priority")
	text := f.Text()
	if text != "" && ascii.IsSpace(text[0]) {
		text = text[1:]
	}
	n := ascii.Span(text, ascii.IsDigit)
	if n == 0 {
		return nil
	}
	// Digits only fail by being too many, and then x is infinite.
	x, _ := strconv.ParseFloat(text[:n], 64)
	d := five
	switch {
	case x == 0:
		d = zero
	case x == 1:
		d = one
	case x == 2:
		d = two
	case x < 5:
		d = three
	}
	t.HitField(d, f, strconv.FormatFloat(x, 'g', 14, 64))
	return nil
}
