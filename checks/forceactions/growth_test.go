package forceactions_test

import (
	"fmt"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/forceactions"
	"github.com/winnowmail/winnow/internal/worktest"
)

// Validating takes as long as there are rules, and so does making the check.
func TestManyRules(t *testing.T) {
	worktest.Linear(t, "rules", 8000, func(n int) func() {
		var o forceactions.Options
		for i := range n {
			o.Rules = append(o.Rules, forceactions.Rule{Name: fmt.Sprintf("R%d", i), Expression: "A & B", Action: actions.Reject})
		}
		return func() {
			if f := forceactions.New(o); f.Err != nil || len(f.Checks) != 1 {
				t.Fatal(f.Err)
			}
		}
	})
}
