package fused

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/winnowmail/winnow/internal/adagrad"
	"github.com/winnowmail/winnow/mail"
)

const (
	priorBits = 20
	// PriorPlaces is how many places a prior has for the weights of one view.
	// Features that share a place share its weight.
	PriorPlaces = 1 << priorBits
	// MaxPriorWeights is how many of these places a prior may fill.
	MaxPriorWeights = 1 << 15

	// priorUnit is what one step of a prior's weight is in units of a slot.
	priorUnit = 16
	// priorShare is the part of a trained weight that a slot begins at.
	priorShare = 0.5
)

// A Prior is what is known of features before the first lesson: weights that are
// read where a slot was never touched. They are found by hashes without a seed,
// so that one prior serves all installations. A Prior is immutable; nil is one
// that knows nothing.
type Prior struct {
	tokens, grams weights
	digest        [sha256.Size]byte
}

// weights are one view's, most of which are zero. Each word has a bit for every
// one of wordPlaces places that tells which are not, and above them the number of
// weights before the word, so that a look-up needs no branch: a quarter of the
// features of a message have a weight, and no machine can guess which.
type weights struct {
	words []uint64
	list  []int8 // and one more
}

const wordPlaces = 48

// read writes the weight of each feature to list.
func (w *weights) read(list []int8, hashes []uint64) {
	words, steps := w.words, w.list
	for i, h := range hashes {
		at := place(h)
		n := at / wordPlaces
		word, bit := words[n], (at-n*wordPlaces)&63
		before := int(word>>wordPlaces) + bits.OnesCount64(word&(1<<bit-1))
		list[i] = steps[before] & -int8(word>>bit&1)
	}
}

// set replaces all weights by a list in order of places.
func (w *weights) set(list []weight) {
	w.words, w.list = make([]uint64, PriorPlaces/wordPlaces+1), make([]int8, 0, len(list)+1)
	for _, x := range list {
		w.words[x.place/wordPlaces] |= 1 << (x.place % wordPlaces)
		w.list = append(w.list, x.steps)
	}
	w.list = append(w.list, 0)
	before := 0
	for i, word := range w.words {
		w.words[i] |= uint64(before) << wordPlaces
		before += bits.OnesCount64(word)
	}
}

// all lists the weights in order of places.
func (w *weights) all() []weight {
	list := make([]weight, 0, len(w.list))
	for i, word := range w.words {
		for word &= 1<<wordPlaces - 1; word != 0; word &= word - 1 {
			list = append(list, weight{uint32(i*wordPlaces + bits.TrailingZeros64(word)), w.list[len(list)]})
		}
	}
	return list
}

// place is where a prior keeps the weight of a feature.
func place(hash uint64) uint32 { return uint32(hash >> (64 - priorBits)) }

// Digest names the prior. That of a nil Prior is zero.
func (p *Prior) Digest() [sha256.Size]byte {
	if p == nil {
		return [sha256.Size]byte{}
	}
	return p.digest
}

// Places returns the places, below PriorPlaces, of the features of a message, for
// those who train a prior. The symbols of a scan are not among them.
func Places(msg *mail.Message) (tokens, grams []uint32) {
	var e extractor
	e.fields = written(nil, msg.Header())
	e.set.reset()
	e.tokens(msg, nil)
	tokens = places(e.set.list)
	e.set.reset()
	e.grams(msg)
	return tokens, places(e.set.list)
}

func places(hashes []uint64) []uint32 {
	list := make([]uint32, len(hashes))
	for i, h := range hashes {
		list[i] = place(h)
	}
	return list
}

// NewPrior makes a prior of the n largest weights of each view, n at most
// MaxPriorWeights. The weights are those of a logistic regression whose features
// count 1/√(number of features + 1), each view by itself, in order of their
// places. A slot begins at half of them.
func NewPrior(tokens, grams []float64, n int) (*Prior, error) {
	if n < 0 || n > MaxPriorWeights {
		return nil, fmt.Errorf("fused: %d weights in a prior, which holds at most %d", n, MaxPriorWeights)
	}
	if len(tokens) != PriorPlaces || len(grams) != PriorPlaces {
		return nil, fmt.Errorf("fused: weights for %d and %d places of a prior, which has %d", len(tokens), len(grams), PriorPlaces)
	}
	b := append([]byte(priorMagic), priorVersion, viewVersion)
	b = appendWeights(b, largest(tokens, n))
	b = appendWeights(b, largest(grams, n))
	sum := sha256.Sum256(b)
	return ParsePrior(append(b, sum[:]...))
}

// A weight is one of a prior.
type weight struct {
	place uint32
	steps int8
}

// largest returns the n weights that are farthest from zero, in order of places.
// Of equal ones those at lower places are taken.
func largest(all []float64, n int) []weight {
	var list []weight
	for i, w := range all {
		steps := math.RoundToEven(w * (priorShare * adagrad.Unit / priorUnit))
		if s := int8(max(-math.MaxInt8, min(math.MaxInt8, steps))); s != 0 {
			list = append(list, weight{uint32(i), s})
		}
	}
	slices.SortFunc(list, func(a, b weight) int {
		return cmp.Or(cmp.Compare(math.Abs(all[b.place]), math.Abs(all[a.place])), cmp.Compare(a.place, b.place))
	})
	list = list[:min(n, len(list))]
	slices.SortFunc(list, func(a, b weight) int { return cmp.Compare(a.place, b.place) })
	return list
}

// PriorLogOdds are the log-odds of spam that the prior alone gives, 0 if it knows
// none of the features.
func (f Features) PriorLogOdds() float64 {
	sum := 0.0
	for _, v := range [...]View{f.Tokens, f.Grams} {
		steps := 0
		for _, w := range v.Prior {
			steps += int(w)
		}
		m := adagrad.Scale(len(v.Slots)) * float64(steps*priorUnit) / adagrad.Unit
		sum += max(-memberClip, min(memberClip, m))
	}
	return sum / always
}
