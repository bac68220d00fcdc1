package fused

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
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
	b, ok := p.tokens.parse(b)
	if !ok {
		return nil, errPrior
	}
	if b, ok = p.grams.parse(b); !ok || len(b) > 0 {
		return nil, errPrior
	}
	return p, nil
}

func (w *weights) parse(b []byte) (rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, false
	}
	n := int(b[0]) | int(b[1])<<8
	b = b[2:]
	if n > MaxPriorWeights || 2*n > len(b) {
		return nil, false
	}
	list := make([]weight, 0, n)
	next := 0
	for len(list) < n {
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
		list = append(list, weight{uint32(at), int8(b[1])})
		next, b = at+1, b[2:]
	}
	w.set(list)
	return b, true
}
