package multimap_test

import (
	"fmt"
	"testing"

	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/internal/worktest"
)

// manyRules is a section of n rules, each of which requires the one before.
func manyRules(n int) option.Value {
	section := map[string]any{}
	for i := range n {
		rule := map[string]any{"type": "from", "map": []string{fmt.Sprintf("%d.example.org", i)}, "filter": "email:domain"}
		if i > 0 {
			rule["require_symbols"] = fmt.Sprintf("RULE_%d", i-1)
		}
		section[fmt.Sprintf("RULE_%d", i)] = rule
	}
	return option.Of(section)
}

// Reading a section and making its checks takes as long as there are rules.
func TestManyRules(t *testing.T) {
	worktest.Linear(t, "rules", 3000, func(n int) func() {
		section := manyRules(n)
		return func() {
			var o multimap.Options
			if err := o.Section().Apply(section, func(err error) { t.Error(err) }); err != nil {
				t.Fatal(err)
			}
			if f := multimap.New(o); f.Err != nil || len(o.Rules) != n {
				t.Fatal(f.Err, len(o.Rules))
			}
		}
	})
}
