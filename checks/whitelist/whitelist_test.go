package whitelist_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/whitelist"
)

const domains = `
# A list as operators write them.
news.sender.test   # not a registrable domain: only From finds it
example.org
example.com both:1.5
example.net bl:
example.test 0.5
bücher.example both:
`

func rules(t *testing.T) []whitelist.Rule {
	list, err := whitelist.ParseDomains(domains)
	if err != nil {
		t.Fatal(err)
	}
	rules := whitelist.Lists{SPF: list, DKIM: list, SPFDKIM: list, DMARC: list}.Rules()
	return append(rules,
		whitelist.Rule{Symbol: "STRICT_DMARC", DMARC: true, Strict: true, Weight: -3, Domains: map[string]whitelist.Entry{"example.org": {}}},
		whitelist.Rule{Symbol: "PRETENDER", SPF: true, Blacklist: true, Weight: 2, InverseFactor: 2, Domains: map[string]whitelist.Entry{"example.org": {}}},
		whitelist.Rule{Symbol: "PROVEN_ALL", Inverse: "REFUTED_ALL", SPF: true, DKIM: true, DMARC: true, Weight: -3, Domains: list},
	)
}

func others() []*checks.Check {
	return slices.Concat(spf.New(spf.Options{}).Checks, dkim.New(dkim.Options{}).Checks, dmarc.New(dmarc.Options{}).Checks,
		relay.New(relay.Options{}).Checks, aliases.New(aliases.Options{}).Checks)
}

func TestFixtures(t *testing.T) {
	checktest.Run(t, whitelist.New(whitelist.Options{Rules: rules(t)}), checktest.With(others()...))
}

func TestRules(t *testing.T) {
	for _, o := range []whitelist.Options{{}, {Lists: &whitelist.Lists{}}} {
		if list := whitelist.New(o).Checks; len(list) != 1 || len(list[0].Symbols) != 8 || list[0].Start != nil {
			t.Errorf("%+v: %+v", o, list)
		}
	}
	dom := map[string]whitelist.Entry{"example.org": {}}
	for _, c := range []struct {
		want  string
		rules []whitelist.Rule
	}{
		{"Rules[0].Symbol: missing", []whitelist.Rule{{SPF: true, Domains: dom}}},
		{"Rules[0].DMARC: one of SPF", []whitelist.Rule{{Symbol: "A", Domains: dom}}},
		{"Rules[1].Symbol: there is another rule with the symbol A", []whitelist.Rule{{Symbol: "A", SPF: true}, {Symbol: "B", Inverse: "A", SPF: true}}},
		{`Rules[0].Domains["Example.org"]: wrong entry`, []whitelist.Rule{{Symbol: "A", SPF: true, Domains: map[string]whitelist.Entry{"Example.org": {}}}}},
		{`Rules[0].Domains["example.org"]: wrong entry`, []whitelist.Rule{{Symbol: "A", SPF: true, Domains: map[string]whitelist.Entry{"example.org": {Mode: 9}}}}},
	} {
		if f := whitelist.New(whitelist.Options{Rules: c.rules}); f.Err == nil || !strings.Contains(f.Err.Error(), c.want) {
			t.Errorf("got %v, want %s", f.Err, c.want)
		}
	}
}

func TestBuiltin(t *testing.T) {
	l := whitelist.Builtin()
	if len(l.DMARC) < 20 || l.DMARC["paypal.com"].Mode != whitelist.Pretending {
		t.Errorf("%d domains, paypal.com %+v", len(l.DMARC), l.DMARC["paypal.com"])
	}
}

func TestBundled(t *testing.T) {
	l := whitelist.Bundled()
	if len(l.DMARC) < 700 || l.DMARC["paypal.com"].Mode != whitelist.Both || len(l.SPFDKIM) < 200 || l.SPFDKIM["github.com"].Factor != 2 {
		t.Errorf("%d and %d domains, paypal.com %+v, github.com %+v", len(l.DMARC), len(l.SPFDKIM), l.DMARC["paypal.com"], l.SPFDKIM["github.com"])
	}
	if f := whitelist.New(whitelist.Options{Lists: &l}); f.Err != nil {
		t.Error(f.Err)
	}
}

func TestParseDomains(t *testing.T) {
	for text, want := range map[string]string{
		"a.example 1 2":          "line 1 (a.example): more than",
		"\n\nb.example grey:":    `line 3 (b.example): unknown mode "grey"`,
		"c.example wl:x":         `line 1 (c.example): the factor "x"`,
		"c.example -1":           `the factor "-1"`,
		"c.example NaN":          `the factor "NaN"`,
		"c.example both:1e9":     `the factor "1e9"`,
		"A.Example. wl:2\n#none": "",
	} {
		list, err := whitelist.ParseDomains(text)
		if want == "" && err == nil {
			if list["a.example"] != (whitelist.Entry{Mode: whitelist.Proven, Factor: 2}) {
				t.Errorf("%q: %v", text, list)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzParseDomains(f *testing.F) {
	f.Add("a.example both:1.5\n# c\nb.example")
	f.Add("a.example\twl:\r\nx 2 # y")
	f.Fuzz(func(t *testing.T, text string) {
		list, err := whitelist.ParseDomains(text)
		if err != nil {
			return
		}
		for d, e := range list {
			if e.Mode > whitelist.Both || e.Factor < 0 {
				t.Errorf("%q: %+v", d, e)
			}
		}
	})
}
