package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// settingsScanner has two symbols in three groups.
func settingsScanner(tb testing.TB) *winnow.Scanner {
	a := &symbols.Def{Name: "A", Doc: "a", Weight: 1, Groups: []string{"g", "both"}}
	b := &symbols.Def{Name: "B", Doc: "b", Weight: 2, Groups: []string{"h", "both"}}
	c := &checks.Check{Name: "c", Doc: "c", Symbols: []*symbols.Def{a, b}, Run: func(_ context.Context, t *checks.Task) error {
		t.Hit(a)
		t.Hit(b)
		return nil
	}}
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{}, Checks: []*checks.Check{c}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// under scans under a Settings header; ok is false if it is refused.
func under(tb testing.TB, s *winnow.Scanner, header string) (res *winnow.Result, warnings int, ok bool) {
	a, _, err := ParseHeader(header)
	if err != nil {
		return nil, 0, false
	}
	set := Lay(s, func(string, ...any) { warnings++ }, Layer{OfRequest, a})
	if s.Check(*set) != nil {
		return nil, warnings, false
	}
	res, err = s.Scan(context.Background(), &winnow.Message{Settings: set, Body: winnow.FromBytes([]byte("Subject: x\r\n\r\nx\r\n"))})
	if err != nil {
		tb.Fatal(err)
	}
	return res, warnings, true
}

// What is disabled is off whatever is enabled, as in Rspamd; names that nobody
// knows are told and matter to nobody.
func TestSettingsOfRspamd(t *testing.T) {
	s := settingsScanner(t)
	for header, want := range map[string]string{
		`{}`:                         "3 0",
		`{"symbols_enabled":["A"]}`:  "1 0",
		`{"groups_enabled":["h"]}`:   "2 0",
		`{"symbols_disabled":["A"]}`: "2 0",
		`{"groups_enabled":["both"],"groups_disabled":["g"]}`:   "2 0",
		`{"symbols_enabled":["A","B"],"groups_disabled":["g"]}`: "2 0",
		`{"symbols_enabled":["A"],"symbols_disabled":["A"]}`:    "0 0",
		`{"symbols_enabled":["NOBODY"]}`:                        "0 1",
		`{"symbols_enabled":["g"]}`:                             "0 1",
		`{"groups_disabled":["A","NOBODY"]}`:                    "3 2",
		`{"scores":{"A":5,"NOBODY":9}}`:                         "7 1",
	} {
		res, warnings, ok := under(t, s, header)
		if !ok {
			t.Errorf("%s is refused", header)
			continue
		}
		if got := fmt.Sprint(res.Score, " ", warnings); got != want {
			t.Errorf("%s: score and warnings %s, want %s", header, got, want)
		}
	}
	for _, header := range []string{
		`{"actions":{"reject":-1e308}}`, `{"actions":{"reject":1e308}}`, `{"actions":{"reject":1e10}}`, `{"scores":{"A":1e308}}`,
		`{"scores":{"A":-1e10}}`, `{"actions":{"no action":1}}`, `{"actions":{"reject":1e999}}`,
		`{"scores":{"A":null}}`, `{"actions":{"reject":5,"Reject":6}}`, `{"actions":{"add header":5,"add_header":null}}`,
	} {
		if _, _, ok := under(t, s, header); ok {
			t.Errorf("%s is accepted", header)
		}
	}
}

// Names of Rspamd's modules stand for the families that do their work.
func TestCallbacks(t *testing.T) {
	d := &symbols.Def{Name: "R_SPF_ALLOW", Doc: "x", Weight: 1}
	c := &checks.Check{Name: "spf", Doc: "x", Symbols: []*symbols.Def{d}, Run: func(_ context.Context, t *checks.Task) error { t.Hit(d); return nil }}
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{{Name: "spf", Doc: "x", Checks: []*checks.Check{c}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for header, want := range map[string]string{
		`{symbols_enabled = [SPF_CHECK]}`: "1 0", `{symbols_disabled = [SPF_CHECK]}`: "0 0", `{symbols_enabled = [DKIM_CHECK]}`: "0 1", `{groups_enabled = [SPF_CHECK]}`: "0 1",
	} {
		res, warnings, _ := under(t, s, header)
		if got := fmt.Sprint(res.Score, " ", warnings); got != want {
			t.Errorf("%s: score and warnings %s, want %s", header, got, want)
		}
	}
}

// FuzzSettings: whatever a client asks for, the reply is JSON.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		`{"apply":{"symbols_enabled":["A"],"groups_disabled":["h"],"flags":["pass_all"]}}`, `{"scores":{"A":-1e9,"B":1e9}}`,
		`{"actions":{"reject":-1e308}}`, `{"actions":{"reject":1e9,"greylist":null,"add header":-1e9}}`, `{"actions":{"rewrite_subject":-1}}`,
		`{"scores":{"A":1e-320}}`, `{}`, `null`, `[`,
	} {
		f.Add(seed)
	}
	s := settingsScanner(f)
	f.Fuzz(func(t *testing.T, header string) {
		res, _, ok := under(t, s, header)
		if !ok {
			return
		}
		if got := res.JSON(); !json.Valid(got) {
			t.Errorf("%s: %s", header, got)
		}
		e := res.Explain()
		if _, err := json.Marshal([]any{e.Score, e.Points, e.Slack, e.Steps}); err != nil {
			t.Errorf("%s: %v", header, err)
		}
	})
}
