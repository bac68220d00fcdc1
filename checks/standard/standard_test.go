package standard

import (
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/messageid"
	signingcheck "github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/urls"
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

func TestMaps(t *testing.T) {
	digests := map[string]bool{}
	for _, name := range []string{"builtin", "bundled", "none"} {
		o, err := Options{}.WithMaps(name)
		if err != nil {
			t.Fatal(err)
		}
		list := Families(o)
		if _, err := checks.NewPlan(list); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var configs []any
		for _, f := range list {
			configs = append(configs, f.Config)
		}
		digests[checks.Digest(configs)] = true
	}
	if len(digests) != 3 {
		t.Errorf("%d configurations of three", len(digests))
	}
	own := Options{Phishing: urls.PhishingOptions{Redirectors: []string{"example.org"}}, MessageID: messageid.Options{Known: map[string]string{}}}
	if o, _ := own.WithMaps("bundled"); len(o.Phishing.Redirectors) != 1 || len(o.MessageID.Known) != 0 {
		t.Errorf("own lists are replaced: %v", o)
	}
	if _, err := (Options{}).WithMaps("bundeled"); err == nil {
		t.Error("an unknown name is accepted")
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
