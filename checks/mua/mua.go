// Package mua judges what a message says about the program that wrote it:
// programs nobody uses any more, values no program writes, and Message-IDs and
// MIME boundaries that the named program would have written otherwise.
package mua

import (
	"context"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	f := newForms()
	b := newBoundaries()
	return &checks.Family{Name: "mua", Doc: "software that the header names, against the traces of real software", Checks: []*checks.Check{
		{
			Name:    "mua-names",
			Doc:     "what X-Mailer and User-Agent say",
			Symbols: nameSymbols(),
			Run:     runNames,
		},
		{
			Name:    "mua-messageid",
			Doc:     "Message-IDs that the named program does not write",
			Symbols: messageIDSymbols(),
			Run:     func(_ context.Context, t *checks.Task) error { return runMessageID(t, f) },
		},
		{
			Name:    "mua-boundaries",
			Doc:     "MIME boundaries of spamware and ones that the named program does not write",
			Symbols: boundarySymbols(),
			Run:     func(_ context.Context, t *checks.Task) error { return runBoundaries(t, b) },
		},
		{
			Name:    "mua-traces",
			Doc:     "fields and markup that the named program leaves, and forged ones lack",
			Symbols: traceSymbols(),
			Run:     runTraces,
		},
	}}
}

func inHeaders(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"headers"}, Weight: weight, Doc: doc}
}

func inMUA(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"mua"}, Weight: weight, Doc: doc}
}

// hit raises d, with f as evidence, if f is not nil.
func hit(t *checks.Task, d *symbols.Def, f *mail.Field) {
	if f != nil {
		t.HitField(d, f)
	}
}
