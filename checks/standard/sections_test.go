package standard

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/lists"
)

// TestSections holds that each key of each table has help and a name of its
// own, and that what a file says at it reaches the options.
func TestSections(t *testing.T) {
	names := map[string]bool{}
	for i, s := range new(Options).Sections() {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		if names[s.Name] {
			t.Errorf("the section %s is there twice", s.Name)
		}
		names[s.Name] = true
		effects(t, s.Name, s, func() (*Options, *option.Section) {
			o := new(Options)
			return o, o.Sections()[i]
		}, func(v any) any { return v })
	}
}

// effects applies one key after the other, each to new options. wrap puts a
// value below the keys that lead to the section.
func effects(t *testing.T, path string, s *option.Section, make func() (*Options, *option.Section), wrap func(any) any) {
	t.Helper()
	plain, whole := make()
	if err := whole.Apply(option.Of(wrap(with(s.Example, nil))), func(error) {}); err != nil {
		t.Errorf("%s with nothing: %v", path, err)
	}
	for _, k := range s.Keys {
		at := path + "." + k.Name()
		if k.Absent != "" || k.Picks() {
			continue
		}
		if k.Sample() == nil {
			if len(k.Sections) == 0 {
				t.Errorf("%s: no value is known that has an effect", at)
			}
			for _, below := range k.Sections {
				effects(t, at, below, make, func(v any) any { return wrap(with(s.Example, k.Around(v))) })
			}
			continue
		}
		example := with(s.Example, k.Beside()).(map[string]any)
		plain := plain
		if k.Beside() != nil {
			other, whole := make()
			plain = other
			if err := whole.Apply(option.Of(wrap(example)), func(error) {}); err != nil {
				t.Errorf("%s beside nothing: %v", at, err)
			}
		}
		o, whole := make()
		var warnings []error
		if err := whole.Apply(option.Of(wrap(with(example, map[string]any{k.Name(): k.Sample()}))), func(err error) { warnings = append(warnings, err) }); err != nil || len(warnings) > 0 {
			t.Errorf("%s = %v: %v, %v", at, k.Sample(), err, warnings)
		}
		if same(t, plain, o) {
			t.Errorf("%s = %v has no effect", at, k.Sample())
		}
	}
}

// with is a section with the keys of both.
func with(a, b map[string]any) any {
	all := map[string]any{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// same compares options, fields that JSON leaves out too.
func same(t *testing.T, a, b *Options) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y) && reflect.DeepEqual(a, b)
}

// An operator's rule of multimap takes the place of what stands for Rspamd's rule of
// its name.
func TestOperatorsRules(t *testing.T) {
	raisers := func(o Options) map[string]int {
		n := map[string]int{}
		for _, c := range Checks(o) {
			for _, d := range c.Symbols {
				n[d.Name]++
			}
		}
		return n
	}
	list, err := lists.NewWatcher(lists.Options{}).List(lists.Definition{Name: "own", Entries: []string{"example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	rule := func(symbol string) multimap.Rule {
		return multimap.Rule{Symbol: symbol, Type: multimap.Header, Headers: []string{"Cc"}, Filter: "email:domain", List: list}
	}
	o := Options{Multimap: multimap.Options{Rules: []multimap.Rule{rule("FREEMAIL_CC"), rule("REDIRECTOR_URL"), rule("SUBJ_ALL_CAPS")}}}
	n := raisers(o)
	for symbol, want := range map[string]int{"FREEMAIL_CC": 1, "FREEMAIL_FROM": 1, "REDIRECTOR_URL": 1, "SUBJ_ALL_CAPS": 2} {
		if n[symbol] != want {
			t.Errorf("%d checks raise %s, want %d", n[symbol], symbol, want)
		}
	}
	if _, err := checks.NewPlan(Families(o)); err != nil {
		t.Error(err)
	}
}
