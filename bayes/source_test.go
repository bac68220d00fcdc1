package bayes

import (
	"math"
	"testing"
)

func TestMoved(t *testing.T) {
	for _, c := range []struct {
		from, to Folder
		class    Class
		source   Source
	}{
		{OtherFolder, Junk, Spam, MovedToJunk},
		{Trash, Junk, Spam, MovedToJunk},
		{Junk, OtherFolder, Ham, MovedOutOfJunk},
		{Junk, Trash, "", 0},
		{OtherFolder, Trash, "", 0},
		{Trash, OtherFolder, "", 0},
		{OtherFolder, OtherFolder, "", 0},
		{Junk, Junk, "", 0},
	} {
		if class, source, teaches := Moved(c.from, c.to); class != c.class || source != c.source || teaches != (c.class != "") {
			t.Errorf("from %d to %d: %q, %v, %v", c.from, c.to, class, source, teaches)
		}
	}
}

func TestSourceNames(t *testing.T) {
	for s := range sources {
		if got, err := SourceNamed(s.String()); err != nil || got != s {
			t.Errorf("%v: %v, %v", s, got, err)
		}
	}
	if s, err := SourceNamed("moved-to-junk"); err != nil || s != MovedToJunk {
		t.Error(s, err)
	}
	if _, err := SourceNamed("guess"); err == nil {
		t.Error("an unknown source has a number")
	}
}

// TestSourceRules holds each source to how far it is believed: a person's word has
// its full weight; any other label is doubted where the model is sure of the
// opposite.
func TestSourceRules(t *testing.T) {
	l := open(t, Options{Store: memory(t)})
	for n := range 200 {
		sure := lesson(l, n, classOf(n))
		if sure.Source = Kept; sure.Class == Spam {
			sure.Source = Trap
		}
		if _, err := l.Learn(t.Context(), sure); err != nil {
			t.Fatal(err)
		}
	}
	var believed, doubted float32
	for s := range sources {
		class, wrong := Ham, 1000+20*int(s) // spam, which is called ham
		if s.refuses(class) != "" {
			class, wrong = Spam, wrong+1
		}
		lesson := lesson(l, wrong, class)
		lesson.Source = s
		if r, err := l.Learn(t.Context(), lesson); err != nil || r.Outcome != Learned {
			t.Fatalf("%v: %+v, %v", s, r, err)
		}
		n, _, err := l.noted(t.Context(), lesson.Message)
		if err != nil || n.source != s || n.class != class {
			t.Errorf("%v: noted %+v, %v", s, n, err)
		}
		step := float32(math.Abs(float64(n.events[0].TokenStep)))
		if s.sure() {
			believed = max(believed, step)
		} else {
			doubted = max(doubted, step)
		}
		if _, err := l.Unlearn(t.Context(), lesson); err != nil {
			t.Fatal(err)
		}
	}
	if doubted <= 0 || doubted > .8*believed {
		t.Errorf("a step of %v where the label is doubted, of %v where it is believed", doubted, believed)
	}
}
