package score

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/symbols"
)

// composeCase is a message's symbols and what composites make of them.
// Symbols are A to F with weights 1, -2, 0, 4, 0.5, 3; D and B are in the
// groups up and down, E and F in late.
type composeCase struct {
	name       string
	composites string // lines "NAME weight policy: expression"
	raised     string // "A B[opt]"
	shown      string // "NAME=score ..."
	hidden     string
}

func letters() []*symbols.Def {
	return []*symbols.Def{
		def("A", 1), def("B", -2, "mix"), def("C", 0, "mix"), def("D", 4, "mix"), def("E", 0.5), def("F", 3),
	}
}

func parseComposites(t testing.TB, lines string) []Composite {
	t.Helper()
	var list []Composite
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		head, expr, ok := strings.Cut(line, ": ")
		var name, policy string
		var weight float64
		if n, err := fmt.Sscan(head, &name, &weight, &policy); !ok || n != 3 {
			t.Fatalf("composite %q: %v", line, err)
		}
		p, ok := ParsePolicy(policy)
		if !ok {
			t.Fatalf("policy %q", policy)
		}
		list = append(list, Composite{Def: def(name, weight, "composite"), Expression: expr, Policy: p})
	}
	return list
}

func raise(s *Sheet, defs []*symbols.Def, list string) {
	for word := range strings.FieldsSeq(list) {
		name, options, _ := strings.Cut(strings.TrimSuffix(word, "]"), "[")
		for _, d := range defs {
			if d.Name == name {
				h := hit(d, 1)
				if options != "" {
					h.Options = strings.Split(options, ",")
				}
				s.Add(h)
			}
		}
	}
}

func show(list []Scored) string {
	var out []string
	for _, x := range list {
		out = append(out, fmt.Sprintf("%s=%v", x.Name, x.Score))
	}
	return strings.Join(out, " ")
}

func TestCompose(t *testing.T) {
	for _, c := range []composeCase{
		{"remove all", "X 5 remove_all: A & D", "A D E", "E=0.5 X=5", "A=0 D=0"},
		{"remove weight", "X 5 remove_weight: A & D", "A D", "A=0 D=0 X=5", ""},
		{"remove symbol", "X 5 remove_symbol: A & D", "A D", "X=5", "A=1 D=4"},
		{"leave", "X 5 leave: A & D", "A D", "A=1 D=4 X=5", ""},
		{"no match", "X 5 default: A & D", "A", "A=1", ""},
		{"zero and negative symbols count", "X 5 default: B & C", "B C", "X=5", "B=0 C=0"},
		{"tilde keeps the symbol", "X 5 default: ~A & D", "A D", "A=0 X=5", "D=0"},
		{"minus keeps both", "X 5 default: -A & D", "A D", "A=1 X=5", "D=0"},
		{"force beats the policy", "X 5 leave: ^A & D", "A D", "D=4 X=5", "A=0"},
		{"force beats another composite", "X 5 leave: A & D\nY 1 default: ^A", "A D", "D=4 X=5 Y=1", "A=0"},
		{"keeping wins", "X 5 leave: A\nY 1 default: A", "A", "A=1 X=5 Y=1", ""},
		{"each point for itself", "X 5 remove_weight: A\nY 1 remove_symbol: A", "A", "A=1 X=5 Y=1", ""},
		{"weight of both", "X 5 remove_weight: A\nY 1 default: A", "A", "A=0 X=5 Y=1", ""},
		{"a composite that does not match keeps nothing", "X 5 leave: A & D\nY 1 default: A", "A", "Y=1", "A=0"},
		{"below a NOT nothing is removed", "X 5 default: !(A & D) & E", "A E", "A=1 X=5", "E=0"},
		{"not even below two", "X 5 default: !!A", "A", "A=1 X=5", ""},
		{"all raised atoms are removed, decisive or not", "X 5 default: A | D", "A D", "X=5", "A=0 D=0"},
		{"nothing raised", "X 5 default: !A", "", "X=5", ""},
		{"only negations", "X 5 default: !A & !D", "E", "E=0.5 X=5", ""},
		{"negation of what is there", "X 5 default: !A & E", "A E", "A=1 E=0.5", ""},
		{"group", "X 5 default: g:mix & A", "A C D", "X=5", "A=0 C=0 D=0"},
		{"positive group", "X 5 default: g+:mix", "B C D", "B=-2 C=0 X=5", "D=0"},
		{"negative group", "X 5 leave: g-:mix", "C D", "C=0 D=4", ""},
		{"prefix and group", "X 5 default: (~g-:mix) & (-g+:mix)", "B D", "B=0 D=4 X=5", ""},
		{"group counts with its largest", "X 5 leave: g:mix > 3.5", "B D", "B=-2 D=4 X=5", ""},
		{"sums", "X 5 leave: A + E + F > 4", "A E F", "A=1 E=0.5 F=3 X=5", ""},
		{"too small a sum", "X 5 leave: A + E + F > 4.5", "A E F", "A=1 E=0.5 F=3", ""},
		{"without its sign", "X 5 leave: B > 1.5", "B", "B=-2 X=5", ""},
		{"options", "X 5 leave: A[one,/^t/i]", "A[one,Two]", "A=1 X=5", ""},
		{"an option is missing", "X 5 leave: A[one,/^t/]", "A[one,Two]", "A=1", ""},
		{"an option missing is no removal", "X 5 default: A[one] | D", "A[two] D", "A=1 X=5", "D=0"},
		{"of a composite", "X 5 leave: Y & D\nY 1 default: A", "A D", "D=4 Y=1 X=5", "A=0"},
		{"removes a composite", "X 5 default: Y & D\nY 1 leave: A", "A D", "A=1 X=5", "D=0 Y=0"},
		{"negated composite", "X 5 leave: !Y & D\nY 1 leave: A", "D", "D=4 X=5", ""},
		{"circle", "X 5 leave: Y | A\nY 1 leave: X | D", "A", "A=1 X=5", ""},
		{"circle from the other side", "X 5 leave: Y | A\nY 1 leave: X | D", "D", "D=4 Y=1 X=5", ""},
		{"of itself", "X 5 leave: X", "A", "A=1", ""},
		{"own group", "X 5 leave: g:composite & A", "A", "A=1", ""},
		{"unknown symbol", "X 5 leave: NOBODY | A", "A", "A=1 X=5", ""},
		{"its weight is 0", "X 0 leave: A", "A", "A=1 X=0", ""},
		{"chain through a composite of weight 0", "X 0 leave: A\nY 2 leave: X & A", "A", "A=1 X=0 Y=2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			defs := letters()
			s := compile(t, Metric{Composites: parseComposites(t, c.composites)}, defs...).NewSheet()
			raise(s, defs, c.raised)
			s.Compose(1)
			s.Compose(2)
			if got := show(s.Symbols()); got != c.shown {
				t.Errorf("shown %s, want %s", got, c.shown)
			}
			if got := show(s.Hidden()); got != c.hidden {
				t.Errorf("hidden %s, want %s", got, c.hidden)
			}
			sum := 0.0
			for _, x := range append(s.Symbols(), s.Hidden()...) {
				sum += x.Score
				if !s.Has(x.Name) {
					t.Errorf("%s is hidden from Has", x.Name)
				}
			}
			if !near(sum, s.Total()) {
				t.Errorf("total %v, symbols add up to %v", s.Total(), sum)
			}
		})
	}
}

func TestComposeRemovedBy(t *testing.T) {
	defs := letters()
	m := Metric{Composites: parseComposites(t, "X 5 default: A\nY 1 remove_weight: A\nZ 1 leave: D")}
	s := compile(t, m, defs...).NewSheet()
	raise(s, defs, "A D")
	s.Compose(1)
	for _, x := range s.Symbols() {
		want := []string(nil)
		if x.Name == "A" {
			want = []string{"X", "Y"}
		}
		if !slices.Equal(x.RemovedBy, want) {
			t.Errorf("%s removed by %v, want %v", x.Name, x.RemovedBy, want)
		}
	}
}

func TestComposeTwoPasses(t *testing.T) {
	defs := letters()
	m := Metric{Composites: parseComposites(t, `
		NOW 1 leave: A
		LATE 1 default: A & F
		THROUGH 1 leave: LATE
		NEVER 1 leave: A & !F
	`)}
	c, err := m.Compile(Symbols{Defs: defs, Late: defs[5:6]})
	if err != nil {
		t.Fatal(err)
	}
	s := c.NewSheet()
	raise(s, defs, "A")
	s.Compose(1)
	if got := show(s.Symbols()); got != "A=1 NOW=1" {
		t.Error("first pass:", got)
	}
	raise(s, defs, "F")
	s.Compose(2)
	if got := show(s.Symbols()); got != "NOW=1 LATE=1 THROUGH=1" {
		t.Error("second pass:", got)
	}
	for _, info := range c.Composites() {
		if want := 1 + int(truth(info.Def.Name != "NOW")); info.Pass != want {
			t.Errorf("%s is in pass %d", info.Def.Name, info.Pass)
		}
	}
	m.SinglePass = true
	if c, err = m.Compile(Symbols{Defs: defs, Late: defs[5:6]}); err != nil {
		t.Fatal(err)
	}
	s = c.NewSheet()
	raise(s, defs, "A")
	s.Compose(1)
	raise(s, defs, "F")
	s.Compose(2)
	if got := show(s.Symbols()); got != "A=1 NOW=1 NEVER=1 F=3" {
		t.Error("single pass:", got)
	}
}

func TestMetricChangesComposites(t *testing.T) {
	defs := letters()
	m := Metric{
		Composites:  parseComposites(t, "X 5 default: A & D"),
		Policies:    map[string]Policy{"X": Leave, "NOBODY": Leave},
		Expressions: map[string]string{"X": "A & E"},
		Disabled:    []string{"F", "NOBODY"},
		Groups:      map[string]Group{"nobody": {Max: 3}, "composite": {Max: 2}},
	}
	s := compile(t, m, defs...).NewSheet()
	raise(s, defs, "A E F")
	s.Compose(1)
	if got := show(s.Symbols()); got != "A=1 E=0.5 X=2" {
		t.Error(got)
	}
}

// FuzzComposite checks that no expression and no set of symbols breaks the
// books: the total is the sum of the symbols.
func FuzzComposite(f *testing.F) {
	f.Add("A & (!B | C)", "g+:mix & ~X", "!X + Y > 1", uint8(0x15), uint8(2))
	f.Add("^A & -D", "X | Y", "Y", uint8(0xff), uint8(0))
	f.Fuzz(func(t *testing.T, x, y, z string, raised, policy uint8) {
		defs := letters()
		m := Metric{Groups: map[string]Group{"mix": {Max: 3, Min: -1}}}
		for i, e := range []string{x, y, z} {
			p := Policy(policy >> (2 * i) & 3)
			m.Composites = append(m.Composites, Composite{Def: def("XYZ"[i:i+1], float64(i)-0.5), Expression: e, Policy: p})
		}
		c, err := m.Compile(Symbols{Defs: defs, Late: defs[5:6]})
		if err != nil {
			return
		}
		s := c.NewSheet()
		s.Record()
		for i, d := range defs {
			if raised>>i&1 != 0 {
				s.Add(hit(d, 1))
			}
		}
		s.Compose(1)
		s.Compose(2)
		sum := 0.0
		for _, x := range append(s.Symbols(), s.Hidden()...) {
			sum += x.Score
		}
		if !near(sum, s.Total()) {
			t.Fatalf("total %v, symbols add up to %v", s.Total(), sum)
		}
		if steps := s.Steps(); len(steps) > 0 && !near(steps[len(steps)-1].Sum, sum) {
			t.Fatalf("steps end at %v, not %v", steps[len(steps)-1].Sum, sum)
		}
	})
}
