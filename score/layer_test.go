package score

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/symbols"
)

func TestWith(t *testing.T) {
	a, b, c := def("A", 1, "g", "h"), def("B", 2, "h"), def("C", 4)
	comp := def("COMP", 8)
	m := Metric{Composites: []Composite{{Def: comp, Expression: "A", Policy: Leave}}}
	base, err := m.Compile(Symbols{Defs: []*symbols.Def{a, b, c}, Families: map[string][]*symbols.Def{"f": {a, c}, "none": nil}})
	if err != nil {
		t.Fatal(err)
	}
	ptr := func(n int) *int { return &n }
	yes := true
	total := func(c *Compiled) float64 {
		s := c.NewSheet()
		for _, d := range []*symbols.Def{a, b, b} {
			s.Add(hit(d, 1))
		}
		s.Add(hit(base.defs[2], 1))
		s.Compose(1)
		return s.Total()
	}
	for _, x := range []struct {
		name  string
		layer Layer
		want  float64
	}{
		{"nothing", Layer{}, 17},
		{"weight", Layer{Weights: map[string]float64{"A": -1, "COMP": 0.5}}, 7.5},
		{"symbol", Layer{Symbols: map[string]SymbolChange{"B": {OneShot: &yes}}}, 15},
		{"shots", Layer{Symbols: map[string]SymbolChange{"B": {MaxShots: ptr(1)}}}, 15},
		{"group of a symbol", Layer{Symbols: map[string]SymbolChange{"C": {Groups: []string{"new"}}}, Groups: map[string]Group{"new": {Max: 1}}}, 14},
		{"group", Layer{Groups: map[string]Group{"h": {Max: 3}}}, 15},
		{"new composite", Layer{Composites: map[string]*Composite{"X": {Def: def("X", 100), Expression: "B & C", Policy: Leave}}}, 117},
		{"and its weight", Layer{Composites: map[string]*Composite{"X": {Def: def("X", 100), Expression: "B & C", Policy: Leave}}, Weights: map[string]float64{"X": 50}}, 67},
		{"composite removed", Layer{Composites: map[string]*Composite{"COMP": nil}}, 9},
		{"composite replaced", Layer{Composites: map[string]*Composite{"COMP": {Expression: "A & B"}}}, 12},
		{"symbol over group", Layer{Disable: []string{"h"}, Enable: []string{"A"}}, 13},
		{"group over family", Layer{Disable: []string{"f"}, Enable: []string{"g"}}, 13},
		{"family over all", Layer{Disable: []string{"*"}, Enable: []string{"f"}}, 5},
		{"a disabled symbol of an enabled group", Layer{Disable: []string{"A"}, Enable: []string{"g"}}, 8},
		{"the same name in both", Layer{Disable: []string{"g"}, Enable: []string{"g"}}, 17},
	} {
		c, err := base.With(x.layer)
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		if got := total(c); !near(got, x.want) {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
		if got := total(base); got != 17 {
			t.Fatalf("%s: the base has changed: %v", x.name, got)
		}
	}
}

// Two layers over one metric don't see each other, nor what they added.
func TestWithSiblings(t *testing.T) {
	a := def("A", 1)
	base := compile(t, Metric{}, a)
	add := func(name string, w float64) *Compiled {
		c, err := base.With(Layer{Composites: map[string]*Composite{name: {Def: def(name, w), Expression: "A", Policy: Leave}}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	x, y := add("X", 2), add("Y", 3)
	for c, want := range map[*Compiled]float64{base: 1, x: 3, y: 4} {
		s := c.NewSheet()
		s.Add(hit(a, 1))
		if s.Compose(1); s.Total() != want {
			t.Errorf("%v, want %v", s.Total(), want)
		}
	}
	if symbol, _, _ := y.Knows("X"); symbol {
		t.Error("Y knows X")
	}
}

// The sign of a weight decides which symbols g+ and g- stand for.
func TestWithSign(t *testing.T) {
	a := def("A", 1, "g")
	c := compile(t, Metric{Composites: []Composite{{Def: def("X", 10), Expression: "g+:g", Policy: Leave}}}, a)
	minus, err := c.With(Layer{Weights: map[string]float64{"A": -1}})
	if err != nil {
		t.Fatal(err)
	}
	s := minus.NewSheet()
	s.Add(hit(a, 1))
	if s.Compose(1); s.Total() != -1 {
		t.Error(s.Total())
	}
}

// Mistakes without end are told up to a limit, and quickly.
func TestWithManyMistakes(t *testing.T) {
	c := compile(t, Metric{}, letters()...)
	names := strings.Fields(strings.Repeat("UNKNOWN ", 5000))
	_, err := c.With(Layer{Disable: names})
	if err == nil || strings.Count(err.Error(), "UNKNOWN") > maxErrors {
		t.Errorf("%.200v", err)
	}
}

// TestLowers: the weight of a symbol that lowers counts as negative from wherever it
// comes.
func TestLowers(t *testing.T) {
	for _, sign := range []float64{1, -1} {
		a, b, c := def("A", 3*sign), def("B", 0), def("C", 0)
		for _, d := range []*symbols.Def{a, b, c} {
			d.Lowers = true
		}
		m := Metric{Weights: map[string]float64{"B": 4 * sign}}
		base, err := m.Compile(Symbols{Defs: []*symbols.Def{a, b, c}})
		if err != nil {
			t.Fatal(err)
		}
		over, err := base.With(Layer{Weights: map[string]float64{"C": 5 * sign}})
		if err != nil {
			t.Fatal(err)
		}
		s := over.NewSheet()
		for _, d := range []*symbols.Def{a, b, c} {
			s.Add(hit(d, 0.5))
		}
		if got := s.Total(); !near(got, -6) {
			t.Errorf("sign %v: %v, want -6", sign, got)
		}
	}
}
