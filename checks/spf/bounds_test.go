package spf

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func txt(name, text string) resolver.Record {
	r := resolver.Record{Name: name, Type: resolver.TypeTXT, TTL: 300}
	for len(text) > 255 {
		r.Strings, text = append(r.Strings, text[:255]), text[255:]
	}
	r.Strings = append(r.Strings, text)
	return r
}

// hostile are zones that make an evaluator work; each is asked for
// x@example.org.
func hostile() map[string]*zone.Zone {
	many := func(term string, size int) string {
		return "v=spf1" + strings.Repeat(" "+term, size/(len(term)+1)) + " -all"
	}
	var records []resolver.Record
	for i := range 40 { // every record includes all the others
		var b strings.Builder
		b.WriteString("v=spf1")
		for j := range 40 {
			fmt.Fprintf(&b, " include:r%d.example.org", (i+j+1)%40)
		}
		name := fmt.Sprintf("r%d.example.org", i)
		if i == 0 {
			name = "example.org"
		}
		records = append(records, txt(name, b.String()+" -all"))
	}
	tree := zone.New(records...)
	var mx, ptr []resolver.Record
	for i := range 10 {
		mx = append(mx, resolver.Record{Name: "example.org", Type: resolver.TypeMX, Host: fmt.Sprintf("mx%d.example.org", i)})
	}
	for i := range 5000 {
		ptr = append(ptr, resolver.Record{Name: "1.2.0.192.in-addr.arpa", Type: resolver.TypePTR, Host: fmt.Sprintf("p%d.example.org", i)})
	}
	return map[string]*zone.Zone{
		"redirect loop":  zone.New(txt("example.org", "v=spf1 redirect=example.org")),
		"include loop":   zone.New(txt("example.org", "v=spf1 include:example.org include:example.org -all")),
		"macro loop":     zone.Must("*.example.org TXT \"v=spf1 include:x%{d}.example.org -all\"\nexample.org TXT \"v=spf1 include:x%{d}.example.org -all\""),
		"include tree":   tree,
		"ip4 terms":      zone.New(txt("example.org", many("ip4:10.1.2.3", 65000))),
		"ip6 terms":      zone.New(txt("example.org", many("ip6:2001:db8::/48", 65000))),
		"exists terms":   zone.New(txt("example.org", many("exists:%{ir}.%{l1r-}.%{d}.x", 65000))),
		"unknown terms":  zone.New(txt("example.org", many("x", 65000))),
		"modifiers":      zone.New(txt("example.org", many("x=%{d2}", 65000))),
		"one long term":  zone.New(txt("example.org", "v=spf1 exists:"+strings.Repeat("%{sr-}", 10000)+" -all")),
		"one short name": zone.New(txt("example.org", "v=spf1 exists:"+strings.Repeat("%{s1r-}", 9000)+" -all")),
		"spaces":         zone.New(txt("example.org", "v=spf1"+strings.Repeat(" ", 65000)+"-all")),
		"no spaces":      zone.New(txt("example.org", "v=spf1 "+strings.Repeat("a", 65000))),
		"open macro":     zone.New(txt("example.org", "v=spf1 a:"+strings.Repeat("%{", 32000))),
		"mx hosts":       zone.New(append(mx, txt("example.org", many("mx", 600)))...),
		"ptr names":      zone.New(append(ptr, txt("example.org", many("ptr", 600)))...),
		"p macro":        zone.New(append(ptr, txt("example.org", "v=spf1 exists:"+strings.Repeat("%{p}", 16000)))...),
		"explanation":    zone.New(txt("example.org", "v=spf1 -all exp=e.example.org"), txt("e.example.org", strings.Repeat("%{s}", 16000))),
		"txt records":    zone.New(records65()...),
	}
}

// records65 is one name with a thousand TXT records.
func records65() []resolver.Record {
	var out []resolver.Record
	for i := range 1000 {
		out = append(out, txt("example.org", fmt.Sprintf("v=spf1%d -all", i)))
	}
	return append(out, txt("example.org", "v=spf1 -all"))
}

// TestBoundedWork holds what hostile records may cost: DNS questions, and
// bytes taken apart.
func TestBoundedWork(t *testing.T) {
	for name, z := range hostile() {
		for _, tolerant := range []bool{false, true} {
			counter := &resolver.Counter{Resolver: z}
			start := time.Now()
			e := newEvaluation(t.Context(), counter, Params{
				IP: netip.MustParseAddr("192.0.2.1"), Helo: "mx.example.net", Tolerant: tolerant,
				MailFrom: strings.Repeat("a-", 120) + "@example.org",
			})
			res := e.run()
			l := Limits{}.withDefaults(tolerant)
			// two for each term, the hosts of mx and ptr, the record, exp=
			most := int64(2*l.Lookups + l.Hosts + 2)
			if n := counter.Asked(); n > most {
				t.Errorf("%s, tolerant %v: %d questions, more than %d", name, tolerant, n, most)
			}
			if e.read > 2*maxRecords || e.expanded > maxExpanded+maxExpansion {
				t.Errorf("%s, tolerant %v: %d bytes of records, %d of macros", name, tolerant, e.read, e.expanded)
			}
			if res.Status == "" || res.Lookups > l.Lookups+1 {
				t.Errorf("%s, tolerant %v: %+v", name, tolerant, res)
			}
			t.Logf("%-15s tolerant %-5v %-9s %3d questions %3d terms %v", name, tolerant, res.Status, counter.Asked(), res.Lookups, time.Since(start).Round(10*time.Microsecond))
		}
	}
}

// TestRecordsAreCounted holds that the records of an evaluation are read up to
// a bound of bytes for all.
func TestRecordsAreCounted(t *testing.T) {
	long := strings.Repeat(" ip4:10.1.2.3", 20<<10/13)
	z := zone.New(
		txt("example.org", "v=spf1 include:a.example.org include:b.example.org include:c.example.org ?all"),
		txt("a.example.org", "v=spf1"+long), txt("b.example.org", "v=spf1"+long), txt("c.example.org", "v=spf1"+long),
	)
	p := Params{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"}
	if r := Evaluate(t.Context(), z, p); r.Status != StatusNeutral {
		t.Errorf("60 KiB: %+v", r)
	}
	z = zone.New(txt("example.org", "v=spf1"+strings.Repeat(" ip4:10.1.2.3", 66<<10/13)+" -all"))
	if r := Evaluate(t.Context(), z, p); r.Status != StatusPermError {
		t.Errorf("66 KiB: %s", r.Status)
	}
}

// TestQuestionsGoTogether holds that the terms of a record are asked for at
// once: the time is that of the chain, not of the sum.
func TestQuestionsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := zone.Must(`
example.org TXT "v=spf1 include:a.test include:b.test include:c.test a mx exists:x.test include:d.test -all"
a.test TXT "v=spf1 a:h1.test a:h2.test -all"
b.test TXT "v=spf1 ip4:198.51.100.1 -all"
c.test TXT "v=spf1 ip4:198.51.100.2 -all"
d.test TXT "v=spf1 ip4:192.0.2.1 -all"
example.org A 198.51.100.3
example.org MX 10 m1.test
example.org MX 10 m2.test
example.org MX 10 m3.test
h1.test A 198.51.100.4
h2.test A 198.51.100.5
m1.test A 198.51.100.6
m2.test A 198.51.100.7
m3.test A 198.51.100.8
x.test MX 10 m1.test`)
		slow := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
			time.Sleep(20 * time.Millisecond)
			return z.Lookup(ctx, name, qtype)
		})
		counter := &resolver.Counter{Resolver: slow}
		start := time.Now()
		r := Evaluate(t.Context(), counter, Params{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"})
		if r.Status != StatusPass {
			t.Errorf("%+v", r)
		}
		// the record, its terms, a.test's hosts, the MX hosts
		if took := time.Since(start); took != 80*time.Millisecond {
			t.Errorf("%d questions took %v", counter.Asked(), took)
		}
	})
}

// TestTooManyTermsGoTogether holds that a record of more terms than may ask
// takes no longer for it.
func TestTooManyTermsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		text.WriteString("v=spf1")
		for i := range 12 {
			fmt.Fprintf(&text, " exists:x%d.test", i)
		}
		z := zone.New(txt("example.org", text.String()+" -all"))
		slow := resolver.Func(func(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
			time.Sleep(20 * time.Millisecond)
			return z.Lookup(ctx, name, qtype)
		})
		counter := &resolver.Counter{Resolver: slow}
		start := time.Now()
		r := Evaluate(t.Context(), counter, Params{
			IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org", Limits: Limits{Voids: -1},
		})
		if took := time.Since(start); r.Status != StatusPermError || took != 40*time.Millisecond || counter.Asked() != 11 {
			t.Errorf("%s: %d questions took %v", r.Status, counter.Asked(), took)
		}
	})
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := dnsscan.NewSession(ctx, resolver.Options{Resolver: zone.Must(`example.org TXT "v=spf1 -all"`)})
	r := Evaluate(ctx, s, Params{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"})
	if r.Status != StatusTempError {
		t.Errorf("%+v", r)
	}
}

func TestResultSurvivesJSON(t *testing.T) {
	z := zone.Must("example.org TXT \"v=spf1 a -all exp=e.example.org\"\ne.example.org TXT \"go away\"")
	want := Evaluate(t.Context(), z, Params{IP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"})
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("%+v, want %+v (%v)", got, want, err)
	}
}

func TestReceivedSPF(t *testing.T) {
	z := zone.Must("example.org TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\"\nbad.example.org TXT \"v=spf1 (\"")
	for _, tt := range []struct {
		p    Params
		want string
	}{
		{
			Params{IP: netip.MustParseAddr("192.0.2.1"), Helo: "mx.example.net", MailFrom: "ann@example.org", Receiver: "mail.example.com"},
			`pass (mail.example.com: example.org permits 192.0.2.1 as sender \(+ip4:192.0.2.0/24\)) receiver=mail.example.com; client-ip=192.0.2.1; envelope-from="ann@example.org"; helo=mx.example.net; identity=mailfrom; mechanism="ip4:192.0.2.0/24"`,
		},
		{
			Params{IP: netip.MustParseAddr("2001:db9::1"), Helo: "example.org"},
			`fail (unknown: example.org does not permit 2001:db9::1 as sender \(-all\)) receiver=unknown; client-ip="2001:db9::1"; envelope-from=""; helo=example.org; identity=helo; mechanism=all`,
		},
		{
			Params{IP: netip.MustParseAddr("192.0.2.1"), Helo: "a\"b\\ c\r\nX: y", MailFrom: "ann@bad.example.org"},
			`permerror (unknown: the record of bad.example.org is wrong: "\(": no term begins like that) receiver=unknown; client-ip=192.0.2.1; envelope-from="ann@bad.example.org"; helo="a\"b\\ c??X: y"; identity=mailfrom; problem="the record of bad.example.org is wrong: \"(\": no term begins like that"`,
		},
	} {
		r := Evaluate(t.Context(), z, tt.p)
		if got := r.ReceivedSPF(tt.p); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	long := strings.Repeat(`"\`, 4000)
	p := Params{IP: netip.MustParseAddr("192.0.2.1"), Helo: long, MailFrom: long + "@example.org", Receiver: long}
	if s := Evaluate(t.Context(), z, p).ReceivedSPF(p); len(s) > 980 {
		t.Errorf("%d bytes", len(s))
	}
}
