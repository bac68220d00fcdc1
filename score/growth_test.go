package score

import (
	"fmt"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/symbols"
)

// Adding composites, changing and removing them takes as long as there are composites.
func TestManyComposites(t *testing.T) {
	base, err := (&Metric{}).Compile(Symbols{Defs: []*symbols.Def{def("A", 1), def("B", 2)}})
	if err != nil {
		t.Fatal(err)
	}
	worktest.Linear(t, "composites", 8_000, func(n int) func() {
		added, changed := Layer{Composites: map[string]*Composite{}}, Layer{Composites: map[string]*Composite{}}
		for i := range n {
			name := fmt.Sprintf("C%d", i)
			added.Composites[name] = &Composite{Def: def(name, 1, "g"), Expression: fmt.Sprintf("A & !B | X%d", i), Policy: Leave, Unknown: true}
			if changed.Composites[name] = nil; i%2 == 0 {
				changed.Composites[name] = &Composite{Def: def(name, 2, "g"), Expression: "A & B"}
			}
		}
		return func() {
			more, err := base.With(added)
			if err != nil || len(more.Composites()) != n {
				t.Fatal(err)
			}
			if less, err := more.With(changed); err != nil || len(less.Composites()) != (n+1)/2 {
				t.Fatal(err)
			}
		}
	})
}
