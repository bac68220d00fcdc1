package multimap_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/option"
)

const rulesOfPatterns = `
# what only serves others has no score
body __PILLS /\bpills\b/i
body PLAIN /cheap/i
header SUBJECT_OFFER Subject =~ /offer/i
score SUBJECT_OFFER 2.5
describe SUBJECT_OFFER the subject offers something
selector FROM_SHOP from:domain =~ /^shop\.example$/
score FROM_SHOP 0.1
meta OFFERED_PILLS __PILLS & PLAIN & SUBJECT_OFFER
score OFFERED_PILLS 4
meta EITHER __PILLS | FROM_SHOP
nonsense here
`

// A list of rules raises what has a score and all meta rules.
func TestRuleList(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rules.map")
	if err := os.WriteFile(name, []byte(rulesOfPatterns), 0o600); err != nil {
		t.Fatal(err)
	}
	var o multimap.Options
	section := map[string]any{"RULES": map[string]any{"type": "regexp_rules", "map": name}, "LOCAL": map[string]any{"type": "ip", "map": []string{"192.0.2.1"}}}
	if err := o.Section().Apply(option.Of(section), func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	f := multimap.New(o)
	if f.Err != nil || len(f.Checks) != 2 {
		t.Fatalf("%v, %d checks", f.Err, len(f.Checks))
	}
	weights := map[string]float64{}
	for _, d := range f.Checks[1].Symbols {
		weights[d.Name] = d.Weight
		if !slices.Equal(d.Groups, []string{"multimap"}) {
			t.Errorf("%s is of %q", d.Name, d.Groups)
		}
	}
	want := map[string]float64{"SUBJECT_OFFER": 2.5, "FROM_SHOP": 0.1, "OFFERED_PILLS": 4, "EITHER": 1}
	for name, w := range want {
		if weights[name] != w {
			t.Errorf("%s counts %v, want %v", name, weights[name], w)
		}
	}
	if len(weights) != len(want) {
		t.Errorf("symbols %v", weights)
	}
	if p := o.RuleProblems(); len(p) != 1 || p[0].File != "RULES" || p[0].Line != 13 {
		t.Errorf("problems %v", p)
	}
	other := o
	other.RuleLists = nil
	if a, b := f.Config, multimap.New(other).Config; a == b {
		t.Error("the rules are no part of the configuration")
	}
}

// A list that is asked has no rules.
func TestRuleListAsked(t *testing.T) {
	for name, rule := range map[string]map[string]any{
		"none":  {"type": "regexp_rules"},
		"asked": {"type": "regexp_rules", "map": map[string]any{"external": true, "backend": "http://192.0.2.1/", "method": "query"}},
	} {
		var o multimap.Options
		if err := o.Section().Apply(option.Of(map[string]any{"RULES": rule}), func(error) {}); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}
