package bayes

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/winnowmail/winnow/bayes/fused"
)

// aPrior knows mail as message makes it.
func aPrior(t testing.TB, sign float64) *fused.Prior {
	t.Helper()
	tokens, grams := make([]float64, fused.PriorPlaces), make([]float64, fused.PriorPlaces)
	for n := range 40 {
		places, more := fused.Places(message(n, classOf(n)))
		w := sign
		if classOf(n) == Ham {
			w = -sign
		}
		for _, at := range places {
			tokens[at] += w
		}
		for _, at := range more {
			grams[at] += w
		}
	}
	p, err := fused.NewPrior(tokens, grams, 16000)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPriorHints judges with a prior before anything is learned, and tells what
// the prior thinks by itself until enough is.
func TestPriorHints(t *testing.T) {
	l := open(t, Options{Store: memory(t), Prior: aPrior(t, .2)})
	spam, ham := lesson(l, 1000, Spam).Features, lesson(l, 1001, Ham).Features
	if j := l.Judge(spam, ""); j.Enough || j.Probability < .6 || math.Abs(j.Prior-j.Probability) > 1e-6 {
		t.Errorf("%+v", j)
	}
	if j := l.Judge(ham, ""); j.Prior > .4 || j.Prior <= 0 {
		t.Errorf("%+v", j)
	}
	was := l.Judge(spam, "").Prior
	for n := range 60 {
		learn(t, l, n, classOf(n))
		if j := l.Judge(spam, ""); n < 59 && j.Prior != was || n == 59 && (!j.Enough || j.Prior != 0) {
			t.Fatalf("after %d lessons %+v", n+1, j)
		}
	}
	bare := open(t, Options{Store: memory(t)})
	if j := bare.Judge(lesson(bare, 1000, Spam).Features, ""); j.Prior != 0 || j.Probability != .5 {
		t.Errorf("without a prior %+v", j)
	}
}

// TestChangedPrior opens what was learned beside one prior with another.
func TestChangedPrior(t *testing.T) {
	t.Parallel()
	one, two := aPrior(t, .2), aPrior(t, .3)
	for _, lessons := range []int{0, 6, 30} { // nothing, only a journal, a snapshot too
		store := memory(t)
		l := open(t, Options{Store: store, Prior: one, SnapshotEvery: 20})
		for n := range lessons {
			learn(t, l, n, classOf(n))
		}
		was := tables(t, l)
		if lessons > 0 {
			for name, p := range map[string]*fused.Prior{"another": two, "none": nil} {
				if _, err := Open(t.Context(), Options{Store: store, Prior: p, Poll: -1, bits: smallBits}); !errors.Is(err, ErrPrior) {
					t.Errorf("%d lessons, %s: %v", lessons, name, err)
				}
			}
			if !bytes.Equal(was, tables(t, open(t, Options{Store: store, Prior: one}))) {
				t.Errorf("%d lessons: other tables with the same prior", lessons)
			}
		}
		changed := open(t, Options{Store: store, Prior: two, ChangePrior: lessons > 0})
		if got := open(t, Options{Store: store, Prior: two}); changed.Stats() != l.Stats() || !bytes.Equal(tables(t, got), tables(t, changed)) {
			t.Errorf("%d lessons: the change is not kept", lessons)
		}
		if lessons == 0 {
			continue
		}
		if _, err := Open(t.Context(), Options{Store: store, Prior: one, Poll: -1, bits: smallBits}); !errors.Is(err, ErrPrior) {
			t.Errorf("%d lessons, back without asking: %v", lessons, err)
		}
	}
}
