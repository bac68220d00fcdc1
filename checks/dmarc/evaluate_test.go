package dmarc

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func pass(domain string) spf.Result { return spf.Result{Status: "pass", Domain: domain} }

func TestTreeWalk(t *testing.T) {
	for _, c := range []struct{ why, zone, from, spf, want string }{
		{"own record", `_dmarc.example.org TXT "v=DMARC1; p=reject"`, "example.org", "", "fail example.org example.org reject"},
		{"the organization's", `_dmarc.example.org TXT "v=DMARC1; p=reject; sp=none"`, "a.b.example.org", "c.example.org", "pass example.org example.org none"},
		{"the shortest name counts", "_dmarc.b.example.org TXT \"v=DMARC1; p=none\"\n_dmarc.example.org TXT \"v=DMARC1; p=reject\"", "a.b.example.org", "example.org", "pass example.org example.org reject"},
		{"psd=n ends the walk", "_dmarc.b.example.org TXT \"v=DMARC1; p=none; psd=n\"\n_dmarc.example.org TXT \"v=DMARC1; p=reject\"", "a.b.example.org", "example.org", "fail b.example.org b.example.org none"},
		{"below a public suffix", "_dmarc.example TXT \"v=DMARC1; p=none; sp=reject; psd=y\"", "a.bank.example", "b.bank.example", "pass example bank.example reject"},
		{"neighbours below a public suffix", "_dmarc.example TXT \"v=DMARC1; p=none; sp=reject; psd=y\"", "a.bank.example", "b.shop.example", "fail example bank.example reject"},
		{"a public suffix sends", "_dmarc.example TXT \"v=DMARC1; p=quarantine; psd=y\"", "example", "example", "pass example example quarantine"},
		{"several records are none", "_dmarc.a.example.org TXT \"v=DMARC1; p=none\"\n_dmarc.a.example.org TXT \"v=DMARC1; p=none\"\n_dmarc.example.org TXT \"v=DMARC1; p=reject\"", "a.example.org", "", "fail example.org example.org reject"},
		{"wrong tags are passed over", `_dmarc.example.org TXT "v=DMARC1; p=reject; adkim=x; sp=y; np=z"`, "a.example.org", "", "fail example.org example.org reject"},
		{"a wrong policy, but an address", `_dmarc.example.org TXT "v=DMARC1; p=x; rua=mailto:a@example.org"`, "example.org", "", "fail example.org example.org none"},
		{"a wrong policy", `_dmarc.example.org TXT "v=DMARC1; p=x"`, "example.org", "", "none example.org example.org "},
		{"pct= means nothing", `_dmarc.example.org TXT "v=DMARC1; p=reject; pct=0"`, "example.org", "", "fail example.org example.org reject"},
		{"DNS fails below the record", "_dmarc.a.example.org !servfail\n_dmarc.example.org TXT \"v=DMARC1; p=reject\"", "a.example.org", "", "temperror a.example.org example.org "},
		{"DNS fails above the record", "_dmarc.org !servfail\n_dmarc.example.org TXT \"v=DMARC1; p=reject\"", "example.org", "", "fail example.org example.org reject"},
		{"nothing", "", "a.example.org", "", "none a.example.org a.example.org "},
	} {
		p := Params{From: []string{c.from}, Discovery: TreeWalk, Rand: rand.New(rand.NewPCG(1, 1))}
		if c.spf != "" {
			p.SPF = pass(c.spf)
		}
		r := Evaluate(t.Context(), zone.Must(c.zone), p)
		if got := fmt.Sprint(r.Status, " ", r.Domain, " ", r.Organization, " ", r.Policy); got != c.want {
			t.Errorf("%s: got %s, want %s (%+v)", c.why, got, c.want, r)
		}
	}
}

func TestLadder(t *testing.T) {
	for domain, want := range map[string]string{
		"org":                 "org",
		"a.example.org":       "a.example.org example.org org",
		"a.b.c.d.e.f.g.h":     "a.b.c.d.e.f.g.h b.c.d.e.f.g.h c.d.e.f.g.h d.e.f.g.h e.f.g.h f.g.h g.h h",
		"1.2.a.b.c.d.e.f.g.h": "1.2.a.b.c.d.e.f.g.h b.c.d.e.f.g.h c.d.e.f.g.h d.e.f.g.h e.f.g.h f.g.h g.h h",
	} {
		if got := strings.Join(ladder(domain), " "); got != want {
			t.Errorf("%s: %s", domain, got)
		}
	}
}

// TestQuestions holds that hostile names and many signatures cost a bounded
// number of questions.
func TestQuestions(t *testing.T) {
	deep := strings.Repeat("a.", 100) + "example.org"
	var many []dkim.Signature
	for i := range 10000 {
		many = append(many, dkim.Signature{Domain: fmt.Sprintf("s%d.%s", i, deep), Status: "pass"})
	}
	for _, c := range []struct {
		from      string
		discovery Discovery
		dkim      []dkim.Signature
		most      int64
	}{
		{"example.org", PublicSuffix, many, 1},
		{deep, PublicSuffix, many, 4},
		{deep, TreeWalk, nil, 2*maxWalk + 2},
		{"x.example.org", TreeWalk, nil, 2*maxWalk + 2},
		{deep, TreeWalk, many, (2+maxIdentifiers)*maxWalk + 2},
	} {
		n := &resolver.Counter{Resolver: zone.Must(`_dmarc.example.org TXT "v=DMARC1; p=none; np=reject"`)}
		p := Params{From: []string{c.from}, SPF: pass("y." + deep), DKIM: c.dkim, Discovery: c.discovery}
		Evaluate(t.Context(), n, p)
		if n.Asked() > c.most {
			t.Errorf("%.20s: %d questions, want %d at most", c.from, n.Asked(), c.most)
		}
		check := New(Options{Discovery: c.discovery}).Checks[0]
		if c.most > int64(check.Needs.Queries) {
			t.Errorf("the check declares %d questions, %d are asked", check.Needs.Queries, c.most)
		}
	}
}

// TestHostileNames holds that no question is asked for what is no name.
func TestHostileNames(t *testing.T) {
	for _, from := range []string{
		"", ".", "..", "a..example.org", strings.Repeat("a", 64) + ".org", strings.Repeat("a.", 200) + "org", strings.Repeat("a", 1<<20),
		"exa mple.org", "a\x00b.org", `a\.org`, "a,b.org", "a\r\nb.org", "\xff.org", "é" + strings.Repeat("x", 300) + ".org",
	} {
		n := &resolver.Counter{Resolver: zone.New()}
		r := Evaluate(t.Context(), n, Params{From: []string{from}})
		if n.Asked() != 0 || r.Status != "none" || r.Reason != "No domain in From header" {
			t.Errorf("%.20q: %+v, %d questions", from, r, n.Asked())
		}
	}
}

// TestHostileAnswers holds that big answers are read to their end once.
func TestHostileAnswers(t *testing.T) {
	var records []resolver.Record
	for i := range 5000 {
		records = append(records, resolver.Record{Name: "_dmarc.example.org", Type: resolver.TypeTXT, Strings: []string{fmt.Sprintf("v=spf1 %d", i)}})
	}
	big := strings.Split(strings.Repeat("v=DMARC1; p=reject; "+strings.Repeat("x=y;", 50)+"|", 300), "|")
	records = append(records, resolver.Record{Name: "_dmarc.example.org", Type: resolver.TypeTXT, Strings: big})
	r := Evaluate(t.Context(), zone.New(records...), Params{From: []string{"example.org"}})
	if r.Status != "fail" || r.Policy != "reject" {
		t.Errorf("got %+v", r)
	}
	records = append(records, records[len(records)-1])
	if r = Evaluate(t.Context(), zone.New(records...), Params{From: []string{"example.org"}}); r.Status != "permerror" {
		t.Errorf("got %+v", r)
	}
}

func TestSampling(t *testing.T) {
	dns := zone.Must(`_dmarc.example.org TXT "v=DMARC1; p=reject; pct=30"`)
	p := Params{From: []string{"example.org"}, Rand: rand.New(rand.NewPCG(1, 2))}
	count := map[string]int{}
	for range 2000 {
		r := Evaluate(t.Context(), dns, p)
		count[r.Disposition+" "+r.Override]++
	}
	if n := count["reject "]; n < 520 || n > 680 || count["quarantine sampled_out"] != 2000-n {
		t.Errorf("of 2000 messages with pct=30: %v", count)
	}
	p.NoSampling = func(d string) bool { return d == "example.org" }
	clear(count)
	for range 200 {
		r := Evaluate(t.Context(), dns, p)
		count[r.Disposition]++
		count[r.Override]++
	}
	if count["reject"] != 200 || count["local_policy"] == 0 {
		t.Errorf("a domain that is not sampled: %v", count)
	}
	if r := Evaluate(t.Context(), dns, Params{From: p.From}); r.Disposition != "reject" {
		t.Errorf("without random numbers: %+v", r)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, d := range []Discovery{PublicSuffix, TreeWalk} {
		if r := Evaluate(ctx, zone.Must("_dmarc.example.org !hang"), Params{From: []string{"example.org"}, Discovery: d}); r.Status != "temperror" {
			t.Errorf("got %+v", r)
		}
	}
}

func TestResultIsData(t *testing.T) {
	r := Evaluate(t.Context(), zone.Must(`_dmarc.example.org TXT "v=DMARC1; p=x; t=y; rua=mailto:a@example.org!1m"`),
		Params{From: []string{"example.org"}, Discovery: TreeWalk})
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again Result
	if err := json.Unmarshal(data, &again); err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("%s became %+v, %v", data, again, err)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	dns := zone.Must(`_dmarc.example.org TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@example.org"`)
	for name, d := range map[string]Discovery{"list": PublicSuffix, "walk": TreeWalk} {
		b.Run(name, func(b *testing.B) {
			p := Params{From: []string{"news.example.org"}, SPF: pass("bounce.example.org"), Discovery: d,
				DKIM: []dkim.Signature{{Domain: "mail.example.org", Status: "pass"}}}
			b.ReportAllocs()
			for b.Loop() {
				if r := Evaluate(b.Context(), dns, p); r.Status != "pass" {
					b.Fatal(r)
				}
			}
		})
	}
}

func TestAligned(t *testing.T) {
	for _, c := range []struct {
		a, b            string
		strict, relaxed bool
	}{
		{"example.org", "EXAMPLE.org.", true, true},
		{"a.example.org", "b.example.org", false, true},
		{"a.example.co.uk", "b.co.uk", false, false},
		{"co.uk", "a.co.uk", false, false},
		{"b\u00fccher.example", "XN--BCHER-KVA.example", true, true},
		{"a.b\u00fccher.org", "xn--bcher-kva.org", false, true},
		{"\uff45xample.org", "example.org", true, true},
		{"example.org\uff1bx", "example.org\uff1bx", false, false}, // a fullwidth semicolon
		{"a\uff20example.org", "example.org", false, false},        // and at sign
		{"", "", false, false}, {".", ".", false, false}, {"a..b", "a..b", false, false}, {"\xff.org", "\xff.org", false, false},
	} {
		if got := Aligned(c.a, c.b, true); got != c.strict {
			t.Errorf("%q and %q, strict: %v", c.a, c.b, got)
		}
		if got := Aligned(c.b, c.a, false); got != c.relaxed {
			t.Errorf("%q and %q: %v", c.a, c.b, got)
		}
	}
}
