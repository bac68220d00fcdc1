package lesson

import (
	"context"
	"errors"
	"testing"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

var (
	errFew   = errors.New("few")
	errKnown = errors.New("known")
	errStore = errors.New("store")
)

// TestSteps has what becomes of each answer of a classifier and its store.
func TestSteps(t *testing.T) {
	learned := bayes.LearnResult{Outcome: bayes.Learned, Was: bayes.Ham, Before: .25, After: .75}
	for name, c := range map[string]struct {
		done   storage.Learned
		err    error
		opine  [2]error
		forget bool
		want   bayes.LearnResult
		fails  error
	}{
		"learned":       {done: storage.Learned{Was: "ham", Changed: true}, want: learned},
		"already":       {done: storage.Learned{Was: "spam"}, want: bayes.LearnResult{Outcome: bayes.Already, Was: bayes.Spam, Before: .25, After: .25}},
		"few":           {err: errFew, want: bayes.LearnResult{Outcome: bayes.TooFew, Before: .25, After: .25}},
		"known":         {err: errKnown, want: bayes.LearnResult{Outcome: bayes.Known, Before: .25, After: .25}},
		"store":         {err: errStore, fails: errStore},
		"opinion":       {opine: [2]error{errStore}, fails: errStore},
		"opinion after": {done: storage.Learned{Changed: true}, opine: [2]error{nil, errStore}, want: bayes.LearnResult{Outcome: bayes.Learned, Before: .25, After: .25}},
		"undone":        {forget: true, done: storage.Learned{Was: "spam", Changed: true}, want: bayes.LearnResult{Outcome: bayes.Undone, Was: bayes.Spam, Before: .25, After: .75}},
		"unknown":       {forget: true, want: bayes.LearnResult{Outcome: bayes.Unknown, Before: .25, After: .25}},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			l := Lesson{
				Opine: func(context.Context) (bayes.Opinion, error) {
					asked++
					p := []float64{.25, .75}[asked-1]
					return bayes.Opinion{Shares: map[string]float64{"spam": p}}, c.opine[asked-1]
				},
				Change: func(context.Context) (storage.Learned, error) { return c.done, c.err },
				Few:    errFew, Known: errKnown,
			}
			do := l.Teach
			if c.forget {
				do = l.Forget
			}
			got, err := do(t.Context())
			if !errors.Is(err, c.fails) || got.Outcome != c.want.Outcome || got.Was != c.want.Was || got.Before != c.want.Before || got.After != c.want.After {
				t.Errorf("%+v, %v, want %+v, %v", got, err, c.want, c.fails)
			}
		})
	}
}
