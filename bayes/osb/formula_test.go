package osb

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6 {
		t.Errorf("%s: %.7f, want %.7f", what, got, want)
	}
}

// The values are worked out by hand: a neighbour pair seen four times in spam
// weighs w = 12500/12501, which draws 1 to (w/2+4)/(w+4).
func TestTrust(t *testing.T) {
	for _, c := range []struct {
		p        float64
		n        int64
		distance uint8
		want     float64
	}{
		{1, 4, 1, .9000064},
		{1, 4, 4, .9166667},   // w = 4/5: 4.4/4.8
		{.5, 7, 1, .5},        // what is assumed stays
		{0, 2, 2, .1664498},   // w = 512/513
		{.75, 2, 3, .6676829}, // w = 54/55: (27/55+1.5)/(54/55+2)
	} {
		near(t, "trust", trust(c.p, c.n, c.distance, .5), c.want)
	}
}

func TestChance(t *testing.T) {
	near(t, "one number", chance(math.Log(.9), 1), .9)
	near(t, "two numbers", chance(2*math.Log(.9), 2), .81*(1-2*math.Log(.9)))
	near(t, "many", chance(-1, 40), 1)
	near(t, "none", chance(0, 5), 1)
}

func TestProbability(t *testing.T) {
	near(t, "a token at 0.9", (&evidence{spam: math.Log(.9), ham: math.Log(.1), used: 1}).probability(), .9)
	// h = 1-.81·(1+.2107210), s = 1-.01·(1+4.6051702)
	near(t, "two", (&evidence{spam: 2 * math.Log(.9), ham: 2 * math.Log(.1), used: 2}).probability(), .9623160)
	near(t, "much spam", (&evidence{spam: -20, ham: -400, used: 190}).probability(), 1)
	near(t, "much ham", (&evidence{spam: -400, ham: -20, used: 190}).probability(), 0)
	// Beyond the bound the difference decides: (1-e^-2)/(1+e^-2).
	near(t, "beyond", (&evidence{spam: -301, ham: -303, used: 9}).probability(), .7615942)
}

// TestWeigh shows which tokens count.
func TestWeigh(t *testing.T) {
	c := params{minHits: 2, strength: .05}
	for _, x := range []struct {
		spam, ham int64
		used      int
	}{
		{1, 0, 0}, // seen once
		{2, 0, 1},
		{5, 5, 1}, // exactly one half counts, as in Rspamd
		{11, 10, 0},
		{0, 3, 1},
	} {
		var e evidence
		e.weigh(Token{Distance: 1}, x.spam, x.ham, [2]int64{100, 100}, c)
		if e.used != x.used || e.text != x.used {
			t.Errorf("%d in spam, %d in ham: %+v", x.spam, x.ham, e)
		}
	}
}

// TestProbabilityIsSymmetric turns spam and ham around.
func TestProbabilityIsSymmetric(t *testing.T) {
	for spam := range int64(12) {
		for ham := range int64(12) {
			var a, b evidence
			for i := range uint8(3) {
				a.weigh(Token{Distance: i + 1}, spam, ham, [2]int64{300, 200}, params{2, .05})
				b.weigh(Token{Distance: i + 1}, ham, spam, [2]int64{200, 300}, params{2, .05})
			}
			p, q := a.probability(), b.probability()
			if a.used != b.used || math.Abs(p+q-1) > 1e-9 || p < 0 || p > 1 {
				t.Errorf("%d and %d: %g and %g", spam, ham, p, q)
			}
		}
	}
}

func TestClasses(t *testing.T) {
	e := classesOf{sums: make([]float64, 3), lessons: []int64{10, 10, 10}, able: []bool{true, true, false}}
	e.weigh(Token{Distance: 1}, []int64{5, 0, 9}, params{2, .05})
	// w = 43750/43751: (w/3+14·0.5)/(w+14) and w/3/(w+14); the third has learned too little.
	near(t, "first", e.sums[0], math.Log(.48888912))
	near(t, "second", e.sums[1], math.Log(.02222175))
	if e.sums[2] != 0 {
		t.Errorf("a class that can't be judged has %g", e.sums[2])
	}
	class, shares, _ := e.best()
	if class != 0 || shares[0] <= shares[1] {
		t.Errorf("class %d, %v", class, shares)
	}
}
