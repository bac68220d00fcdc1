package fused

import (
	"math"

	"github.com/winnowmail/winnow/internal/adagrad"
)

const (
	margin = 4.0 // beyond it a message teaches a member nothing
	doubt  = 2.0 // where a label that contradicts the model begins to count less
)

// A regression is a logistic regression over hashed features.
type regression []adagrad.Slot

// margin returns the log-odds of spam.
func (r regression) margin(v View) float64 {
	sum := 0
	if v.Prior == nil {
		for _, s := range v.Slots {
			sum += r[s].Weight() // 0 of a slot that was never touched
		}
	} else {
		prior := v.Prior[:len(v.Slots)]
		for i, s := range v.Slots {
			w, slot := int(prior[i])*priorUnit, r[s]
			if slot != 0 {
				w = slot.Weight()
			}
			sum += w
		}
	}
	return adagrad.Scale(len(v.Slots)) * float64(sum) / adagrad.Unit
}

// gradient is the step that a label of a weight asks for at log-odds m: 0 for
// none.
func gradient(m float64, spam bool, weight float64, n int) float32 {
	y, target := -1.0, 0.0
	if spam {
		y, target = 1, 1
	}
	if y*m >= margin {
		return 0
	}
	return float32(weight * (target - sigmoid(m)) * adagrad.Scale(n))
}

// belief is the weight of a label that may be wrong, where all members together
// give it the log-odds m. They judge it together since one member alone forgets
// too soon: whatever a wrong label moved is what the next one is measured by.
func belief(m float64) float64 {
	if m >= -doubt {
		return 1
	}
	return math.Exp(doubt + m)
}

// apply takes a step of gradient g.
func (r regression) apply(v View, g float32) {
	if g == 0 {
		return
	}
	step := adagrad.NewStep(g, len(v.Slots))
	for i, s := range v.Slots {
		prior := 0
		if v.Prior != nil {
			prior = int(v.Prior[i]) * priorUnit
		}
		r[s] = step.Apply(r[s], prior)
	}
}

// revert takes back a step of gradient g as well as it can be known.
func (r regression) revert(v View, g float32) {
	if g == 0 {
		return
	}
	step := adagrad.NewStep(g, len(v.Slots))
	for _, s := range v.Slots {
		r[s] = step.Revert(r[s])
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
