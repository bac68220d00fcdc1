package fused

import (
	"bytes"
	"crypto/sha256"
	"math"
	"math/rand/v2"
	"testing"
)

// randomPrior has n weights for each view.
func randomPrior(t testing.TB, n int) *Prior {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	var w [2][]float64
	for i := range w {
		w[i] = make([]float64, PriorPlaces)
		for _, at := range rnd.Perm(PriorPlaces)[:n] {
			w[i][at] = .1 + 3*rnd.Float64()
			if rnd.IntN(2) == 0 {
				w[i][at] = -w[i][at]
			}
		}
	}
	return newPrior(t, w[0], w[1], n)
}

func newPrior(t testing.TB, tokens, grams []float64, n int) *Prior {
	t.Helper()
	p, err := NewPrior(tokens, grams, n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// trained is a prior that knows the words of some spam and some ham.
func trained(t testing.TB) *Prior {
	t.Helper()
	tokens, grams := make([]float64, PriorPlaces), make([]float64, PriorPlaces)
	for n := range 40 {
		places, more := Places(message(n, n%2 == 0))
		sign := []float64{.2, -.2}[n%2]
		for _, at := range places {
			tokens[at] += sign
		}
		for _, at := range more {
			grams[at] += sign
		}
	}
	return newPrior(t, tokens, grams, 16000)
}

func stepsAt(w *weights, place uint32) int8 {
	var list [1]int8
	w.read(list[:], []uint64{uint64(place)<<(64-priorBits) | 12345})
	return list[0]
}

func TestPriorWeights(t *testing.T) {
	tokens, grams := make([]float64, PriorPlaces), make([]float64, PriorPlaces)
	tokens[0], tokens[63], tokens[64], tokens[PriorPlaces-1], tokens[7] = 1, -1, 99, -.5, .001
	tokens[300], tokens[301] = .25, -.25
	p := newPrior(t, tokens, grams, 5)
	for at, want := range map[uint32]int8{0: 32, 63: -32, 64: 127, PriorPlaces - 1: -16, 7: 0, 300: 8, 301: 0, 1: 0, 62: 0, 65: 0} {
		if got := stepsAt(&p.tokens, at); got != want {
			t.Errorf("place %d: %d steps, want %d", at, got, want)
		}
	}
	if stepsAt(&p.grams, 0) != 0 {
		t.Error("grams have the weights of tokens")
	}
	for name, err := range map[string]func() (*Prior, error){
		"too many weights": func() (*Prior, error) { return NewPrior(tokens, grams, MaxPriorWeights+1) },
		"places missing":   func() (*Prior, error) { return NewPrior(tokens[1:], grams, 5) },
	} {
		if _, err := err(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPriorHelps holds a model that learned nothing to what its prior knows,
// whatever the seed, and a lesson to begin there.
func TestPriorHelps(t *testing.T) {
	p := trained(t)
	for seed := range uint64(3) {
		m := newModel(t, Options{Seed: seed, Prior: p})
		spam, ham := m.Features(message(100, true), nil, ""), m.Features(message(101, false), nil, "")
		v := m.Classify(spam)
		if v.LogOdds < .3 || m.Classify(ham).LogOdds > -.3 {
			t.Errorf("log-odds %.2f and %.2f", v.LogOdds, m.Classify(ham).LogOdds)
		}
		if math.Abs(spam.PriorLogOdds()-v.LogOdds) > 1e-6 {
			t.Errorf("log-odds %v, of the prior alone %v", v.LogOdds, spam.PriorLogOdds())
		}
		for n := range 10 {
			teach(t, m, m.Features(message(n, true), nil, ""), false, true)
		}
		if got := m.Features(message(100, true), nil, "").PriorLogOdds(); got != spam.PriorLogOdds() || m.Classify(spam).LogOdds >= v.LogOdds {
			t.Errorf("after lessons of the opposite: %.2f, of the prior alone %.2f, was %.2f", m.Classify(spam).LogOdds, got, v.LogOdds)
		}
	}
	f := newModel(t, Options{}).Features(message(100, true), nil, "")
	if f.Tokens.Prior != nil || f.PriorLogOdds() != 0 {
		t.Error("weights without a prior")
	}
}

func TestPriorBytes(t *testing.T) {
	p := randomPrior(t, 16000)
	b, err := p.MarshalBinary()
	if err != nil || len(b) > 1<<16 {
		t.Fatalf("%d bytes: %v", len(b), err)
	}
	again, err := ParsePrior(b)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := again.MarshalBinary(); !bytes.Equal(b, c) || again.Digest() != p.Digest() || p.Digest() == (*Prior)(nil).Digest() {
		t.Error("not the same prior when read again")
	}
	signed := func(change func(b []byte) []byte) []byte {
		c := change(bytes.Clone(b[:len(b)-sha256.Size]))
		sum := sha256.Sum256(c)
		return append(c, sum[:]...)
	}
	if _, err := ParsePrior(signed(func(b []byte) []byte { return b })); err != nil {
		t.Fatal(err)
	}
	head := len(priorMagic)
	for name, bad := range map[string][]byte{
		"nothing":         nil,
		"cut":             b[:len(b)-1],
		"a bit":           append(append(bytes.Clone(b[:5000]), b[5000]^1), b[5001:]...),
		"another name":    signed(func(b []byte) []byte { b[0] = 'x'; return b }),
		"another version": signed(func(b []byte) []byte { b[head]++; return b }),
		"other features":  signed(func(b []byte) []byte { b[head+1]++; return b }),
		"too few weights": signed(func(b []byte) []byte { return b[:len(b)-2] }),
		"too many bytes":  signed(func(b []byte) []byte { return append(b, 0) }),
		"too many places": signed(func(b []byte) []byte { return append(b[:head+2], bytes.Repeat([]byte{1, 0, 255}, 1<<15)...) }),
		"no view":         signed(func(b []byte) []byte { return b[:head+2] }),
		"an empty weight": signed(func(b []byte) []byte { return append(b[:head+2], 1, 0, 5, 0, 0, 0) }),
		"a place beyond":  signed(func(b []byte) []byte { return append(append(b[:head+2], 1, 0), bytes.Repeat([]byte{255}, 5000)...) }),
	} {
		if _, err := ParsePrior(bad); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzPrior(f *testing.F) {
	for _, n := range []int{0, 3, 300} {
		b, _ := randomPrior(f, n).MarshalBinary()
		f.Add(b[:len(b)-sha256.Size])
	}
	f.Add([]byte(priorMagic + "\x01\x01\x02\x00\xff\xff\x03\x04\x00\x05\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sum := sha256.Sum256(b)
		b = append(b, sum[:]...)
		p, err := ParsePrior(b)
		if err != nil {
			return
		}
		if again, _ := p.MarshalBinary(); !bytes.Equal(again, b) {
			t.Error("other bytes when written again")
		}
	})
}
