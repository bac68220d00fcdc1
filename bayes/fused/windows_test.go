package fused

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// long is a message of several windows.
func long(n int, spam bool) string {
	text := "please look at the patch of the scheduler that I sent to the list on monday; the build is green and the review is done. "
	if spam {
		text = "you have won a million in our lottery, claim the prize with your bank account before the end of the week, dear winner! "
	}
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "%d %s", n*i, text)
	}
	return b.String()
}

func letter(n int, text string) *mail.Message {
	return parse(fmt.Sprintf("From: a%d@example.org\nSubject: number %d\n\n%s\n", n, n, text))
}

func windowsModel(t testing.TB, on bool) *Model {
	m := newModel(t, Options{Bits: 18, Windows: on})
	for n := range 60 {
		teach(t, m, m.Features(letter(n, long(n, n%2 == 0)), nil, ""), n%2 == 0, true)
	}
	return m
}

// TestPastedHam judges spam that has a whole harmless message in front.
func TestPastedHam(t *testing.T) {
	var with, without float64
	for _, on := range []bool{true, false} {
		m := windowsModel(t, on)
		f := m.Features(letter(1000, long(1001, false)[:3500]+long(1000, true)), nil, "")
		v := m.Classify(f)
		if on {
			with = v.LogOdds
			if len(f.Windows) != maxWindows || v.Members[always] < 1 || v.Weights[always] == 0 {
				t.Errorf("%d windows, %+v", len(f.Windows), v)
			}
		} else {
			without = v.LogOdds
			if len(f.Windows) != 0 || v.Members[always] != 0 || v.Weights[always] != 0 {
				t.Errorf("%d windows, %+v", len(f.Windows), v)
			}
		}
		if h := m.Classify(m.Features(letter(1002, long(1003, false)), nil, "")); h.Probability > .1 {
			t.Errorf("windows %v: ham %+v", on, h)
		}
	}
	if with < without+.3 {
		t.Errorf("log-odds %v with windows, %v without", with, without)
	}
}

// TestWindowsKept writes and reads events, features and tables with windows, by
// models that have them and by those that do not.
func TestWindowsKept(t *testing.T) {
	m := windowsModel(t, true)
	f := m.Features(letter(1000, long(1000, true)), nil, "")
	b := new(Encoder).Append(nil, f)
	var back Features
	if err := back.UnmarshalBinary(b); err != nil || len(back.Windows) != maxWindows || m.Classify(back).Members[always] != m.Classify(f).Members[always] {
		t.Errorf("%d windows: %v", len(back.Windows), err)
	}
	if !m.Has(back) || m.Kind() == windowsModel(t, false).Kind() {
		t.Error("a model does not know its own features from those of one without windows")
	}
	if v := m.Explain(letter(1000, long(1000, true)), nil, "", 1).Verdict; v != m.Classify(f) {
		t.Errorf("explained as %+v", v)
	}
	tables, err := m.MarshalBinary()
	if err != nil || len(tables) != m.tablesSize() {
		t.Fatalf("%d bytes, %d foreseen: %v", len(tables), m.tablesSize(), err)
	}
	same, plain := newModel(t, Options{Bits: 18, Windows: true}), newModel(t, Options{Bits: 18})
	for _, o := range []*Model{same, plain} {
		if err := o.UnmarshalBinary(tables); err != nil {
			t.Fatal(err)
		}
	}
	if same.Classify(f) != m.Classify(f) || plain.Classify(f).Members[always] != 0 || plain.Classify(f).Members[0] != m.Classify(f).Members[0] {
		t.Errorf("%+v, read %+v, without windows %+v", m.Classify(f), same.Classify(f), plain.Classify(f))
	}
	for spam, windows := range map[bool]int{true: 1, false: maxWindows} {
		e, _, ok := m.Learn(Lesson{Features: f, Spam: spam})
		again := reread(t, e)
		if !ok || len(e.WindowSteps) != windows || !slices.Equal(again.WindowSteps, e.WindowSteps) || again.Weights != e.Weights {
			t.Fatalf("%d steps, read %d", len(e.WindowSteps), len(again.WindowSteps))
		}
		for _, o := range []*Model{m, same} {
			if err := o.Apply(map[bool]Event{true: e, false: again}[o == m]); err != nil {
				t.Fatal(err)
			}
		}
		if err := plain.Apply(again); err != nil || plain.Classify(f).Weights[always] != 0 {
			t.Errorf("a model without windows: %v, %+v", err, plain.Classify(f))
		}
	}
	one, _ := m.MarshalBinary()
	two, _ := same.Clone(nil).MarshalBinary()
	if !slices.Equal(one, two) {
		t.Error("replicas differ")
	}
	old, err := plain.MarshalBinary()
	if err != nil || same.UnmarshalBinary(old) != nil {
		t.Fatal("tables without windows are not read", err)
	}
	if v := same.Classify(f); v.Members[always] != 0 || v.Weights[always] == 0 || v.Members[0] != plain.Classify(f).Members[0] {
		t.Errorf("windows that are switched on later: %+v", v)
	}
}

func TestWindowsUndo(t *testing.T) {
	m := windowsModel(t, true)
	f := m.Features(letter(1000, long(1000, true)), nil, "")
	before := m.Classify(f).Members[always]
	e := teach(t, m, f, false, true)
	wrong := m.Classify(f).Members[always]
	if err := m.Apply(reread(t, e.Reverse())); err != nil {
		t.Fatal(err)
	}
	if after := m.Classify(f).Members[always]; wrong > before-1 || after < before-(before-wrong)/4 {
		t.Errorf("%v, wrongly learned %v, undone %v", before, wrong, after)
	}
}

// TestWindowsOfAnotherSize refuses slots that the table of windows has not.
func TestWindowsOfAnotherSize(t *testing.T) {
	m := newModel(t, Options{Windows: true})
	e := Event{WindowSteps: []float32{1}, Features: Features{Windows: []View{{Slots: []uint32{1 << windowBits}}}}}
	if m.Apply(e) == nil {
		t.Error("a slot beyond the table is taken")
	}
	e.WindowSteps = nil
	if m.Apply(e) == nil {
		t.Error("windows without steps are taken")
	}
}

// TestWindowsConcurrently is for the race detector.
func TestWindowsConcurrently(t *testing.T) {
	m := windowsModel(t, true)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 10 {
				f := m.Features(letter(n, long(n, i%2 == 0)), nil, "")
				e, _, _ := m.Learn(Lesson{Features: f, Spam: n%2 == 0})
				if err := m.Apply(e); err != nil {
					t.Error(err)
				}
				if n%5 == 4 {
					m.Adopt(m.Clone(nil))
				}
			}
		})
	}
	all.Wait()
	if b, err := m.MarshalBinary(); err != nil || len(b) == 0 {
		t.Error(err)
	}
}
