package osb

import "math"

// params are the constants of the formula.
type params struct {
	minHits  int64
	strength float64
}

// weights are those of tokens by distance: n to the n-th power.
func weights() [MaxWindow]float64 { return [MaxWindow]float64{0, 3125, 256, 27, 1, 0, 0, 0} }

// trust draws a frequency that n sightings gave to what is assumed without any.
func trust(p float64, n int64, distance uint8, assumed float64) float64 {
	fw := weights()[distance%MaxWindow] * float64(n)
	w := fw / (1 + fw)
	return (w*assumed + float64(n)*p) / (w + float64(n))
}

// An evidence is what the tokens of a message say together.
type evidence struct {
	spam, ham float64 // sums of logarithms
	used      int     // tokens
	text      int     // those of them that are no meta tokens
}

// weigh adds a token that was seen so often in spam and in ham.
func (e *evidence) weigh(t Token, spam, ham int64, lessons [2]int64, c params) {
	n := spam + ham
	if n < c.minHits || n == 0 {
		return
	}
	fs := float64(spam) / math.Max(1, float64(lessons[0]))
	fh := float64(ham) / math.Max(1, float64(lessons[1]))
	p := trust(fs/(fs+fh), n, t.Distance, .5)
	if p != .5 && math.Abs(p-.5) < c.strength {
		return
	}
	e.spam += math.Log(p)
	e.ham += math.Log(trust(fh/(fs+fh), n, t.Distance, .5))
	e.used++
	if !t.Meta {
		e.text++
	}
}

// chance is the probability that the logarithms of n uniform numbers sum up to
// less than sum, or 2n degrees of chi square to more than -2·sum.
func chance(sum float64, n int) float64 {
	term := math.Exp(sum)
	total := term
	for i := 1; i < n; i++ {
		term *= -sum / float64(i)
		total += term
	}
	return math.Min(1, total)
}

// beyond is the sum of logarithms from which on Rspamd compares the sums as they
// are.
const beyond = -300

// probability combines the evidence to a probability of spam.
func (e *evidence) probability() float64 {
	var h, s float64
	if e.spam > beyond && e.ham > beyond {
		h, s = 1-chance(e.spam, e.used), 1-chance(e.ham, e.used)
	} else {
		d := math.Exp(-math.Abs(e.spam - e.ham))
		h = (1 - d) / (1 + d)
		s = 1 - h
		if e.spam >= e.ham {
			h, s = s, h
		}
	}
	return (s + 1 - h) / 2
}

// curve is how much of a symbol's score a probability above one half gives.
func curve(p float64) float64 { return math.Pow((p-.5)*2, 8) }
