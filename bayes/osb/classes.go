package osb

import "math"

// classesOf is the evidence for any number of classes, as Rspamd 4 sums it up.
type classesOf struct {
	sums    []float64
	lessons []int64
	able    []bool // has learned enough
	used    int
	text    int
}

// weigh adds a token with its counts by class.
func (e *classesOf) weigh(t Token, counts []int64, c params) {
	var n int64
	for _, k := range counts {
		n += k
	}
	if n < c.minHits || n == 0 {
		return
	}
	rates, sum := make([]float64, len(counts)), 0.0
	for i, k := range counts {
		rates[i] = float64(k) / math.Max(1, float64(e.lessons[i]))
		sum += rates[i]
	}
	even := 1 / float64(len(counts))
	for i := range counts {
		p := rates[i]
		if len(counts) == 2 {
			p /= sum
		} else if !e.able[i] {
			continue
		}
		p = math.Max(0, math.Min(1, trust(p, n, t.Distance, even)))
		if math.Abs(p-even) >= c.strength {
			e.sums[i] += math.Log(p)
		}
	}
	e.used++
	if !t.Meta {
		e.text++
	}
}

// best returns the class with the largest sum, the shares of all, and how sure
// Rspamd says it is.
func (e *classesOf) best() (class int, shares []float64, sure float64) {
	top := math.Inf(-1)
	for i, s := range e.sums {
		if e.able[i] && s > top {
			class, top = i, s
		}
	}
	total := 0.0
	shares = make([]float64, len(e.sums))
	for i, s := range e.sums {
		shares[i] = math.Exp(math.Min(s-top, 700))
		total += shares[i]
	}
	for i := range shares {
		shares[i] /= total
	}
	if top <= beyond {
		return class, shares, shares[class]
	}
	x := chance(top, e.used)
	if x > .999 && top > -100 {
		return class, shares, .9
	}
	return class, shares, 1 - x
}
