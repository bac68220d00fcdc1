package worktest

import (
	"math"
	"testing"
	"time"
)

// spin does n steps of work.
func spin(n int) {
	x := 1.0
	for range n {
		x = math.Sqrt(x + 1)
	}
	if math.IsNaN(x) {
		panic("the work is not optimized away")
	}
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		steps func(n int) int
		want  bool
	}{
		"linear":    {func(n int) int { return n << 11 }, true},
		"n log n":   {func(n int) int { return int(math.Log2(float64(n))) * n << 8 }, true},
		"quadratic": {func(n int) int { return n * n }, false},
		"nothing":   {func(int) int { return 0 }, true},
	} {
		whole, inParts, ok := compare(1<<12, func(n int) func() { return func() { spin(c.steps(n)) } })
		if ok != c.want {
			t.Errorf("%s: %v, in parts %v", name, whole, inParts)
		}
	}
}

// TestWaitingIsNoWork: what others do while a thread waits is not counted.
func TestWaitingIsNoWork(t *testing.T) {
	done := make(chan time.Duration)
	go func() { done <- cost(func() { spin(1 << 23) }, 1) }()
	var others time.Duration
	if own := cost(func() { others = <-done }, 1); own > others/2 {
		t.Errorf("waiting cost %v, the others' work %v", own, others)
	}
}
