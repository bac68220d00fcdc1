package reputation_test

import (
	"fmt"
	"testing"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/reputation"
	"github.com/winnowmail/winnow/internal/worktest"
)

// Reading a section takes as long as there are rules.
func TestManyRules(t *testing.T) {
	worktest.Linear(t, "rules", 3000, func(n int) func() {
		rules := map[string]any{}
		for i := range n {
			rules[fmt.Sprintf("r%d", i)] = map[string]any{"selector": map[string]any{"spf": map[string]any{}}, "symbol": fmt.Sprintf("RULE_%d", i)}
		}
		section := option.Of(map[string]any{"rules": rules})
		return func() {
			var o reputation.Options
			if err := o.Section().Apply(section, func(err error) { t.Error(err) }); err != nil || len(o.Rules) != n {
				t.Fatal(err, len(o.Rules))
			}
		}
	})
}
