// Package adagrad is one step of a logistic regression in which every weight has
// a learning rate of its own. Its numbers are the same bits on every machine: no
// operation is rounded together with another.
package adagrad

import "math"

const (
	// Unit is what a weight of 1 is in a slot.
	Unit      = 1024
	maxWeight = math.MaxInt16

	rate    = 0.5
	epsilon = 0.01 // in units of the square of a feature's value
)

// A Slot is a weight in its upper half, in units of 1/Unit, and in its lower half
// the upper half of the float32 that is the sum of its squared gradients. Zero
// means that it was never touched.
type Slot uint32

// Weight is the weight in units of 1/Unit.
func (s Slot) Weight() int { return int(int16(s >> 16)) }

func (s Slot) sum() float32 { return math.Float32frombits(uint32(s) << 16) }

func pack(w float64, sum float32) Slot {
	w = math.Max(-maxWeight, math.Min(maxWeight, w))
	return Slot(uint16(int16(w)))<<16 | Slot(math.Float32bits(sum)>>16)
}

// Scale is the value of each of n features: 1/√(n+1).
func Scale(n int) float64 { return 1 / math.Sqrt(float64(n+1)) }

// A Step is a gradient that all features of a message share.
type Step struct{ up, square, epsilon float64 }

// NewStep returns the step of gradient g for a message of n features.
func NewStep(g float32, n int) Step {
	x := Scale(n)
	return Step{up: float64(rate * float64(g)), square: float64(float64(g) * float64(g)), epsilon: float64(epsilon * float64(x*x))}
}

// Apply moves a weight, which begins at prior where it was never touched.
func (st Step) Apply(s Slot, prior int) Slot {
	w := s.Weight()
	if s == 0 {
		w = prior
	}
	sum := float32(float64(s.sum()) + st.square)
	return pack(float64(w)+st.move(sum), sum)
}

// Revert moves a weight back by what the step would be today.
func (st Step) Revert(s Slot) Slot {
	rest := float32(math.Max(0, float64(float64(s.sum())-st.square)))
	return pack(float64(s.Weight())-st.move(s.sum()), rest)
}

func (st Step) move(sum float32) float64 {
	root := math.Sqrt(float64(float64(sum) + st.epsilon))
	return math.RoundToEven(float64(float64(st.up/root) * Unit))
}

// Valid reports whether a slot that was read from somewhere can be one.
func (s Slot) Valid() bool { return s.sum() >= 0 && !math.IsInf(float64(s.sum()), 1) }
