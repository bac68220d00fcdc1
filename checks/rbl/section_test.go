package rbl

import (
	"net/netip"
	"testing"

	"github.com/winnowmail/winnow/checks/option"
)

// Answers mean what Rspamd's matchers make of them.
func TestReturnCodes(t *testing.T) {
	for _, c := range []struct {
		matcher, text string
		yes, no       []string
	}{
		{"", "127.0.0.2", []string{"127.0.0.2"}, []string{"127.0.0.20"}},
		{"", "127.0.0.[1-3]", []string{"127.0.0.3"}, []string{"127.0.0.4", "127.0.0.31"}},
		{"", "127%.0%.0%.%d+", []string{"127.0.0.9", "127.0.0.200"}, []string{"127.0.1.9"}},
		{"luapattern", "127%.0%.%d%.[24]", []string{"127.0.7.2", "127.0.0.4"}, []string{"127.0.0.3", "127.0.70.2"}},
		{"luapattern", "127.0.0.1[^0]", []string{"127.0.0.11"}, []string{"127.0.0.10", "127.0.0.1"}},
		{"regexp", `^127\.0\.0\.2$`, []string{"127.0.0.2"}, []string{"127.0.0.25"}},
		{"regexp", `^127\.0\.0\.(?:2|1\d)$`, []string{"127.0.0.2", "127.0.0.17"}, []string{"127.0.0.20"}},
		{"regexp", `\.7$`, []string{"127.3.0.7"}, []string{"127.0.7.2"}},
		{"glob", "127.0.*.2", []string{"127.0.0.2", "127.0.3.2"}, []string{"127.0.3.22"}},
		{"glob", "*.*.*.*", []string{"127.9.8.7"}, nil},
		{"radix", "127.0.0.2/32", []string{"127.0.0.2"}, []string{"127.0.0.3"}},
		{"radix", "127.0.0.16/28", []string{"127.0.0.16", "127.0.0.31"}, []string{"127.0.0.32", "127.0.0.15"}},
		{"radix", "127.0.0.0/22", []string{"127.0.3.255"}, []string{"127.0.4.0"}},
		{"radix", "127.0.0.9", []string{"127.0.0.9"}, []string{"127.0.0.8"}},
	} {
		l := readList(t, map[string]any{"returncodes_matcher": c.matcher, "returncodes": map[string]any{"X": c.text}})
		for list, want := range map[*[]string]bool{&c.yes: true, &c.no: false} {
			for _, ip := range *list {
				if got := len(l.interpret(netip.MustParseAddr(ip).As4()).codes) > 0; got != want {
					t.Errorf("%s %s: %s: %v", c.matcher, c.text, ip, got)
				}
			}
		}
	}
	for matcher, text := range map[string]string{"radix": "127.0.0.2/99", "regexp": "(", "luapattern": "%f[a]", "": "127.0.0"} {
		var o Options
		rule := map[string]any{"rbl": "bl.example.org", "returncodes_matcher": matcher, "returncodes": map[string]any{"X": text}}
		if matcher == "" {
			delete(rule, "returncodes_matcher")
		}
		if err := o.Section().Apply(option.Of(map[string]any{"rbls": map[string]any{"TEST": rule}}), func(error) {}); err == nil {
			t.Errorf("%s %q is read", matcher, text)
		}
	}
}

// readList reads one list of a section.
func readList(t *testing.T, rule map[string]any) *list {
	t.Helper()
	if rule["returncodes_matcher"] == "" {
		delete(rule, "returncodes_matcher")
	}
	rule["rbl"] = "bl.example.org"
	var o Options
	if err := o.Section().Apply(option.Of(map[string]any{"rbls": map[string]any{"TEST": rule}}), func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	l, field, err := compile(o.Lists[len(o.Lists)-1], nil, newDefs())
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	return l
}

// A list of files is asked what selectors give, under their labels, and not about
// domains of its own exceptions.
func TestListOfFiles(t *testing.T) {
	l := readList(t, map[string]any{
		"selector": map[string]any{"by": "helo", "from": "from('smtp'):domain"}, "whitelist": []string{"Example.com"},
		"url_compose_map": []string{"*.example.net"}, "content_urls": true, "received_flags": "ssl",
	})
	if len(l.selectors) != 2 || l.selectors[0].Label != "by" || l.selectors[1].Label != "from" || len(l.requires) == 0 {
		t.Errorf("selectors %+v, %d requirements", l.selectors, len(l.requires))
	}
	if !l.known["example.com"] || len(l.compose) != 1 || !l.asks[ContentURLs] || l.asks[From] || l.Hops.With[0] != "ssl" {
		t.Errorf("%+v", l)
	}
	if one := readList(t, map[string]any{"selector": "helo"}); one.selectors[0].Label != "selector" || one.asks[From] {
		t.Errorf("%+v", one.selectors)
	}
}

// A built-in list whose codes files replace has no more symbols than these.
func TestChangedList(t *testing.T) {
	var o Options
	section := map[string]any{"rbls": map[string]any{"DBL": map[string]any{"returncodes": map[string]any{"DBL_SPAM": "127.0.1.2"}}}}
	if err := o.Section().Apply(option.Of(section), func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	if err := o.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range New(o).Checks {
		for _, d := range c.Symbols {
			if d.Name == "DBL_PHISH" {
				t.Error("a code that is gone has a symbol")
			}
		}
	}
}
