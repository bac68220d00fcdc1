package spamassassin_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/spamassassin"
	"github.com/winnowmail/winnow/symbols"
)

var other = &symbols.Def{Name: "OTHER_FAMILY", Doc: "x"}

func TestFixtures(t *testing.T) {
	o := spamassassin.Options{Paths: []string{"testdata/*.cf"}}
	if p := o.Problems(); len(p) > 0 {
		t.Fatal(p)
	}
	checktest.Run(t, spamassassin.New(o), checktest.With(&checks.Check{Name: "other", Doc: "x", Symbols: []*symbols.Def{other}, Run: func(_ context.Context, t *checks.Task) error {
		t.Hit(other)
		return nil
	}}))
}

// one reads a file and returns its family.
func one(text string) (*checks.Family, []spamassassin.Problem) {
	o := spamassassin.Options{Files: []spamassassin.File{{Name: "local.cf", Text: text}}}
	return spamassassin.New(o), o.Problems()
}

// weights lists the symbols of a file with their weights.
func weights(text string) map[string]float64 {
	f, _ := one(text)
	all := map[string]float64{}
	for _, c := range f.Checks {
		for _, d := range c.Symbols {
			all[d.Name] = d.Weight
		}
	}
	return all
}

func TestScores(t *testing.T) {
	got := weights("body A /a/\nscore A 1 2 3 4\nbody B /b/\nbody C /c/\ntflags C nice\nbody T_D /d/\nbody __E /e/\nbody F /f/\nscore F 0\nbody G /g/\nscore G 0.4\n" +
		"meta M __E\nscore M 0.1\nbody H /h/\nscore H 2\nscore H (0.5)\nscore A 5 # a later one holds\nbody B /again/\nmeta T_N A\n")
	want := map[string]float64{"A": 5, "B": 1, "C": -1, "M": .1, "H": 2.5, "T_N": .01}
	for name, w := range want {
		if got[name] != w {
			t.Errorf("%s: %v, want %v", name, got[name], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
}

// TestProblems holds that every line that has no effect is told, with its place
// and the reason.
func TestProblems(t *testing.T) {
	for line, want := range map[string]string{
		"body A": "the rule looks at nothing", "body A-B /x/": "the name of the rule", "body A x": "a pattern in slashes is missing", "body A /x": "not closed", "body A /(/": "parenthesis is not closed",
		"header A Subject /x/": "neither =~ nor !~", "header A Subject:frob =~ /x/": "the modifier :frob", "body A eval:frobnicate()": "the function frobnicate is not here",
		"header A eval:check_for_missing_to_heade()": `did you mean "check_for_missing_to_header"?`, "meta A B &&": "an operand is missing", "meta A B ? C : D": `"?" in a meta rule`, "score A": "one number or four",
		"score A x": "a score is not understood", "else": "else without if", "endif": "endif without if", "if frob\nbody A /x/\nendif": "the condition is not understood", "ifplugin X": "not closed by endif",
		"uri_detail A text =~ /x/": "asks DNS lists", "required_score 5": "a setting of SpamAssassin's own", "loadplugin X": "for SpamAssassin itself", "body A /x/q": "flag 'q' is not known",
		"header A eval:check_header_count_range('X')": "wants a header and", "body A eval:check_for_mime('x')": `does not know "x"`, "selector A usr =~ /x/": "unknown extractor", "mimeheader A X:addr =~ /x/": "modifier :addr",
		"body A eval:check_body_length('x')": "is no number", "body A eval:check_body_length('x": "not closed", "body A /(a)\\2/": "there is no group 2",
	} {
		_, problems := one("# a comment\n" + line + "\n")
		if len(problems) != 1 || !strings.Contains(problems[0].Reason, want) || problems[0].File != "local.cf" || problems[0].Line != 2 {
			t.Errorf("%q: %v, want %s", line, problems, want)
		}
	}
	o := spamassassin.Options{Paths: []string{filepath.Join(t.TempDir(), "*.cf")}}
	if p := o.Problems(); len(p) != 1 || !strings.Contains(p[0].String(), "no such file") {
		t.Errorf("%v", p)
	}
	for want, o := range map[string]spamassassin.Options{"MatchLimit": {MatchLimit: -1}} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
}

func TestConditions(t *testing.T) {
	for cond, want := range map[string]bool{
		"if (version >= 3.004000)": true, "if version < 4": false, "if !(version >= 3.004)": false, "if can(Mail::SpamAssassin::Conf::feature_bug6558_free)": true, "if can(Mail::SpamAssassin::Conf::nope)": false,
		"if plugin(Mail::SpamAssassin::Plugin::FreeMail) && perl_version >= 5.010000": true, "if local_tests_only": false, "if 1": true, "if 0 || (1 && !0)": true,
		"if can(Mail::SpamAssassin::Plugin::BodyEval::has_check_body_length)": true, "if 2 > 1": true, "ifplugin Mail::SpamAssassin::Plugin::DKIM": false, "ifplugin Mail::SpamAssassin::Plugin::HTMLEval # {": true,
		"if (1 == 1) && 2 != 3": true, "if 3 <= 2": false,
	} {
		got := weights(cond + "\nbody A /a/\nif 0\nbody N /n/\nelse\nbody I /i/\nendif\nelse\nbody B /b/\nendif\nbody C /c/\n")
		if _, a := got["A"]; a != want {
			t.Errorf("%s: %v", cond, got)
		}
		_, b := got["B"]
		_, i := got["I"]
		if _, c := got["C"]; b == want || i != want || !c || got["N"] != 0 {
			t.Errorf("%s: %v", cond, got)
		}
	}
}

func TestSection(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.cf")
	if err := os.WriteFile(name, []byte("body A /a/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var o spamassassin.Options
	var warnings []string
	err := o.Section().Apply(option.Of(map[string]any{
		"rules": name, "more": []string{name, "/nonexistent/x.cf"}, "alpha": 0.2, "match_limit": 1000.0, "scores_priority": 2.0, "pcre_only": []string{"A"},
	}), func(err error) { warnings = append(warnings, err.Error()) })
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "pcre_only") {
		t.Errorf("%v %q", err, warnings)
	}
	if len(o.Paths) != 3 || o.Alpha != .2 || o.MatchLimit != 1000 || len(o.Problems()) != 1 {
		t.Errorf("%+v %v", o, o.Problems())
	}
	if f := spamassassin.New(o); f.Err != nil || len(f.Checks) != 1 {
		t.Errorf("%v", f.Err)
	}
}

// TestMetaRulesInCircles: a rule that needs its own value is 0 there.
func TestMetaRulesInCircles(t *testing.T) {
	f, problems := one("meta A B || C\nmeta B A || D\nmeta C B && A\nheader D exists:Subject\nmeta E A + B + C == 2\n")
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{f}})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	defer s.Close(context.Background())
	res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Subject: x\r\n\r\ny\r\n"))})
	if err != nil || res.Symbol("A") == nil || res.Symbol("D") == nil {
		t.Errorf("%v %v", res.Symbols, err)
	}
}

// FuzzRead holds that any file is read to its end, and that what was read runs.
func FuzzRead(f *testing.F) {
	data, err := os.ReadFile("testdata/rules.cf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	for _, line := range regexp.MustCompile(`\n+`).Split(string(data), -1) {
		f.Add(line)
	}
	f.Add("if (version >= 3 && !plugin(X)) || can(Y)\nmeta A (B + C) > 1\nelse\nscore A (1)\nendif\nreplace_tag A <A><B>\nreplace_rules X\nbody X /<A>/")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		family, problems := one(text)
		if lines := strings.Count(text, "\n") + 1; len(problems) > 2*lines {
			t.Fatalf("%d problems in %d lines", len(problems), lines)
		}
		s, err := winnow.New(winnow.Options{Families: []*checks.Family{family}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())
		if _, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("From: a@example.org\r\nSubject: x\r\n\r\nhello 1\r\n"))}); err != nil {
			t.Fatal(err)
		}
	})
}
