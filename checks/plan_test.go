package checks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

func nop(context.Context, *Task) error { return nil }

func TestNewPlanRefuses(t *testing.T) {
	def := &symbols.Def{Name: "A", Doc: "a"}
	f := Fact[int]{Name: "f"}
	late := &Check{Name: "late", Doc: "d", Run: nop, Stage: Late, Symbols: []*symbols.Def{def}}
	for _, tc := range []struct {
		want string
		list []*Check
	}{
		{"no name", []*Check{{Doc: "d", Run: nop}}},
		{"no doc", []*Check{{Name: "x", Run: nop}}},
		{"no Run", []*Check{{Name: "x", Doc: "d"}}},
		{"nil", []*Check{nil}},
		{"listed twice", []*Check{{Name: "x", Doc: "d", Run: nop}, {Name: "x", Doc: "d", Run: nop}}},
		{"declared by check late", []*Check{late, {Name: "x", Doc: "d", Run: nop, Symbols: []*symbols.Def{{Name: "A", Doc: "a"}}}}},
		{"provided by check x", []*Check{
			{Name: "x", Doc: "d", Run: nop, Provides: []AnyFact{f}},
			{Name: "y", Doc: "d", Run: nop, Provides: []AnyFact{f}}}},
		{"runs later", []*Check{late, {Name: "x", Doc: "d", Run: nop, Requires: Defs(def)}}},
		{"cycle", []*Check{
			{Name: "x", Doc: "d", Run: nop, Provides: []AnyFact{f}, Requires: Facts(Fact[int]{Name: "g"})},
			{Name: "y", Doc: "d", Run: nop, Provides: []AnyFact{Fact[int]{Name: "g"}}, Requires: Facts(f)}}},
		{"is a string, for another check it is a int", []*Check{
			{Name: "x", Doc: "d", Run: nop, Provides: []AnyFact{f}},
			{Name: "y", Doc: "d", Run: nop, Requires: Facts(Fact[string]{Name: "f"})}}},
		{"is a string, for another check it is a int", []*Check{
			{Name: "x", Doc: "d", Run: nop, Requires: Facts(f)},
			{Name: "y", Doc: "d", Run: nop, Requires: Facts(Fact[string]{Name: "f"})}}},
		{"empty requirement", []*Check{{Name: "x", Doc: "d", Run: nop, Requires: []Requirement{{}}}}},
		{"not data", []*Check{{Name: "x", Doc: "d", Run: nop, Config: func() {}}}},
		{"without name or doc", []*Check{{Name: "x", Doc: "d", Run: nop, Symbols: []*symbols.Def{{Name: "B"}}}}},
	} {
		if _, err := NewPlan(nil, tc.list...); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("want error with %q, got %v", tc.want, err)
		}
	}
}

func TestPlanOrder(t *testing.T) {
	f := Fact[int]{Name: "f"}
	a := &Check{Name: "a", Doc: "d", Run: nop, Requires: Facts(f)}
	b := &Check{Name: "b", Doc: "d", Run: nop, Provides: []AnyFact{f}}
	e1 := &Check{Name: "e1", Doc: "d", Run: nop, Stage: Early, Priority: 1}
	e9 := &Check{Name: "e9", Doc: "d", Run: nop, Stage: Early, Priority: 9}
	l9 := &Check{Name: "l9", Doc: "d", Run: nop, Stage: Late, Priority: 9}
	l1 := &Check{Name: "l1", Doc: "d", Run: nop, Stage: Late, Priority: 1}
	p, err := NewPlan(nil, a, b, e1, e9, l9, l1)
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range map[Stage][]int{Main: {1, 0}, Early: {3, 2}, Late: {5, 4}} {
		if got := p.Stage(s); !slices.Equal(got, want) {
			t.Errorf("stage %v: order %v, want %v", s, got, want)
		}
	}
}

func TestRunIsolates(t *testing.T) {
	d := &symbols.Def{Name: "D", Doc: "d"}
	other := Fact[int]{Name: "other"}
	state := &State{Message: &mail.Message{}}
	for _, tc := range []struct {
		name  string
		panic bool
		run   func(context.Context, *Task) error
	}{
		{"panics", true, func(context.Context, *Task) error { panic("boom") }},
		{"errors", false, func(context.Context, *Task) error { return errors.New("bug") }},
		{"undeclared symbol", false, func(_ context.Context, t *Task) error { t.Hit(&symbols.Def{Name: "D"}); return nil }},
		{"undeclared fact", false, func(_ context.Context, t *Task) error { other.Get(t); return nil }},
		{"unprovided fact", false, func(_ context.Context, t *Task) error { other.Set(t, 1); return nil }},
		{"unrequired symbol", false, func(_ context.Context, t *Task) error { t.Has(d); return nil }},
	} {
		out, err := state.Run(t.Context(), &Check{Name: "c", Doc: "d", Run: tc.run})
		if err == nil || IsPanic(err) != tc.panic || len(out.Hits) != 0 {
			t.Errorf("%s: out %v, err %v", tc.name, out, err)
		}
	}
}

func TestRandIsPerCheck(t *testing.T) {
	draw := func(seed uint64, name string) (v [2]uint64) {
		s := &State{Message: &mail.Message{}, Seed: seed}
		_, err := s.Run(t.Context(), &Check{Name: name, Doc: "d", Run: func(_ context.Context, t *Task) error {
			v = [2]uint64{t.Rand().Uint64(), t.Rand().Uint64()}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	a, again, b := draw(1, "a"), draw(1, "a"), draw(1, "b")
	if a != again || a == b || a[0] == a[1] {
		t.Errorf("draws %v, again %v, other check %v", a, again, b)
	}
}

// Checks raise one symbol together where all but one of their Defs are shared.
func TestSharedSymbols(t *testing.T) {
	check := func(name string, d *symbols.Def) *Check {
		return &Check{Name: name, Doc: "d", Run: nop, Symbols: []*symbols.Def{d}}
	}
	own := func() *symbols.Def { return &symbols.Def{Name: "A", Doc: "a"} }
	shared := func() *symbols.Def { return &symbols.Def{Name: "A", Doc: "a", Shared: true} }
	one := shared()
	for name, c := range map[string]struct {
		list []*Check
		ok   bool
	}{
		"one of them":            {[]*Check{check("x", own()), check("y", shared())}, true},
		"all":                    {[]*Check{check("x", shared()), check("y", shared()), check("z", shared())}, true},
		"all but the last":       {[]*Check{check("x", shared()), check("y", shared()), check("z", own())}, true},
		"none":                   {[]*Check{check("x", own()), check("y", own())}, false},
		"two beside a third":     {[]*Check{check("x", own()), check("y", shared()), check("z", own())}, false},
		"the same Def two times": {[]*Check{check("x", one), check("y", one)}, false},
	} {
		if _, err := NewPlan(nil, c.list...); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
