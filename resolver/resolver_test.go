package resolver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func TestErrorsAreNotFoundOrTemporary(t *testing.T) {
	mine := func(k resolver.Kind) error { return &resolver.Error{Name: "a.example", Type: resolver.TypeA, Kind: k} }
	for _, c := range []struct {
		err      error
		notFound bool
	}{
		{mine(resolver.KindNXDomain), true},
		{mine(resolver.KindNoData), true},
		{fmt.Errorf("spf: %w", mine(resolver.KindNoData)), true},
		{resolver.ErrNotFound, true},
		{&net.DNSError{IsNotFound: true}, true},
		{&net.DNSError{IsNotFound: true, IsTemporary: true}, false},
		{&net.DNSError{IsTimeout: true}, false},
		{mine(resolver.KindServFail), false},
		{mine(resolver.KindRefused), false},
		{mine(resolver.KindTimeout), false},
		{mine(resolver.KindTruncated), false},
		{mine(resolver.KindLame), false},
		{mine(resolver.KindLoop), false},
		{mine(resolver.KindNetwork), false},
		{mine(resolver.KindBudget), false},
		{mine(resolver.KindNoDNS), false},
		{context.DeadlineExceeded, false},
		{context.Canceled, false},
		{errors.New("whatever"), false},
	} {
		if got := resolver.IsNotFound(c.err); got != c.notFound {
			t.Errorf("IsNotFound(%v) = %v", c.err, got)
		}
		if got := resolver.IsTemporary(c.err); got == c.notFound {
			t.Errorf("IsTemporary(%v) = %v", c.err, got)
		}
	}
	if resolver.IsNotFound(nil) || resolver.IsTemporary(nil) {
		t.Error("no error is an error")
	}
	var ne net.Error
	if err := mine(resolver.KindServFail); !errors.As(err, &ne) || ne.Timeout() {
		t.Error("an Error is not the right net.Error")
	}
	if d := mine(resolver.KindTimeout).(*resolver.Error).DNSError(); !d.IsTimeout || !d.IsTemporary || d.IsNotFound {
		t.Errorf("DNSError %+v", d)
	}
}

func TestNone(t *testing.T) {
	_, err := resolver.None.Lookup(t.Context(), "Example.ORG.", resolver.TypeTXT)
	if !errors.Is(err, resolver.ErrNoDNS) || resolver.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`a\`: `a\\`, `a b\`: `a\032b\\`, `\`: `\\`,
		"":                 ".",
		".":                ".",
		"..":               ".",
		"Example.ORG.":     "example.org",
		"a..":              "a",
		`a\.`:              `a\.`,
		`a\\.`:             `a\\`,
		"a b.example":      `a\032b.example`,
		"\xff;.example":    `\255\059.example`,
		`a\ \065\@\046\"b`: `a\032a@\.\034b`,
		`\999\2`:           `9992`,
	} {
		got := resolver.Canonical(in)
		if got != want || resolver.Canonical(got) != got {
			t.Errorf("Canonical(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestReverse(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":                 "1.2.0.192.in-addr.arpa",
		"::ffff:192.0.2.1":          "1.2.0.192.in-addr.arpa",
		"255.255.255.255":           "255.255.255.255.in-addr.arpa",
		"2001:db8:1:2:3:4:567:89ab": "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
		"2001:db8::f1":              "1.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	} {
		if got := resolver.Reverse(netip.MustParseAddr(in)); got != want {
			t.Errorf("Reverse(%s) = %s", in, got)
		}
	}
	if resolver.Reverse(netip.Addr{}) != "" {
		t.Error("the zero address has a reverse name")
	}
}

const odd = `
a.example     A     192.0.2.1
a.example 60  AAAA  2001:db8::1
a.example     TXT   "with \"quotes\", a \\ and \255\000" "second"
a.example     MX    10 mx.a.example
a.example     SOA   ns.a.example root.a.example 1 2 3 4 5
www.a.example CNAME a.example
1.2.0.192.in-addr.arpa PTR a.example
bad.example   !refused
`

func TestRecordingReplays(t *testing.T) {
	z := zone.Must(odd)
	z.Authentic = true
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: z})
	qs := []resolver.Question{
		{"a.example", resolver.TypeA}, {"A.example.", resolver.TypeAAAA}, {"a.example", resolver.TypeTXT},
		{"a.example", resolver.TypeMX}, {"a.example", resolver.TypeSOA}, {"www.a.example", resolver.TypeA},
		{"1.2.0.192.in-addr.arpa", resolver.TypePTR}, {"bad.example", resolver.TypeA}, {"none.example", resolver.TypeA},
		{"a.example", resolver.TypeNS}, {"white space", resolver.TypeA}, {"", 99},
	}
	live := resolver.LookupAll(t.Context(), s, qs...)
	first, err := json.Marshal(s.Recording())
	if err != nil {
		t.Fatal(err)
	}
	var rec resolver.Recording
	if err := json.Unmarshal(first, &rec); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(rec, s.Recording()) {
		t.Errorf("the recording changed in JSON: %s", first)
	}
	replayed := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: rec.Resolver()})
	if again := resolver.LookupAll(t.Context(), replayed, qs...); !reflect.DeepEqual(again, live) {
		t.Errorf("replay gave\n%v, want\n%v", again, live)
	}
	if second, _ := json.Marshal(replayed.Recording()); string(second) != string(first) {
		t.Errorf("the replay's recording differs:\n%s\n%s", first, second)
	}
	if _, err := rec.Resolver().Lookup(t.Context(), "new.example", resolver.TypeA); !resolver.IsTemporary(err) {
		t.Errorf("an unknown question gave %v", err)
	}
}

// TestForeignAnswersReplay: what a Resolver gives that is not as tidy as ours
// is seen in the scan as the replay will see it.
func TestForeignAnswersReplay(t *testing.T) {
	foreign := resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		switch name {
		case "kind.example":
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: "odd"}
		case "nokind.example":
			return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype}
		case "odd.example":
			return resolver.Answer{Records: []resolver.Record{{Name: name, Type: qtype, IP: netip.MustParseAddr("2001:db8::1")}}}, nil
		}
		return resolver.Answer{Records: []resolver.Record{
			{Name: "Mail.Example.", Type: resolver.TypeCNAME, Host: "MX.Example.ORG."},
			{Name: name + ".", Type: resolver.TypeMX, Host: "MX2.example.org."},
			{Name: name, Type: resolver.TypeA, IP: netip.MustParseAddr("::ffff:192.0.2.1")},
			{Name: name, Type: resolver.TypeA},
			{Name: name, Type: resolver.TypeAAAA, IP: netip.MustParseAddr("fe80::1%eth0")},
			{Name: name, Type: resolver.TypeTXT},
			{Name: name, Type: 39, Host: "example.net"}, // DNAME
		}}, nil
	})
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: foreign})
	questions := []resolver.Question{{"kind.example", resolver.TypeA}, {"nokind.example", resolver.TypeA}, {"odd.example", resolver.TypeA}, {"dname.example", 39}}
	for _, typ := range []uint16{resolver.TypeCNAME, resolver.TypeMX, resolver.TypeA, resolver.TypeAAAA, resolver.TypeTXT} {
		questions = append(questions, resolver.Question{Name: "mail.example", Type: typ})
	}
	live := resolver.LookupAll(t.Context(), s, questions...)
	data, err := json.Marshal(s.Recording())
	if err != nil {
		t.Fatal(err)
	}
	var rec resolver.Recording
	if err := json.Unmarshal(data, &rec); err != nil {
		t.Fatal(err)
	}
	again := resolver.LookupAll(t.Context(), rec.Resolver(), questions...)
	for i, q := range questions {
		if !reflect.DeepEqual(live[i], again[i]) {
			t.Errorf("%v: %+v, replayed %+v", q, live[i], again[i])
		}
		if found := i > 3; found != (live[i].Err == nil) {
			t.Errorf("%v: %v", q, live[i].Err)
		}
	}
}

func TestAnswerViews(t *testing.T) {
	a, err := zone.Must(odd).Lookup(t.Context(), "www.a.example", resolver.TypeAAAA)
	if err != nil {
		t.Fatal(err)
	}
	if a.TTL() != 60 || len(a.OfType(resolver.TypeCNAME)) != 1 || a.Hosts(resolver.TypeCNAME)[0] != "a.example" {
		t.Errorf("got %+v", a)
	}
	if a.Text() != "a.example; 2001:db8::1" {
		t.Errorf("Text %q", a.Text())
	}
	a, _ = zone.Must(odd).Lookup(t.Context(), "a.example", resolver.TypeTXT)
	if want := "with \"quotes\", a \\ and \xff\x00second"; a.Texts()[0] != want {
		t.Errorf("Texts %q", a.Texts())
	}
}

func FuzzParseRecord(f *testing.F) {
	for line := range strings.Lines(odd) {
		f.Add(line)
	}
	f.Add(`\# PTR 0`)
	f.Add(`x 1 IN TXT plain "quo\"ted" ; comment`)
	f.Fuzz(func(t *testing.T, line string) {
		r, err := resolver.ParseRecord(line)
		if err != nil {
			return
		}
		text, _ := r.MarshalText()
		var again resolver.Record
		if err := again.UnmarshalText(text); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%q became %+v, written %q, read %+v, %v", line, r, text, again, err)
		}
	})
}
