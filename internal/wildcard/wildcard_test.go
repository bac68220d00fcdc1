package wildcard_test

import (
	"testing"

	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/internal/wildcard"
)

func TestMatch(t *testing.T) {
	s := wildcard.New([]string{" Example.ORG. ", "*.example.net", "mx?.example.com", "[a*", `a\*`, "", "*.example.*"})
	for name, want := range map[string]bool{
		"example.org": true, "www.example.org": true, "xexample.org": false,
		"a.example.net": true, "a.b.example.net": true, "example.net": false,
		"mx1.example.com": true, "mx12.example.com": true, "mx.example.com": true, "mx1-example.com": false,
		"[ab": true, "ab": false, `a\b`: true, "": false,
	} {
		if got := s.Match(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	s = wildcard.New([]string{"b\u00fccher.example", "*.XN--BCHER-KVA.example.org", "m?ller*.b\u00fccher.example.net", "*b\u00fcro*"})
	for name, want := range map[string]bool{
		"xn--bcher-kva.example": true, "bcher.example": false,
		"www.xn--bcher-kva.example.org": true, "xn--bcher-kva.example.org": false,
		"xn--mller-kva.xn--bcher-kva.example.net": true, "mailer.xn--bcher-kva.example.net": false, "mxller1.xn--bcher-kva.example.net": true,
		idn.Key("mein-b\u00fcro.example"): true, "mein-buero.example": false,
	} {
		if got := s.Match(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if (wildcard.Set{}).Match("example.org") {
		t.Error("the empty set has a name")
	}
}
