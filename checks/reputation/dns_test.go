package reputation

import (
	"math"
	"testing"

	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/checktest"
)

// TestFixtures asks a list in DNS; what stores know is tested with stores.
func TestFixtures(t *testing.T) {
	f := New(Options{Rules: []Rule{
		{Kind: IP, Symbol: "REP", Weight: 2, HamWeight: -1, Zone: "rep.example"},
		{Kind: From, Symbol: "FROM_REP", Weight: 1, Zone: "rep.example"},
	}})
	checktest.Run(t, f, checktest.With(asn.New(asn.Options{}).Checks...))
}

// FuzzAnswer: whatever a list answers, the reputation stays within its bounds.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"12;3.5", "100;-4;2;1", "", ";", "1e400;nan", "9;inf", "0x10;1", "20;1e308;1e308", "-3;2", "12;x;4", " 12 ; 3 "} {
		f.Add(s)
	}
	r := &rule{names: []string{"1m"}}
	f.Fuzz(func(t *testing.T, text string) {
		s := parseAnswer(text, r)
		if v, ok := s.Values["1m"]; s.Count < 0 || ok && (math.IsNaN(v) || math.IsInf(v, 0)) || ok != (s.Count > 0) {
			t.Errorf("%q is %+v", text, s)
		}
	})
}
