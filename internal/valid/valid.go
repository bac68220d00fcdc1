// Package valid collects what is wrong with the fields of a family's options,
// in the form in which operators read it: "rbl: Lists[3].Zone: missing".
package valid

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
)

// Fields are the errors of one family's options.
type Fields struct {
	family string
	errs   []error
}

// Of begins a collection for a family.
func Of(family string) *Fields { return &Fields{family: family} }

// Err returns the errors joined, nil if there is none.
func (f *Fields) Err() error { return errors.Join(f.errs...) }

// Add notes what is wrong with a field.
func (f *Fields) Add(field, format string, args ...any) {
	f.errs = append(f.errs, fmt.Errorf("%s: %s: "+format, append([]any{f.family, field}, args...)...))
}

// If does what Add does when wrong is true.
func (f *Fields) If(wrong bool, field, format string, args ...any) {
	if wrong {
		f.Add(field, format, args...)
	}
}

// Number wants n between least and most.
func (f *Fields) Number(field string, n, least, most int64) {
	f.If(n < least || n > most, field, "%d is not between %d and %d", n, least, most)
}

// Factor wants a number that can be multiplied with a weight.
func (f *Fields) Factor(field string, v float64) {
	f.If(math.IsNaN(v) || math.IsInf(v, 0), field, "%v is no factor", v)
}

// Networks wants prefixes that are valid.
func (f *Fields) Networks(field string, ps []netip.Prefix) {
	for i, p := range ps {
		f.If(!p.IsValid(), At(field, i), "no network")
	}
}

// Symbol wants a symbol's name.
func (f *Fields) Symbol(field, name string) {
	switch {
	case name == "":
		f.Add(field, "missing")
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("(){}[],;\"", r) }):
		f.Add(field, "%q is no name of a symbol", name)
	}
}

// Domains wants names that DNS can hold.
func (f *Fields) Domains(field string, names []string) {
	for i, name := range names {
		f.Domain(At(field, i), name)
	}
}

// Domain wants a name that DNS can hold, with or without a dot at the end, in
// U-labels or A-labels.
func (f *Fields) Domain(field, name string) {
	f.If(!domain(idn.Key(name)), field, "%q is no domain", name)
}

func domain(name string) bool {
	if name == "" || len(name) > 253 || strings.ContainsAny(name, " \t\r\n@/\\") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return true
}

// Words wants texts that are not empty: an empty one would match anything.
func (f *Fields) Words(field string, list []string) {
	for i, s := range list {
		f.If(strings.TrimSpace(s) == "", At(field, i), "empty")
	}
}

// At names an element of a list.
func At(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

// Key names an element of a map.
func Key(field, key string) string { return fmt.Sprintf("%s[%q]", field, key) }
