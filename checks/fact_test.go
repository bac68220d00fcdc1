package checks

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// A fact counts when its check ended well, and what the host said stands.
func TestFacts(t *testing.T) {
	f := Fact[int]{Name: "f"}
	var own int
	var end func() error
	set := &Check{Name: "set", Doc: "d", Provides: []AnyFact{f}, Run: func(_ context.Context, t *Task) error {
		f.Set(t, 1)
		f.Set(t, 2)
		own, _ = f.Get(t)
		return end()
	}}
	got, known := 0, false
	read := &Check{Name: "read", Doc: "d", Requires: Facts(f), Run: func(_ context.Context, t *Task) error {
		got, known = f.Get(t)
		return nil
	}}
	plan, err := NewPlan(nil, set, read)
	if err != nil {
		t.Fatal(err)
	}
	fine := func() error { return nil }
	for _, c := range []struct {
		name            string
		end             func() error
		publish         bool
		seeds           []Seeded
		own, want       int
		known, hasValue bool
	}{
		{"ended well", fine, true, nil, 2, 2, true, true},
		{"was cut off", fine, false, nil, 2, 0, false, false},
		{"failed", func() error { return errors.New("bug") }, true, nil, 2, 0, false, false},
		{"panicked", func() error { panic("boom") }, true, nil, 2, 0, false, false},
		{"seeded", fine, true, []Seeded{Seed(f, 6), Seed(f, 7)}, 7, 7, true, true},
		{"seeded with zero", fine, true, []Seeded{Seed(f, 0)}, 0, 0, true, true},
	} {
		s := &State{Message: &mail.Message{}}
		s.SeedFacts(c.seeds)
		end = c.end
		out, err := s.Run(t.Context(), set)
		if wantErr := c.name == "failed" || c.name == "panicked"; (err != nil) != wantErr {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.publish {
			s.Publish(plan, out)
		}
		if _, err := s.Run(t.Context(), read); err != nil {
			t.Fatal(err)
		}
		if own != c.own || got != c.want || known != c.known {
			t.Errorf("%s: the check sees %d, its reader %d (%v)", c.name, own, got, known)
		}
		if v, ok := f.From(s); v != c.want || ok != c.hasValue {
			t.Errorf("%s: the host sees %d (%v)", c.name, v, ok)
		}
		s.Withdraw()
		if _, ok := f.From(s); ok != (c.seeds != nil) {
			t.Errorf("%s: after Withdraw it is there: %v", c.name, ok)
		}
	}
}

func TestSeedsAreValidated(t *testing.T) {
	f := Fact[int]{Name: "f", Valid: func(n int) error {
		if n < 0 {
			return errors.New("below zero")
		}
		return nil
	}}
	plan, err := NewPlan(nil, []*Check{
		{Name: "x", Doc: "d", Run: nop, Provides: []AnyFact{f}},
		{Name: "y", Doc: "d", Run: nop, Requires: Facts(Fact[[]string]{Name: "list"})},
	}...)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		seed Seeded
		want string // in the error
	}{
		{Seed(f, 1), ""},
		{Seed(Fact[[]string]{Name: "list"}, nil), ""},
		{Seed(f, -1), "fact f: below zero"},
		{Seed(Fact[string]{Name: "f"}, "x"), "fact f: a seed of type string, it is a int"},
		{Seed(Fact[any]{Name: "f"}, nil), "fact f: a seed of type <nil>, it is a int"},
	} {
		_, err := plan.ValidateSeeds([]Seeded{c.seed})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v", c.seed, err)
		}
	}
	other := func(name string) Seeded { return Seed(Fact[int]{Name: name}, 1) }
	unknown, err := plan.ValidateSeeds([]Seeded{other("z"), Seed(f, 1), other("b"), other("z")})
	if err != nil || !slices.Equal(unknown, []string{"b", "z"}) {
		t.Errorf("unknown %v, %v", unknown, err)
	}
	for name, want := range map[string]any{"f": 3, "list": []string{"a"}, "other": json.RawMessage(`[3]`)} {
		text := map[string]string{"f": "3", "list": `["a"]`, "other": "[3]"}[name]
		if seed, err := plan.DecodeSeed(name, []byte(text)); err != nil || !reflect.DeepEqual(seed.Value(), want) {
			t.Errorf("%s: %#v, %v", name, seed.Value(), err)
		}
	}
}

func TestIsPanicCostsNothing(t *testing.T) {
	plain := errors.New("bug")
	if n := testing.AllocsPerRun(100, func() {
		if IsPanic(nil) || IsPanic(plain) {
			t.Error("no panic")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
