package dmarc

import (
	"context"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/spf"
)

// facts provides what fixtures seed.
func facts() *checks.Check {
	return &checks.Check{
		Name: "facts", Doc: "what fixtures seed",
		Provides: []checks.AnyFact{spf.Fact, dkim.Fact, arc.Fact, authres.Fact},
		Run:      func(context.Context, *checks.Task) error { return nil },
	}
}

func TestFixtures(t *testing.T) { checktest.Run(t, New(Options{}), checktest.With(facts())) }
