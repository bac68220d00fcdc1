package fused

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

func newModel(t testing.TB, o Options) *Model {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// message is the n-th mail of a class: some of its words are the class's.
func message(n int, spam bool) *mail.Message {
	rnd := rand.New(rand.NewPCG(uint64(n), 7))
	common := strings.Fields("the a of and to in for on with we you our this that it")
	own := strings.Fields("kernel patch review merge branch commit build release compile header")
	if spam {
		own = strings.Fields("winner lottery prize claim transfer million urgent beneficiary cash bonus")
	}
	var text strings.Builder
	for range 60 {
		list := common
		if rnd.IntN(3) == 0 {
			list = own
		}
		text.WriteString(list[rnd.IntN(len(list))] + " ")
	}
	return parse(fmt.Sprintf("From: u%d@example.org\nTo: me@example.net\nSubject: note %d\n\n%s\n", n, n, text.String()))
}

func parse(raw string) *mail.Message { return mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}) }

func teach(t testing.TB, m *Model, f Features, spam, sure bool) Event {
	t.Helper()
	e, _, ok := m.Learn(Lesson{f, spam, sure})
	if !ok {
		return Event{}
	}
	if err := m.Apply(e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestLearnsTwoClasses(t *testing.T) {
	m := newModel(t, Options{Seed: 5, Bits: 16})
	for n := range 60 {
		teach(t, m, m.Features(message(n, n%2 == 0), nil, ""), n%2 == 0, true)
	}
	for n := 100; n < 140; n++ {
		v := m.Classify(m.Features(message(n, n%2 == 0), nil, ""))
		if n%2 == 0 && v.Probability < .8 || n%2 == 1 && v.Probability > .2 {
			t.Errorf("message %d, spam %v: %+v", n, n%2 == 0, v)
		}
	}
}

// TestReplicas applies events as they are read back: the tables are equal, with a
// prior too, and whatever order the features came in.
func TestReplicas(t *testing.T) {
	prior := randomPrior(t, 1<<15)
	o := Options{Seed: 99, Bits: 14, Prior: prior} // few slots: features share them
	a, b := newModel(t, o), newModel(t, o)
	for n := range 80 {
		f := a.Features(message(n, n%2 == 0), []string{"R_SPF_ALLOW"}, "user")
		e, _, ok := a.Learn(Lesson{f, (n%2 == 0) != (n%9 == 0), n%3 == 0})
		if !ok {
			continue
		}
		list := []Event{e}
		if n%5 == 0 {
			list = append(list, e.Reverse())
		}
		for _, e := range list {
			if err := a.Apply(e); err != nil {
				t.Fatal(err)
			}
			if err := b.Apply(reread(t, e)); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(a.tokens, b.tokens) || !slices.Equal(a.grams, b.grams) || !slices.Equal(a.counts.slots, b.counts.slots) || a.weight != b.weight {
			t.Fatalf("after lesson %d the tables differ", n)
		}
	}
}

func reread(t testing.TB, e Event) (back Event) {
	t.Helper()
	b, err := e.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := back.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestUndo(t *testing.T) {
	m := newModel(t, Options{Bits: 18})
	for n := range 40 {
		teach(t, m, m.Features(message(n, n%2 == 0), nil, ""), n%2 == 0, true)
	}
	f := m.Features(message(100, true), nil, "")
	before, counted := m.Classify(f), slices.Clone(m.counts.slots)
	e := teach(t, m, f, false, true)
	wrong := m.Classify(f)
	if err := m.Apply(e.Reverse()); err != nil {
		t.Fatal(err)
	}
	after := m.Classify(f)
	if wrong.LogOdds > before.LogOdds-1 || math.Abs(after.LogOdds-before.LogOdds) > (before.LogOdds-wrong.LogOdds)/4 {
		t.Errorf("log-odds %.2f, wrongly learned %.2f, undone %.2f", before.LogOdds, wrong.LogOdds, after.LogOdds)
	}
	if !slices.Equal(counted, m.counts.slots) || m.counts.ham == 0 || after.Ham != before.Ham {
		t.Error("the counts are not what they were")
	}
}

// TestLabels holds what each origin of a label means: a sure one that the model
// knew changes nothing, an unsure one that contradicts it changes little.
func TestLabels(t *testing.T) {
	m := newModel(t, Options{Bits: 18})
	for n := range 300 {
		teach(t, m, m.Features(message(n, n%2 == 0), nil, ""), n%2 == 0, false)
	}
	f := m.Features(message(1000, true), nil, "")
	if v := m.Classify(f); v.LogOdds < margin {
		t.Fatalf("the model is not sure: %+v", v)
	}
	if _, _, ok := m.Learn(Lesson{f, true, true}); ok {
		t.Error("a correction that corrects nothing is learned")
	}
	if _, _, ok := m.Learn(Lesson{f, true, false}); !ok {
		t.Error("an unsure label has no event")
	}
	sure, _, _ := m.Learn(Lesson{f, false, true})
	doubted, _, _ := m.Learn(Lesson{f, false, false})
	moved := func(e Event) (sum float64) {
		for i, w := range e.Weights {
			sum += math.Abs(float64(w - m.weight[i]))
		}
		return sum
	}
	if math.Abs(float64(doubted.TokenStep)) > math.Abs(float64(sure.TokenStep))/2 || moved(doubted) > moved(sure)/2 {
		t.Errorf("steps %v and, doubted, %v; weights moved by %v and %v", sure.TokenStep, doubted.TokenStep, moved(sure), moved(doubted))
	}
	if !sure.Count || doubted.Count {
		t.Errorf("counted: %v, and doubted %v", sure.Count, doubted.Count)
	}
}

// TestLateClass learns hundreds of one class by labels that may be wrong before
// the first of the other, which is believed none the less.
func TestLateClass(t *testing.T) {
	for _, late := range []bool{false, true} {
		m := newModel(t, Options{Bits: 18})
		for n := range 500 {
			teach(t, m, m.Features(message(n, !late), nil, ""), !late, false)
		}
		for n := range 10 {
			teach(t, m, m.Features(message(1000+n, late), nil, ""), late, false)
		}
		if v := m.Classify(m.Features(message(2000, late), nil, "")); (v.Probability > .5) != late {
			t.Errorf("spam %v comes late: %+v", late, v)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, bits := range []int{-1, 13, 25} {
		if _, err := New(Options{Bits: bits}); err == nil {
			t.Errorf("2^%d slots are taken", bits)
		}
	}
	m := newModel(t, Options{Bits: 14})
	slots := Features{Tokens: View{Slots: []uint32{1 << 14}}}
	for name, e := range map[string]Event{
		"a slot beyond the table":  {Features: slots},
		"priors without slots":     {Features: Features{Grams: View{Slots: []uint32{1, 2}, Prior: []int8{1}}}},
		"a step that is no number": {TokenStep: float32(math.NaN())},
		"a huge weight":            {Weights: [members]float32{1e30}},
	} {
		if m.Apply(e) == nil {
			t.Errorf("%s is taken", name)
		}
	}
	f := m.Features(parse("\n"), nil, "")
	for range 5000 {
		if err := m.Apply(Event{Features: f, Spam: true, TokenStep: 1, Count: true}); err != nil {
			t.Fatal(err)
		}
	}
	if v := m.Classify(f); math.IsNaN(v.LogOdds) || v.Probability < .5 {
		t.Errorf("after 5,000 equal lessons %+v", v)
	}
}

func FuzzEvent(f *testing.F) {
	m := newModel(f, Options{Bits: 14})
	e, _, _ := m.Learn(Lesson{Features: m.Features(message(1, true), nil, ""), Spam: true})
	e.Features.Grams.Prior = make([]int8, len(e.Features.Grams.Slots))
	e.Features.Grams.Prior[3] = -7
	b, _ := e.MarshalBinary()
	f.Add(b)
	w := newModel(f, Options{Bits: 14, Windows: true})
	e, _, _ = w.Learn(Lesson{Features: w.Features(message(1, false), nil, "")})
	b, _ = e.MarshalBinary()
	f.Add(b)
	f.Add([]byte{eventVersion, flagUndo})
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Event
		if e.UnmarshalBinary(b) != nil {
			return
		}
		again := reread(t, e)
		if !slices.Equal(again.Features.Tokens.Slots, e.Features.Tokens.Slots) || again.TokenStep != e.TokenStep {
			t.Error("not the same event when read again")
		}
		_ = m.Apply(e)
	})
}

// TestAscending holds the sort of slots to that of the standard library.
func TestAscending(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, bits := range []int{0, 4, 14, 20, 24, 32} {
		for _, n := range []int{0, 1, 99, 100, 5000} {
			for _, priors := range []bool{false, true} {
				list := make([]uint64, n)
				for i := range list {
					list[i] = rnd.Uint64() >> (64 - bits) << 8
					if priors && i%4 == 0 {
						list[i] |= rnd.Uint64() & 0xff
					}
				}
				want := slices.Sorted(slices.Values(list))
				if got := ascending(list, make([]uint64, n), priors); !slices.Equal(got, want) {
					t.Errorf("%d slots of %d bits, priors %v: out of order", n, bits, priors)
				}
			}
		}
	}
}
