package fused

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
)

// The form of a prior: the magic, a version, the version of the features; for
// each view the number of weights in two bytes, low byte first, and for every
// weight the number of empty places before it and its steps in one byte each;
// the SHA-256 of all that. 255 empty places are a byte without steps, and more
// bytes of the number follow.
const (
	priorMagic   = "winnow-prior"
	priorVersion = 1
	priorGap     = 255
)

func appendWeights(b []byte, list []weight) []byte {
	b = append(b, byte(len(list)), byte(len(list)>>8))
	next := uint32(0)
	for _, w := range list {
		gap := w.place - next
		for ; gap >= priorGap; gap -= priorGap {
			b = append(b, priorGap)
		}
		b = append(b, byte(gap), byte(w.steps))
		next = w.place + 1
	}
	return b
}

// MarshalBinary encodes the prior, in about two bytes a weight. The same weights
// give the same bytes.
func (p *Prior) MarshalBinary() ([]byte, error) {
	b := append([]byte(priorMagic), priorVersion, viewVersion)
	b = appendWeights(b, p.tokens.all())
	b = appendWeights(b, p.grams.all())
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// all lists the weights in order of places.
func (w *weights) all() []weight {
	list := make([]weight, 0, len(w.list))
	for i, word := range w.bits {
		for ; word != 0; word &= word - 1 {
			list = append(list, weight{uint32(i<<6 + bits.TrailingZeros64(word)), w.list[len(list)]})
		}
	}
	return list
}

var errPrior = errors.New("fused: not a prior")

// ParsePrior reads what MarshalBinary wrote. It takes nothing that is damaged or
// made for other features.
func ParsePrior(b []byte) (*Prior, error) {
	head := len(priorMagic)
	if len(b) < head+2+sha256.Size || string(b[:head]) != priorMagic {
		return nil, errPrior
	}
	if version, view := b[head], b[head+1]; version != priorVersion || view != viewVersion {
		return nil, fmt.Errorf("fused: a prior of version %d.%d, want %d.%d", version, view, priorVersion, viewVersion)
	}
	p := &Prior{digest: sha256.Sum256(b[:len(b)-sha256.Size])}
	if !bytes.Equal(p.digest[:], b[len(b)-sha256.Size:]) {
		return nil, fmt.Errorf("%w: its checksum differs", errPrior)
	}
	b = b[head+2 : len(b)-sha256.Size]
	b, ok := p.tokens.read(b)
	if !ok {
		return nil, errPrior
	}
	if b, ok = p.grams.read(b); !ok || len(b) > 0 {
		return nil, errPrior
	}
	return p, nil
}

func (w *weights) read(b []byte) (rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, false
	}
	n := int(b[0]) | int(b[1])<<8
	b = b[2:]
	if n > MaxPriorWeights || 2*n > len(b) {
		return nil, false
	}
	w.bits, w.before, w.list = make([]uint64, PriorPlaces/64), make([]uint16, PriorPlaces/64), make([]int8, 0, n)
	next := 0
	for len(w.list) < n {
		if len(b) < 2 {
			return nil, false
		}
		at := next + int(b[0])
		if b[0] == priorGap {
			next, b = at, b[1:]
			continue
		}
		if at >= PriorPlaces || b[1] == 0 {
			return nil, false
		}
		w.bits[at>>6] |= 1 << (at & 63)
		w.list = append(w.list, int8(b[1]))
		next, b = at+1, b[2:]
	}
	total := 0
	for i, word := range w.bits {
		w.before[i] = uint16(total)
		total += bits.OnesCount64(word)
	}
	return b, true
}
