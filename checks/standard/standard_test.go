package standard

import (
	"testing"

	"github.com/winnowmail/winnow/checks"
)

func TestEveryCombinationIsAPlan(t *testing.T) {
	for _, o := range []Options{{}, {NoMaps: true}} {
		if _, err := checks.NewPlan(Checks(o)); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestEverySymbolIsDocumented(t *testing.T) {
	for _, c := range Checks(Options{}) {
		for _, d := range c.Symbols {
			if d.Doc == "" || len(d.Groups) == 0 {
				t.Errorf("%s of check %s has no doc or no group", d.Name, c.Name)
			}
		}
	}
}
