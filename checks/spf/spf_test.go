package spf

import (
	"context"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
)

// relayed stands for the check that finds the relayed client: fixtures seed
// what it would find.
func relayed() *checks.Check {
	return &checks.Check{
		Name: "relayed", Doc: "the relayed client", Provides: []checks.AnyFact{relay.Relayed},
		Run: func(context.Context, *checks.Task) error { return nil },
	}
}

func TestFixtures(t *testing.T) { checktest.Run(t, Checks(Options{}), checktest.With(relayed())) }
