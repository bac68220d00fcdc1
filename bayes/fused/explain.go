package fused

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/winnowmail/winnow/internal/adagrad"
	"github.com/winnowmail/winnow/mail"
)

// A Contribution is what one feature adds to the log-odds of a verdict.
type Contribution struct {
	// Kind says what the feature is: "words", "symbol", "gram" and so on; Text what
	// it is made of, at most 120 bytes of valid UTF-8.
	Kind, Text string
	// LogOdds is positive for spam.
	LogOdds float64
}

// A Stretch is a piece of text whose grams speak for one class, one after the other.
type Stretch struct {
	// Field is the name of a header field, or Part the path of the MIME part in whose
	// visible text (mail.Text.Plain) the bytes From to To are.
	Field, Part string
	From, To    int
	Text        string // in lower case
	LogOdds     float64
}

// An Explanation tells by what a verdict came about. The lists have the largest of
// both signs, the largest first.
type Explanation struct {
	Verdict Verdict
	Tokens  []Contribution
	Grams   []Contribution
	Places  []Stretch
}

// Explain classifies a message anew and tells which of its features count most: n
// at most of each sign in each list, all if n is 0. It has the parameters of
// Features. The sum of all is the verdict's LogOdds, unless a member is at its
// bound, and without what windows add.
func (m *Model) Explain(msg *mail.Message, raised []string, user string, n int) Explanation {
	e := &extractor{names: &names{}}
	e.fields = written(nil, msg.Header())
	e.set.reset()
	e.tokens(msg, raised)
	tokens := m.view(e.set.list, &m.prior.tokens)
	named := e.names.list
	e.set.reset()
	e.grams(msg)
	grams := m.view(e.set.list, &m.prior.grams)
	hashes := slices.Clone(e.set.list)
	f := m.ForUser(Features{Tokens: tokens, Grams: grams}, user)
	f.Windows = m.partsOf(e, msg)

	m.mu.RLock()
	v := m.classify(f)
	byToken := m.shares(f.Tokens, len(named), m.tokens, v.Weights[0])
	byGram := m.shares(f.Grams, len(hashes), m.grams, v.Weights[1])
	for i, c := range m.counts.shares(f.Grams, len(hashes)) {
		byGram[i] += v.Weights[2] * c
	}
	m.mu.RUnlock()

	x := Explanation{Verdict: v}
	for i, name := range named {
		x.Tokens = append(x.Tokens, Contribution{name.kind.String(), name.text, byToken[i]})
	}
	s := stretcher{share: make(map[uint64]float64, len(hashes))}
	for i, h := range hashes {
		s.share[h] = byGram[i]
	}
	s.message(e.fields, msg)
	x.Grams, x.Places = s.grams, s.list
	x.Tokens = farthest(x.Tokens, n, func(c Contribution) float64 { return c.LogOdds })
	x.Grams = farthest(x.Grams, n, func(c Contribution) float64 { return c.LogOdds })
	x.Places = farthest(x.Places, n, func(c Stretch) float64 { return c.LogOdds })
	return x
}

// shares are what the first n features of a view add, each with the user's own.
func (m *Model) shares(v View, n int, r regression, weight float64) []float64 {
	list := make([]float64, n)
	scale := weight * adagrad.Scale(len(v.Slots)) / adagrad.Unit
	for i, s := range v.Slots {
		w := 0
		if slot := r[s]; slot != 0 {
			w = slot.Weight()
		} else if v.Prior != nil {
			w = int(v.Prior[i]) * priorUnit
		}
		list[i%n] += scale * float64(w)
	}
	return list
}

// shares are what the first n features of a view add to the counts' margin.
func (c *counts) shares(v View, n int) []float64 {
	list := make([]float64, n)
	gate := c.gate()
	if gate == 0 {
		return list
	}
	for i, s := range v.Slots {
		if k := c.slots[s]; k != [2]uint8{} {
			r := c.logs[1][k[1]] - c.logs[0][k[0]]
			list[i%n] += gate * math.Max(-clip, math.Min(clip, r)) * adagrad.Scale(len(v.Slots))
		}
	}
	return list
}

// farthest returns those that are farthest from zero, n of each sign or all if n is
// 0, but none that is zero.
func farthest[T any](list []T, n int, odds func(T) float64) []T {
	list = slices.DeleteFunc(list, func(x T) bool { return odds(x) == 0 })
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(math.Abs(odds(b)), math.Abs(odds(a))) })
	if n == 0 {
		return list
	}
	count := map[bool]int{}
	return slices.DeleteFunc(list, func(x T) bool {
		count[odds(x) > 0]++
		return count[odds(x) > 0] > n
	})
}

// A Change is what a lesson did to one feature's contribution.
type Change struct {
	Kind, Text    string
	Before, After float64
}

// Moved lists the n tokens and grams whose contributions differ most between two
// explanations of one message in full, the farthest first.
func Moved(before, after Explanation, n int) []Change {
	type feature struct{ kind, text string }
	changes := map[feature]Change{}
	for i, x := range [...]Explanation{before, after} {
		for _, c := range slices.Concat(x.Tokens, x.Grams) {
			f := feature{c.Kind, c.Text}
			ch := changes[f]
			ch.Kind, ch.Text = c.Kind, c.Text
			if i == 0 {
				ch.Before += c.LogOdds
			} else {
				ch.After += c.LogOdds
			}
			changes[f] = ch
		}
	}
	list := slices.SortedFunc(maps.Values(changes), func(a, b Change) int {
		return cmp.Or(cmp.Compare(math.Abs(b.After-b.Before), math.Abs(a.After-a.Before)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text))
	})
	list = list[:min(n, len(list))]
	return slices.DeleteFunc(list, func(c Change) bool { return c.Before == c.After })
}
