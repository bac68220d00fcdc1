package profile

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

func TestProfiles(t *testing.T) {
	for name, p := range map[string]Profile{"rspamd": Rspamd(), "rspamd-exact": RspamdExact(), "rspamd-3.4": Rspamd34(), "dms": DMS()} {
		if p.Name != name {
			t.Errorf("%s is named %q", name, p.Name)
		}
		if err := p.Thresholds.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(p.Subject, "%s") {
			t.Errorf("%s: subject %q", name, p.Subject)
		}
		if _, ok := p.Thresholds[actions.RewriteSubject]; ok {
			t.Errorf("%s rewrites subjects", name)
		}
		// No check is there: a profile speaks of symbols to come.
		c, err := p.Metric.Compile(score.Symbols{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// A user's own weight must be of a symbol that is there.
		if _, err := c.With(score.Layer{Weights: map[string]float64{"R_SPF_ALOW": 1}}); err == nil {
			t.Errorf("%s: a misspelt weight is accepted", name)
		}
	}
}

func TestProfilesAreFresh(t *testing.T) {
	p := DMS()
	p.Metric.Weights["AUTH_NA"] = 99
	p.Metric.Groups["headers"] = score.Group{}
	p.Thresholds[actions.Reject] = 1
	if q := DMS(); q.Metric.Weights["AUTH_NA"] != 2.5 || q.Thresholds[actions.Reject] != 11 || q.Metric.Groups["headers"].Max != 8 {
		t.Error("profiles share their maps")
	}
}

func TestDMS(t *testing.T) {
	defs := []*symbols.Def{{Name: "R_SPF_NA"}, {Name: "R_DKIM_NA"}, {Name: "DMARC_NA"}, {Name: "ARC_NA"}, {Name: "OTHER", Weight: 3}}
	m := DMS().With([]score.Composite{{
		Def:        &symbols.Def{Name: "AUTH_NA", Weight: 1},
		Expression: "R_DKIM_NA & R_SPF_NA & DMARC_NA & ARC_NA",
		Policy:     score.RemoveWeight,
	}})
	c, err := m.Metric.Compile(score.Symbols{Defs: defs})
	if err != nil {
		t.Fatal(err)
	}
	s := c.NewSheet()
	for _, d := range defs {
		s.Add(symbols.Hit{Def: d, Factor: 1})
	}
	s.Compose(1)
	if got := s.Total(); got != 1.5+1+0.5+0+3+2.5 {
		t.Error(got)
	}
}

func TestRspamd34Composites(t *testing.T) {
	p := Rspamd34()
	m := p.With([]score.Composite{{Def: &symbols.Def{Name: "REDIRECTOR_URL_ONLY"}, Expression: "A"}})
	if len(m.Metric.Composites) != len(p.Metric.Composites)+1 || m.Metric.Composites[0].Def.Name != "REDIRECTOR_URL_ONLY" {
		t.Error("With does not join the composites")
	}
	c, err := m.Metric.Compile(score.Symbols{Defs: []*symbols.Def{{Name: "A"}}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Enabled(m.Metric.Composites[0].Def) || !c.Enabled(m.Metric.Composites[1].Def) {
		t.Error("a composite of 4.1.6 is on, or one of 3.4 is off")
	}
}

// listed is a symbol as Rspamd's /symbols tells it.
type listed struct {
	weight float64
	groups []string
}

func symbolsOf(t *testing.T, version string) map[string]listed {
	t.Helper()
	raw, err := os.ReadFile(shared.Path(t, "reference/rspamd-api/"+version+"/http-symbols.json"))
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Group string
		Rules []struct {
			Symbol string
			Weight float64
		}
	}
	if err := json.Unmarshal(raw, &groups); err != nil {
		t.Fatal(err)
	}
	all := map[string]listed{}
	for _, g := range groups {
		for _, r := range g.Rules {
			all[r.Symbol] = listed{r.Weight, append(all[r.Symbol].groups, g.Group)}
		}
	}
	return all
}

// TestAgainstRspamd compiles the profiles with the symbols that 4.1.6 has and
// compares with what the versions say of themselves.
func TestAgainstRspamd(t *testing.T) {
	head, old := symbolsOf(t, "4.1.6"), symbolsOf(t, "3.4")
	var defs []*symbols.Def
	for name, l := range head {
		defs = append(defs, &symbols.Def{Name: name, Weight: l.weight, Groups: l.groups})
	}
	r, r34 := Rspamd(), Rspamd34()
	r34.Metric.Composites = nil
	now, err := r.Metric.Compile(score.Symbols{Defs: defs})
	if err != nil {
		t.Fatal(err)
	}
	then, err := r34.Metric.Compile(score.Symbols{Defs: defs})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range defs {
		if got := now.Weight(d); got != d.Weight || !now.Enabled(d) {
			t.Errorf("%s weighs %v, in Rspamd %v", d.Name, got, d.Weight)
		}
		l, known := old[d.Name]
		if !unlisted(d.Name) && then.Enabled(d) != known {
			t.Errorf("%s: in 3.4 %v, enabled %v", d.Name, known, then.Enabled(d))
		}
		if known && then.Weight(d) != l.weight {
			t.Errorf("%s weighs %v, in 3.4 %v", d.Name, then.Weight(d), l.weight)
		}
		if groups := r34.Metric.SymbolGroups[d.Name]; groups != nil && !sameSet(groups, l.groups) {
			t.Errorf("%s is in %v, in 3.4 in %v", d.Name, groups, l.groups)
		}
	}
}

// unlisted tells the entries of Rspamd that run rules but are no symbols, and
// a symbol that 3.4 has but lists only when a feed is configured.
func unlisted(name string) bool {
	return strings.Contains(name, "CALLBACK") || strings.Contains(name, "CHECK") || name == "HAS_X_PRIO" ||
		name == "PHISHED_GENERIC_SERVICE"
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
