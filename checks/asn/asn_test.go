package asn_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) {
	relays := &checks.Check{ // lets fixtures say that mail was relayed
		Name: "relays", Doc: "provides the fact", Stage: checks.Early, Priority: 20,
		Provides: []checks.AnyFact{relay.Fact},
		Run:      func(context.Context, *checks.Task) error { return nil },
	}
	checktest.Run(t, asn.New(asn.Options{}), checktest.With(relays))
}

func TestParseAnswer(t *testing.T) {
	full := asn.Result{ASN: 64500, Net: netip.MustParsePrefix("192.0.2.0/24"), Country: "DE"}
	for text, want := range map[string]asn.Result{
		"64500|192.0.2.0/24|DE|ripencc|":        full,
		"64500 | 192.0.2.0/24 | de | ripencc |": full,
		"64500 192.0.2.0/24 DE":                 full,
		"64500 64501 | 192.0.2.0/24 | DE":       full,
		"64500|192.0.2.0/24||ripencc|":          {ASN: 64500, Net: full.Net},
		"|192.0.2.0/24|DE":                      {Net: full.Net, Country: "DE"},
		"NA|2001:db8::/32|":                     {Net: netip.MustParsePrefix("2001:db8::/32")},
		"4294967295|":                           {ASN: 4294967295},
		"4294967296|":                           {},
		"-1|192.0.2.0/33|D1":                    {},
		"":                                      {},
		"|||":                                   {},
		"v=spf1 -all":                           {},
		strings.Repeat("9", 600) + "|192.0.2.0/24|": {},
	} {
		got, ok := asn.ParseAnswer(text)
		if got != want || ok != (want != asn.Result{}) {
			t.Errorf("%q: %+v %v, want %+v", text, got, ok, want)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("64500|192.0.2.0/24|DE|ripencc|")
	f.Add("64500 | 2001:db8::/32 | de")
	f.Add("\x00|\xff/1|\xc3\xa4")
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := asn.ParseAnswer(text)
		if ok == (r == asn.Result{}) || r.Failed || len(r.Country) != 0 && len(r.Country) != 2 {
			t.Errorf("%+v %v", r, ok)
		}
	})
}

// A source counts how often it is asked.
type source struct {
	asked int
	err   error
}

func (s *source) Lookup(ip netip.Addr) (asn.Result, error) {
	s.asked++
	return asn.Result{ASN: 64500, Country: "DE"}, s.err
}

// scan runs the check on a message from 192.0.2.1.
func scan(t testing.TB, c *checks.Check, st *checks.State) checks.Outcome {
	t.Helper()
	st.Message = mail.Parse([]byte("\r\n"), mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}, mail.Limits{})
	out, err := st.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func names(out checks.Outcome) string {
	var s []string
	for _, h := range out.Hits {
		s = append(s, h.Def.Name+" ["+strings.Join(h.Options, "|")+"]")
	}
	return strings.Join(s, ", ")
}

// TestSourceIsObserved: what a source says is on the record, and a replay
// asks nobody.
func TestSourceIsObserved(t *testing.T) {
	src := &source{}
	c := asn.New(asn.Options{Source: src}).Checks[0]
	var kept []byte
	out := scan(t, c, &checks.State{Outside: func(_ *checks.Check, _ string, f func() []byte) []byte {
		kept = f()
		return kept
	}})
	const want = "ASN [asn:64500, country:DE]"
	if names(out) != want || src.asked != 1 {
		t.Errorf("%s, asked %d", names(out), src.asked)
	}
	out = scan(t, c, &checks.State{Outside: func(*checks.Check, string, func() []byte) []byte { return kept }})
	if names(out) != want || src.asked != 1 {
		t.Errorf("replay: %s, asked %d", names(out), src.asked)
	}
	src.err = errors.New("gone")
	if out = scan(t, c, &checks.State{}); names(out) != "ASN_FAIL [192.0.2.1]" {
		t.Errorf("with a broken source: %s", names(out))
	}
}

func TestNobodyToAsk(t *testing.T) {
	if out := scan(t, asn.New(asn.Options{}).Checks[0], &checks.State{}); len(out.Hits) > 0 {
		t.Errorf("without DNS: %s", names(out))
	}
	if out := scan(t, asn.New(asn.Options{Zone4: "-"}).Checks[0], &checks.State{}); len(out.Hits) > 0 {
		t.Errorf("without zone: %s", names(out))
	}
}

func BenchmarkParseAnswer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		asn.ParseAnswer("64500|192.0.2.0/24|DE|ripencc|")
	}
}
