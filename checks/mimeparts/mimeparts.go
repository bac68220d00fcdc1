// Package mimeparts judges how a message is put together from MIME parts: what
// is missing, contradicts itself or is encoded in an odd way. It also marks
// signed and encrypted mail.
package mimeparts

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "mimeparts", Doc: "the MIME structure", Checks: []*checks.Check{structure(), fields(), protected(), texts()}}
}

// check makes a check of rules that look at the message only.
func check(name, doc string, run func(t *checks.Task), defs ...*symbols.Def) *checks.Check {
	return &checks.Check{
		Name: name, Doc: doc, Symbols: defs,
		Run: func(_ context.Context, t *checks.Task) error {
			run(t)
			return nil
		},
	}
}

func def(group, name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{group}, Weight: weight, Doc: doc}
}
