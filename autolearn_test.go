package winnow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/symbols"
)

// autolearner scans with a check that gives a message the scores that it is told,
// and returns what autolearn decided.
type autolearner struct {
	scores    []float64
	preResult bool
	broken    bool
	last      winnow.AutolearnDecision
}

func (a *autolearner) check() *checks.Check {
	defs := make([]*symbols.Def, 5)
	for i := range defs {
		defs[i] = &symbols.Def{Name: "T_" + string(rune('A'+i)), Groups: []string{"test"}, Weight: 1, Doc: "test"}
	}
	return &checks.Check{
		Name: "told", Doc: "raises what the test says", Symbols: defs, Needs: checks.Needs{Net: a.broken},
		Run: func(_ context.Context, t *checks.Task) error {
			for i, s := range a.scores {
				t.HitFactor(defs[i], s)
			}
			if a.preResult {
				t.PreResult(actions.PreResult{Action: actions.Reject, Message: "told"}, defs[0])
			}
			if a.broken {
				return errors.New("told")
			}
			return nil
		},
	}
}

// scanner returns a Scanner with autolearn and a Learner.
func (a *autolearner) scanner(t *testing.T, o winnow.AutolearnOptions) *winnow.Scanner {
	t.Helper()
	if o.Learner == nil && o.Classifiers == nil {
		o.Learner = learner(t)
	}
	o.Tell = func(_ *winnow.Result, d winnow.AutolearnDecision) { a.last = d }
	after, err := winnow.Autolearn(o)
	if err != nil {
		t.Fatal(err)
	}
	return asking(t, winnow.Options{
		Families: []*checks.Family{}, Checks: []*checks.Check{a.check()}, Learner: o.Learner, Classifiers: o.Classifiers, After: []winnow.After{after},
	})
}

func TestAutolearnForms(t *testing.T) {
	at := func(f float64) *float64 { return &f }
	action := winnow.AutolearnOptions{}
	scores := winnow.AutolearnOptions{Form: winnow.AutolearnScore, Spam: at(6), Ham: at(-1)}
	verdict := winnow.AutolearnOptions{Form: winnow.AutolearnVerdict}
	limits := winnow.AutolearnOptions{Form: winnow.AutolearnVerdict, Spam: at(20), Junk: at(8), Ham: at(-1)}
	for _, c := range []struct {
		name   string
		o      winnow.AutolearnOptions
		scores []float64
		want   bayes.Class
	}{
		{"reject", action, []float64{15}, "spam"},
		{"below reject", action, []float64{14.9}, ""},
		{"below zero", action, []float64{-.1}, "ham"},
		{"zero", action, nil, ""},
		{"from 6", scores, []float64{6}, "spam"},
		{"below 6", scores, []float64{5.9}, ""},
		{"to -1", scores, []float64{-1}, "ham"},
		{"above -1", scores, []float64{-.9}, ""},
		{"one symbol rejects", verdict, []float64{16}, ""},
		{"two symbols reject", verdict, []float64{8, 8}, "spam"},
		{"two symbols mark", verdict, []float64{4, 4}, ""},
		{"three symbols mark", verdict, []float64{3, 3, 3}, "spam"},
		{"below zero by verdict", verdict, []float64{-.5}, "ham"},
		{"four symbols lower", verdict, []float64{3, -.5, -.5, -.5, -.5}, "ham"},
		{"three symbols lower", verdict, []float64{3, -.5, -.5, -.5}, ""},
		{"greylisted", verdict, []float64{7, -.5, -.5, -.5, -.5}, ""},
		{"spam below its threshold", limits, []float64{8, 8}, ""},
		{"spam at its threshold", limits, []float64{10, 10}, "spam"},
		{"junk below its threshold", limits, []float64{2, 2, 3}, ""},
		{"junk at its threshold", limits, []float64{2, 3, 3}, "spam"},
		{"ham above its threshold", limits, []float64{-.5}, ""},
	} {
		a := autolearner{scores: c.scores}
		scanned(t, a.scanner(t, c.o), labelled(1, bayes.Spam))
		if a.last.Class != c.want || a.last.Why == "" || (a.last.Outcomes["bayes"] == bayes.Learned) != (c.want != "") {
			t.Errorf("%s: %+v", c.name, a.last)
		}
	}
}

// TestAutolearnLeavesOut has what is never learned.
func TestAutolearnLeavesOut(t *testing.T) {
	for name, a := range map[string]*autolearner{
		"a pre-result of told": {scores: []float64{20}, preResult: true},
		"check told":           {scores: []float64{20}, broken: true},
	} {
		scanned(t, a.scanner(t, winnow.AutolearnOptions{}), labelled(1, bayes.Spam))
		if a.last.Class != "" || !strings.HasPrefix(a.last.Why, name) {
			t.Errorf("%s: %+v", name, a.last)
		}
	}
	a := &autolearner{}
	scanned(t, a.scanner(t, winnow.AutolearnOptions{}), &winnow.Message{Body: winnow.FromBytes(nil)})
	if a.last.Class != "" || a.last.Why != "nothing was checked" {
		t.Errorf("%+v", a.last)
	}
}

// TestAutolearnAlone: what was learned decides nothing about what is learned, and
// what is known is not learned again.
func TestAutolearnAlone(t *testing.T) {
	for name, model := range classifiers(t, newCounts(t)) {
		a := &autolearner{scores: []float64{10.5}}
		s := a.scanner(t, winnow.AutolearnOptions{Classifiers: []statistics.Classifier{{Model: model, Budget: time.Hour}}})
		lessons(t, s, 0, 24)
		r := scanned(t, s, labelled(101, bayes.Spam))
		if r.Score < 15 || a.last.Class != "" || a.last.Score > 10.6 {
			t.Errorf("%s: by statistics alone: score %v, %+v", name, r.Score, a.last)
		}
		a.scores = []float64{16}
		scanned(t, s, labelled(101, bayes.Spam))
		if a.last.Class != bayes.Spam || a.last.Outcomes["bayes"] != bayes.Known {
			t.Errorf("%s: known: %+v", name, a.last)
		}
	}
}

func TestAutolearnBalance(t *testing.T) {
	a := &autolearner{scores: []float64{16}}
	s := a.scanner(t, winnow.AutolearnOptions{Balance: .5})
	want := []bayes.Outcome{bayes.Learned, bayes.Learned, bayes.Learned, winnow.Unbalanced}
	for n, outcome := range want { // 3 lessons of spam to none of ham are too many
		scanned(t, s, labelled(n, bayes.Spam))
		if a.last.Outcomes["bayes"] != outcome {
			t.Errorf("lesson %d: %+v, want %s", n, a.last, outcome)
		}
	}
	a.scores = []float64{-2}
	scanned(t, s, labelled(5, bayes.Ham))
	if a.last.Outcomes["bayes"] != bayes.Learned {
		t.Errorf("ham: %+v", a.last)
	}
	scanned(t, s, labelled(5, bayes.Ham))
	if a.last.Outcomes["bayes"] != bayes.Already {
		t.Errorf("again: %+v", a.last)
	}
}

func TestAutolearnOptions(t *testing.T) {
	l, six := learner(t), 6.0
	for _, o := range []winnow.AutolearnOptions{
		{}, {Learner: l, Form: 7}, {Learner: l, Balance: 2}, {Learner: l, Spam: &six}, {Learner: l, Form: winnow.AutolearnScore},
		{Learner: l, Form: winnow.AutolearnScore, Spam: &six, Ham: &six},
	} {
		if _, err := winnow.Autolearn(o); err == nil || !strings.HasPrefix(err.Error(), "autolearn: ") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
