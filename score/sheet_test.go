package score

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/symbols"
)

// def makes a symbol with weight 1 in the groups.
func def(name string, weight float64, groups ...string) *symbols.Def {
	return &symbols.Def{Name: name, Weight: weight, Groups: groups}
}

func hit(d *symbols.Def, factor float64, options ...string) symbols.Hit {
	return symbols.Hit{Def: d, Factor: factor, Options: options}
}

func compile(t testing.TB, m Metric, defs ...*symbols.Def) *Compiled {
	t.Helper()
	c, err := m.Compile(Symbols{Defs: defs})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// score returns a visible symbol's score, NaN if it is not shown.
func (s *Sheet) score(name string) float64 {
	for _, x := range s.Symbols() {
		if x.Name == name {
			return x.Score
		}
	}
	return math.NaN()
}

func TestSheetShots(t *testing.T) {
	once := &symbols.Def{Name: "ONCE", Weight: 2, OneShot: true}
	minus := &symbols.Def{Name: "MINUS", Weight: -1, OneShot: true}
	two := &symbols.Def{Name: "TWO", Weight: 1, MaxShots: 2}
	many := def("MANY", 1)
	for _, c := range []struct {
		name   string
		metric Metric
		hits   []symbols.Hit
		want   float64
	}{
		{"one shot keeps the larger", Metric{}, []symbols.Hit{hit(once, 1), hit(once, 2), hit(once, 1.5)}, 4},
		{"of the same sign", Metric{}, []symbols.Hit{hit(once, 1), hit(once, -5)}, 2},
		{"negative too", Metric{}, []symbols.Hit{hit(minus, 1), hit(minus, 3)}, -3},
		{"after a factor of 0", Metric{}, []symbols.Hit{hit(minus, 0), hit(minus, 1)}, -1},
		{"two shots add, a third counts if larger", Metric{}, []symbols.Hit{hit(two, 1), hit(two, 1), hit(two, 1)}, 2},
		{"and then replaces", Metric{}, []symbols.Hit{hit(two, 1), hit(two, 1), hit(two, 5)}, 5},
		{"default is many", Metric{}, slices.Repeat([]symbols.Hit{hit(many, 1)}, 120), 100},
		{"metric's default", Metric{MaxShots: 3}, slices.Repeat([]symbols.Hit{hit(many, 1)}, 120), 3},
		{"metric's one shot", Metric{OneShot: true}, []symbols.Hit{hit(many, 1), hit(many, 1), hit(two, 1), hit(two, 1)}, 2},
		{"no number", Metric{}, []symbols.Hit{hit(many, math.NaN()), hit(many, math.Inf(1)), hit(many, 1)}, 1},
		{"too large", Metric{}, []symbols.Hit{hit(once, math.MaxFloat64), hit(many, 1)}, Limit + 1},
		{"weight of the metric", Metric{Weights: map[string]float64{"MANY": -3}}, []symbols.Hit{hit(many, 2)}, -6},
		{"that names others", Metric{Weights: map[string]float64{"MANY": 4, "NOBODY": 1}}, []symbols.Hit{hit(many, 1)}, 4},
		{"disabled", Metric{Disabled: []string{"MANY"}}, []symbols.Hit{hit(many, 2)}, 0},
		{"unknown", Metric{}, []symbols.Hit{hit(def("OTHER", 1), 1)}, 0},
	} {
		s := compile(t, c.metric, once, minus, two, many).NewSheet()
		for _, h := range c.hits {
			s.Add(h)
		}
		if !near(s.Total(), c.want) {
			t.Errorf("%s: %v, want %v", c.name, s.Total(), c.want)
		}
	}
}

func TestSheetGroupCaps(t *testing.T) {
	a, b, c := def("A", 3, "g"), def("B", 4, "g", "h"), def("C", -2, "g")
	for _, x := range []struct {
		name   string
		groups map[string]Group
		hits   []symbols.Hit
		want   float64
		b      float64
	}{
		{"reduced to the limit", map[string]Group{"g": {Max: 5}}, []symbols.Hit{hit(a, 1), hit(b, 1)}, 5, 2},
		{"refused at the limit", map[string]Group{"g": {Max: 3}}, []symbols.Hit{hit(a, 1), hit(b, 1)}, 3, 0},
		{"the other sign passes", map[string]Group{"g": {Max: 3}}, []symbols.Hit{hit(a, 1), hit(c, 1), hit(b, 1)}, 3, 2},
		{"a second group sees the reduced value", map[string]Group{"g": {Max: 5}, "h": {Max: 1}}, []symbols.Hit{hit(a, 1), hit(b, 1)}, 4, 1},
		{"minimum", map[string]Group{"g": {Min: -3}}, []symbols.Hit{hit(c, 1), hit(c, 1), hit(b, 0)}, -3, 0},
		{"minimum lets positives pass", map[string]Group{"g": {Min: -3}}, []symbols.Hit{hit(c, 2), hit(b, 2)}, 5, 8},
		{"repeated hits", map[string]Group{"g": {Max: 10}}, []symbols.Hit{hit(b, 1), hit(b, 1), hit(b, 1), hit(b, 1)}, 10, 10},
		{"one shot of the group", map[string]Group{"g": {OneShot: true}}, []symbols.Hit{hit(b, 1), hit(b, 1)}, 4, 4},
	} {
		s := compile(t, Metric{Groups: x.groups}, a, b, c).NewSheet()
		for _, h := range x.hits {
			s.Add(h)
		}
		if !near(s.Total(), x.want) || !near(s.score("B"), x.b) {
			t.Errorf("%s: %v with B %v, want %v with %v", x.name, s.Total(), s.score("B"), x.want, x.b)
		}
	}
}

func TestOrder(t *testing.T) {
	a, b, other := def("A", 3, "g"), def("B", 3, "g"), def("OTHER", 3, "g")
	hits := []symbols.Hit{hit(other, 1), hit(a, 1, "first"), hit(b, 1), hit(a, 0.5, "second")}
	for _, c := range []struct {
		order []string
		want  [3]float64 // of A, B and OTHER
	}{
		{nil, [3]float64{1, 0, 3}},
		{[]string{"B", "UNKNOWN", "A"}, [3]float64{1, 3, 0}},
		{[]string{"A"}, [3]float64{4, 0, 0}},
	} {
		m := compile(t, Metric{Groups: map[string]Group{"g": {Max: 4}}, Order: c.order}, a, b, other)
		s := m.NewSheet()
		for _, h := range m.Sorted(hits) {
			s.Add(h)
		}
		if got := [3]float64{s.score("A"), s.score("B"), s.score("OTHER")}; got != c.want || m.Ordered() != (c.order != nil) {
			t.Errorf("%v: %v, want %v", c.order, got, c.want)
		}
		if hits[0].Def != other {
			t.Error("the hits themselves were sorted")
		}
		i := slices.IndexFunc(s.Symbols(), func(x Scored) bool { return x.Name == "A" })
		if o := s.Symbols()[i].Options; !slices.Equal(o, []string{"first", "second"}) {
			t.Errorf("%v: options %q", c.order, o)
		}
	}
}

func TestSheetOptions(t *testing.T) {
	a := def("A", 1)
	s := compile(t, Metric{MaxOptionsLen: 10}, a).NewSheet()
	s.Add(hit(a, 1, "one", "two", "one"))
	s.Add(hit(a, 1, "two", "abcd", "x", "y"))
	if got := s.Symbols()[0].Options; !slices.Equal(got, []string{"one", "two", "abcd", "..."}) {
		t.Errorf("%q", got)
	}
	s = compile(t, Metric{}, a).NewSheet()
	s.Add(hit(a, 1, "a\x00b", "héé", "\xff", "tab\t", "a�b"))
	if got := s.Symbols()[0].Options; !slices.Equal(got, []string{"a�b", "héé", "�", "tab�"}) {
		t.Errorf("%q", got)
	}
	// Many different options stay a set.
	s = compile(t, Metric{MaxOptionsLen: 1 << 20}, a).NewSheet()
	for i := range 3000 {
		s.Add(hit(a, 1, strings.Repeat("x", i%1000)))
	}
	if got := s.Symbols()[0].Options; len(got) != 1000 {
		t.Errorf("%d options", len(got))
	}
}

func TestSheetEvidenceIsBounded(t *testing.T) {
	a := def("A", 1)
	s := compile(t, Metric{}, a).NewSheet()
	for i := range 100 {
		s.Add(symbols.Hit{Def: a, Factor: 1, Evidence: []symbols.Evidence{{Offset: i}, {Offset: i}}})
	}
	if got := len(s.Symbols()[0].Evidence); got != maxEvidence {
		t.Error(got)
	}
}

func TestSheetGrow(t *testing.T) {
	a, b, c := def("A", 3), def("B", 6), def("C", -2)
	m := Metric{GrowFactor: 1.1}
	s := compile(t, m, a, b, c).NewSheet()
	for _, d := range []*symbols.Def{a, b, c} {
		s.Add(hit(d, 1))
	}
	s.Grow(15)
	factor := 1.1 * (1 + 0.1*3/15) * (1 + 0.1*6/15)
	if !near(s.Total(), 9*factor-2) || !near(s.score("A"), 3*factor) || s.score("C") != -2 {
		t.Errorf("%v, A %v", s.Total(), s.score("A"))
	}
	for _, limit := range []float64{0, -1, math.NaN()} {
		s := compile(t, m, a).NewSheet()
		s.Add(hit(a, 1))
		if s.Grow(limit); s.Total() != 3 {
			t.Errorf("limit %v: %v", limit, s.Total())
		}
	}
}

func TestSheetSteps(t *testing.T) {
	a := &symbols.Def{Name: "A", Weight: 3, OneShot: true, Groups: []string{"g"}}
	b := def("B", 4, "g")
	m := Metric{
		Groups:     map[string]Group{"g": {Max: 5}},
		Composites: []Composite{{Def: def("COMP", 0.5), Expression: "A & -B"}},
		GrowFactor: 1.5,
	}
	c := compile(t, m, a, b)
	play := func(record bool) *Sheet {
		s := c.NewSheet()
		if record {
			s.Record()
		}
		for _, d := range []*symbols.Def{a, a, b} {
			s.Add(hit(d, 1))
		}
		s.Compose(1)
		s.Grow(10)
		return s
	}
	s := play(true)
	var got []string
	sum := 0.0
	for _, st := range s.Steps() {
		got = append(got, strings.TrimSpace(st.Reason.String()+" "+st.Symbol+" "+st.By))
		if sum += st.Delta; !near(sum, st.Sum) {
			t.Errorf("%+v does not add up to %v", st, sum)
		}
	}
	want := []string{"hit A", "shot limit A", "group cap B g", "composite COMP", "removal A COMP", "growth B", "growth COMP"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if !near(sum, s.Total()) {
		t.Errorf("steps end at %v, total %v", sum, s.Total())
	}
	if quiet := play(false); len(quiet.Steps()) != 0 || quiet.Total() != s.Total() {
		t.Error("recording changes the sum, or happens unasked")
	}
}

func TestTotalIsRounded(t *testing.T) {
	a := def("A", 0.1)
	s := compile(t, Metric{}, a).NewSheet()
	for range 10 {
		s.Add(hit(a, 1))
	}
	if s.Total() != 1 {
		t.Error(s.Total())
	}
	s = compile(t, Metric{}, a).NewSheet()
	s.Add(hit(a, math.Copysign(0, -1)))
	if math.Signbit(s.Total()) || math.Signbit(s.Symbols()[0].Score) {
		t.Error("negative zero")
	}
}
