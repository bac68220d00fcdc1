package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// A parrot judges a message by its features, and notes what it is taught and when.
type parrot struct {
	judged int
	notes  []string
}

func (p *parrot) classify(features any) (logOdds, probability float64, err error) {
	p.judged++
	x := features.(float64)
	return x, 1 / (1 + math.Exp(-x)), nil
}

func (p *parrot) learn(l label) (written int, changed bool, err error) {
	note := fmt.Sprintf("%d after %d: ham", l.n, p.judged)
	if l.spam {
		note = strings.Replace(note, "ham", "spam", 1)
	}
	if l.sure {
		note += "!"
	}
	p.notes = append(p.notes, note)
	return 0, true, nil
}

func (p *parrot) bytes() int { return 0 }

// TestLabels holds which messages are learned, when, and as what; those that people
// labelled have a mark.
func TestLabels(t *testing.T) {
	ham, spam := func(x float64) sample { return sample{features: x} }, func(x float64) sample { return sample{item: item{spam: true}, features: x} }
	samples := []sample{ham(-6), spam(7), spam(-6), ham(6), ham(-1), spam(1), spam(-1)}
	for name, c := range map[string]struct {
		regime regime
		want   []string
	}{
		"errors": {regime{ask: "only-errors", share: 1, sure: true}, []string{"2 after 3: spam!", "3 after 4: ham!", "6 after 7: spam!"}},
		"late":   {regime{ask: "only-errors", share: 1, delay: 2}, []string{"2 after 4: spam", "3 after 5: ham"}},
		"own verdicts where sure": {regime{ask: "all", self: 5}, []string{
			"0 after 1: ham", "1 after 2: spam", "2 after 3: ham", "3 after 4: spam",
		}},
		"labels before own verdicts": {regime{ask: "only-errors", share: 1, sure: true, self: 5}, []string{
			"0 after 1: ham", "1 after 2: spam", "2 after 3: spam!", "3 after 4: ham!", "6 after 7: spam!",
		}},
		"what stays in the inbox": {regime{ask: "only-errors", inbox: 3}, []string{"0 after 3: ham", "2 after 5: ham"}},
		"errors are moved out of it": {regime{ask: "only-errors", share: 1, sure: true, inbox: 2}, []string{
			"0 after 2: ham", "2 after 3: spam!", "3 after 4: ham!", "4 after 6: ham", "6 after 7: spam!",
		}},
		"a late label goes behind one that is due": {regime{ask: "only-errors", share: 1, delay: 4, inbox: 1}, []string{
			"0 after 1: ham", "4 after 5: ham", "2 after 6: spam",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var p parrot
			if _, err := c.regime.run(t.Context(), &p, samples, []int{0, 1, 2, 3, 4, 5, 6}, 1); err != nil || !slices.Equal(p.notes, c.want) {
				t.Errorf("%q, %v, want %q", p.notes, err, c.want)
			}
		})
	}
}

// TestUnlabelledRegimes runs the flags on a small corpus.
func TestUnlabelledRegimes(t *testing.T) {
	dir := corpus(t, 60)
	none, _, _ := lab(t, "-corpus", dir, "-bits", "14", "-share", "0")
	for _, c := range []struct {
		args   []string
		regime string
	}{
		{[]string{"-share", "0", "-inbox-as-ham", "5"}, "only-errors,share=0,inbox-as-ham=5"},
		{[]string{"-share", ".5", "-self-training", ".1"}, "share=0.5,self-training=0.1"},
	} {
		rows, stderr, code := lab(t, append([]string{"-corpus", dir, "-bits", "14"}, c.args...)...)
		if code != 0 || len(rows) != 2 || rows[0].Regime != c.regime || rows[0].N != 60 {
			t.Fatalf("%q: code %d, %+v: %s", c.args, code, rows, stderr)
		}
		if rows[0].WriteShare <= none[0].WriteShare {
			t.Errorf("%q: %v of the messages write, %v without", c.args, rows[0].WriteShare, none[0].WriteShare)
		}
	}
}
