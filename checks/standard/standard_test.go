package standard

import (
	"testing"

	"github.com/winnowmail/winnow/checks"
	signingcheck "github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/signing"
)

func TestEveryCombinationIsAPlan(t *testing.T) {
	dkim, arc := signing.DKIM(), signing.ARC()
	dkim.Path, arc.Path = "$domain.$selector.key", "$domain.$selector.key"
	all := signingcheck.Options{DKIM: &dkim, ARC: &signingcheck.ARC{Rules: arc}}
	for _, o := range []Options{{}, Options{}.WithoutMaps(), {Signing: all}} {
		if _, err := checks.NewPlan(Families(o)); err != nil {
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
