// Package limits raises a symbol when a message was not looked at in full,
// because it exceeds one of mail.Limits or reading a part of it would cost more
// than the part's size allows.
package limits

import (
	"context"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	exceeded := &symbols.Def{
		Name: "LIMIT_EXCEEDED", Groups: []string{"limits"},
		Doc: "the message exceeds a limit of the scanner; what lies beyond was not looked at",
	}
	return &checks.Family{Name: "limits", Doc: "what the scanner's limits cut off", Checks: []*checks.Check{{
		Name:    "limits",
		Doc:     "What of the message was cut off by the scanner's limits",
		Symbols: []*symbols.Def{exceeded},
		Stage:   checks.Late, // by then most views have been used, and Cuts costs little
		Run: func(_ context.Context, t *checks.Task) error {
			var seen []string
			for _, n := range t.Message().Cuts() {
				if slices.Contains(seen, n.Text) {
					continue
				}
				seen = append(seen, n.Text)
				h := symbols.Hit{Def: exceeded, Factor: 1, Options: []string{n.Text}}
				if n.Offset >= 0 {
					h.Evidence = []symbols.Evidence{{Part: n.Part, Offset: n.Offset}}
				}
				t.HitAt(h)
			}
			return nil
		},
	}}}
}
