package fused

import (
	"math"

	"github.com/winnowmail/winnow/internal/adagrad"
)

const (
	smooth     = 0.1 // count that every feature has in both classes
	clip       = 5.0 // of one feature
	gateHalf   = 30  // messages of each class at which the member counts half
	countUntil = 10  // margin beyond which a message isn't counted
	countFirst = 10  // so many messages of each class are always counted
)

// counts are the messages of each class that had a feature: naive Bayes. The two
// counts of a slot are halved together before one overflows.
type counts struct {
	slots     [][2]uint8 // ham, spam
	ham, spam uint32     // messages that were counted
	logs      [2][256]float64
	logHam    uint32 // the totals that logs are for
	logSpam   uint32
	ready     bool
}

// margin returns the log-odds of spam, weakened while few messages are known.
func (c *counts) margin(v View) float64 {
	gate := c.gate()
	if gate == 0 {
		return 0
	}
	sum := 0.0
	for _, s := range v.Slots { // Where both counts are 0, the logarithms are the same.
		n := c.slots[s]
		r := c.logs[1][n[1]] - c.logs[0][n[0]]
		sum += max(-clip, min(clip, r))
	}
	return gate * sum * adagrad.Scale(len(v.Slots))
}

// gate is the share at which the member counts.
func (c *counts) gate() float64 {
	k := float64(min(c.ham, c.spam))
	return k / (k + gateHalf)
}

// prepare renews the logarithms for the totals. Both classes are scaled to the
// same number of messages.
func (c *counts) prepare() {
	if c.ready && c.logHam == c.ham && c.logSpam == c.spam {
		return
	}
	c.logHam, c.logSpam, c.ready = c.ham, c.spam, true
	ratio := 1.0
	if c.ham > 0 && c.spam > 0 {
		ratio = math.Sqrt(float64(c.ham) / float64(c.spam))
	}
	for n := range c.logs[0] {
		c.logs[0][n] = math.Log(float64(n)/ratio + smooth)
		c.logs[1][n] = math.Log(float64(n)*ratio + smooth)
	}
}

// wants reports whether a message whose log-odds are m is to be counted.
func (c *counts) wants(m float64, spam bool) bool {
	y, n := -1.0, c.ham
	if spam {
		y, n = 1, c.spam
	}
	gate := c.gate()
	return n < countFirst || gate == 0 || y*m/gate < countUntil
}

// count adds a message to its class.
func (c *counts) count(v View, spam bool) {
	at, total := class(spam), &c.ham
	if spam {
		total = &c.spam
	}
	*total++
	for _, s := range v.Slots {
		n := &c.slots[s]
		if n[at] == math.MaxUint8 {
			n[0], n[1] = n[0]/2, n[1]/2
		}
		n[at]++
	}
	c.prepare()
}

// discount takes a message out of its class again.
func (c *counts) discount(v View, spam bool) {
	at, total := class(spam), &c.ham
	if spam {
		total = &c.spam
	}
	if *total > 0 {
		*total--
	}
	for _, s := range v.Slots {
		if n := &c.slots[s]; n[at] > 0 {
			n[at]--
		}
	}
	c.prepare()
}
