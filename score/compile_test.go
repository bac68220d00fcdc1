package score

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/winnowmail/winnow/symbols"
)

func TestCompileErrors(t *testing.T) {
	a, b := def("A", 1, "g"), def("B", 1)
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		metric Metric
		defs   []*symbols.Def
		want   string
	}{
		{"weight", Metric{Weights: map[string]float64{"A": nan}}, nil, "weight of A"},
		{"symbol's weight", Metric{}, []*symbols.Def{def("C", math.Inf(1))}, "symbol C"},
		{"maximum", Metric{Groups: map[string]Group{"g": {Max: -1}}}, nil, "group g"},
		{"minimum", Metric{Groups: map[string]Group{"g": {Min: 1}}}, nil, "group g"},
		{"profile's minimum", Metric{Groups: map[string]Group{"x": {Min: 1}}}, nil, "group x"},
		{"twice", Metric{}, []*symbols.Def{def("A", 2)}, "A is declared twice"},
		{"nil", Metric{}, []*symbols.Def{nil}, "nil"},
		{"no name", Metric{}, []*symbols.Def{{}}, "no name"},
		{"shots", Metric{}, []*symbols.Def{{Name: "C", MaxShots: -1}}, "MaxShots"},
		{"metric's shots", Metric{MaxShots: -1}, nil, "MaxShots"},
		{"options", Metric{MaxOptionsLen: -1}, nil, "MaxOptionsLen"},
		{"growth", Metric{GrowFactor: 0.5}, nil, "grow factor"},
		{"growth too", Metric{GrowFactor: nan}, nil, "grow factor"},
		{"expression", Metric{Composites: []Composite{{Def: def("X", 1), Expression: "A & "}}}, nil, "composite X: expression: at offset 4"},
		{"composite without symbol", Metric{Composites: []Composite{{Expression: "A"}}}, nil, "no symbol"},
		{"composite twice", Metric{Composites: []Composite{{Def: def("B", 1), Expression: "A"}}}, nil, "B is declared twice"},
		{"composite's symbol is a check's", Metric{Composites: []Composite{{Def: a, Expression: "B"}}}, nil, "composite A"},
		{"policy", Metric{Composites: []Composite{{Def: def("X", 1), Expression: "A", Policy: 9}}}, nil, "policy 9"},
	} {
		_, err := c.metric.Compile(Symbols{Defs: append([]*symbols.Def{a, b}, c.defs...)})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	_, err := (&Metric{Weights: map[string]float64{"X": nan, "Y": nan}}).Compile(Symbols{})
	if err == nil || !strings.Contains(err.Error(), "of X") || !strings.Contains(err.Error(), "of Y") {
		t.Errorf("not all mistakes are told: %v", err)
	}
}

func TestCompileQueries(t *testing.T) {
	a, b, c := def("A", 1, "g"), def("B", 2, "off"), def("C", 3)
	m := Metric{
		Weights: map[string]float64{"A": 7}, Disabled: []string{"C", "B"},
		Composites: parseComposites(t, "X 1 leave: A | NOBODY | g:none\nY 1 leave: NOBODY | B"),
	}
	got := compile(t, m, a, b, c, a)
	if !got.Enabled(a) || got.Enabled(b) || got.Enabled(c) || got.Enabled(def("A", 1)) {
		t.Error("Enabled is wrong")
	}
	if got.Weight(a) != 7 || got.Weight(b) != 2 || got.Weight(def("A", 1)) != 0 {
		t.Error("Weight is wrong")
	}
	if u := got.UnknownAtoms(); !slices.Equal(u, []string{"NOBODY", "g:none"}) {
		t.Errorf("unknown %q", u)
	}
}

func TestParsePolicy(t *testing.T) {
	for p := RemoveAll; p <= Leave; p++ {
		if got, ok := ParsePolicy(p.String()); !ok || got != p {
			t.Errorf("%s: %v %v", p, got, ok)
		}
	}
	if _, ok := ParsePolicy("keep"); ok {
		t.Error("keep is a policy")
	}
}

func TestCompiledIsShared(t *testing.T) {
	defs := letters()
	c := compile(t, Metric{Composites: parseComposites(t, "X 5 default: A & -D\nY 1 leave: g+:mix[/o/]")}, defs...)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				s := c.NewSheet()
				raise(s, defs, "A B D[one] E")
				if s.Compose(1); s.Total() != 8.5 {
					t.Errorf("total %v", s.Total())
					return
				}
			}
		})
	}
	wg.Wait()
}

// Of several Defs of one symbol the one that is not shared says what it is, wherever
// it stands; the symbol is in the groups of all.
func TestSharedSymbol(t *testing.T) {
	own := &symbols.Def{Name: "A", Weight: 3, Groups: []string{"own"}, OneShot: true}
	other := &symbols.Def{Name: "A", Weight: 5, Groups: []string{"other"}, Shared: true}
	third := &symbols.Def{Name: "A", Weight: 7, Groups: []string{"third", "own"}, Shared: true}
	for name, c := range map[string]struct {
		defs   []*symbols.Def
		weight float64
		groups []string
		total  float64 // of a hit by each
	}{
		"own first":   {[]*symbols.Def{own, other}, 3, []string{"own", "other"}, 3},
		"own last":    {[]*symbols.Def{other, third, own}, 3, []string{"own", "other", "third"}, 3},
		"only shared": {[]*symbols.Def{other, third}, 5, []string{"other", "third", "own"}, 10},
	} {
		m, err := (&Metric{Order: []string{"B", "A"}}).Compile(Symbols{Defs: c.defs})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(m.Defs()) != 1 || m.Weight(c.defs[len(c.defs)-1]) != c.weight || !m.Enabled(c.defs[0]) {
			t.Errorf("%s: %d symbols, weight %v", name, len(m.Defs()), m.Weight(c.defs[0]))
		}
		for _, g := range c.groups {
			if got := m.SymbolsOf(g); !slices.Equal(got, []string{"A"}) {
				t.Errorf("%s: the group %s has %q", name, g, got)
			}
		}
		s := m.NewSheet()
		for _, d := range c.defs {
			s.Add(symbols.Hit{Def: d, Factor: 1})
		}
		if len(s.Symbols()) != 1 || s.Total() != c.total {
			t.Errorf("%s: %v, total %v", name, s.Symbols(), s.Total())
		}
	}
	if _, err := (&Metric{Composites: []Composite{{Def: def("A", 1), Expression: "B"}}}).Compile(Symbols{Defs: []*symbols.Def{other, def("B", 1)}}); err == nil {
		t.Error("a composite shares its symbol")
	}
}
