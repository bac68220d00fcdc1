package score

import (
	"math"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// A Sheet is the sum of one message. It is used by one goroutine. The order
// of the calls is: Add for every hit, Compose(1), Add for late hits, Grow,
// Compose(2).
type Sheet struct {
	c      *Compiled
	lines  []line
	at     []int32   // line+1 by symbol
	groups []float64 // sums of the capped groups
	marked []bool    // composites whose atoms were raised
	total  float64

	texts   []string // room for options, given out by room
	record  bool
	steps   []Step
	removes []removeWish // scratch of Compose
	look    lookup       // scratch of Compose
}

// A line is one symbol that was raised.
type line struct {
	symbol    int32
	raised    int32
	hidden    bool
	score     float64
	options   options
	evidence  []symbols.Evidence
	removedBy []string
}

// maxEvidence bounds the places kept for one symbol.
const maxEvidence = 64

// NewSheet begins the sum of a message.
func (c *Compiled) NewSheet() *Sheet {
	return &Sheet{
		c:      c,
		at:     make([]int32, len(c.defs)),
		groups: make([]float64, len(c.groupCaps)),
		marked: make([]bool, len(c.composites)),
	}
}

// usualLines is how many symbols a message raises at most as a rule, and
// usualComposites how many of them are composites.
const (
	usualLines      = 24
	usualComposites = 4
)

// Expect makes room for the symbols of so many hits. It may be left out.
func (s *Sheet) Expect(hits int) {
	if s.lines == nil {
		s.lines = make([]line, 0, hits+usualComposites)
	}
}

// Add counts a hit. A symbol that is off, or that the Metric was not compiled
// with, does not count. A factor that is no number counts as 0, and no hit
// adds more than Limit.
func (s *Sheet) Add(h symbols.Hit) {
	id, ok := s.c.ids[h.Def]
	if !ok || s.c.off[id] != 0 {
		return
	}
	ln := s.insert(id, h.Factor, Hit)
	if ln.options.list == nil && len(h.Options) > 0 {
		ln.options.list = s.room(min(len(h.Options), scanLimit))
	}
	limit := s.c.maxOptions()
	for _, o := range h.Options {
		ln.options.add(o, limit)
	}
	evidence := h.Evidence[:min(maxEvidence-len(ln.evidence), len(h.Evidence))]
	switch {
	case len(evidence) == 0:
	case ln.evidence == nil:
		ln.evidence = slices.Clip(evidence) // the hit's own: what follows goes elsewhere
	default:
		ln.evidence = append(ln.evidence, evidence...)
	}
}

// room returns an empty list for n options: most symbols have one, and one
// allocation serves those of most messages.
func (s *Sheet) room(n int) []string {
	if n > len(s.texts) {
		s.texts = make([]string, max(n, 32))
	}
	list := s.texts[:0:n]
	s.texts = s.texts[n:]
	return list
}

func (s *Sheet) insert(id int32, factor float64, why Reason) *line {
	if !finite(factor) {
		factor = 0
	}
	value := max(-Limit, min(s.c.weights[id]*factor, Limit))
	if s.at[id] == 0 {
		s.Expect(usualLines - usualComposites)
		s.lines = append(s.lines, line{symbol: id, raised: 1})
		s.at[id] = int32(len(s.lines))
		for _, comp := range s.c.users[id] {
			s.marked[comp] = true
		}
		ln := &s.lines[len(s.lines)-1]
		s.change(ln, value, why)
		return ln
	}
	ln := &s.lines[s.at[id]-1]
	if ln.raised < s.c.shots[id] {
		ln.raised++
		s.change(ln, value, why)
		return ln
	}
	// The shots are spent: a larger hit of the same sign takes the place of a
	// smaller one.
	if ln.score == 0 || math.Abs(ln.score) < math.Abs(value) && math.Signbit(ln.score) == math.Signbit(value) {
		s.change(ln, value-ln.score, ShotLimit)
	} else {
		s.step(s.c.defs[id].Name, 0, ShotLimit, "")
	}
	return ln
}

// change adds delta to a symbol, as far as the caps of its groups let it.
func (s *Sheet) change(ln *line, delta float64, why Reason) {
	name, by := s.c.defs[ln.symbol].Name, ""
	for _, g := range s.c.caps[ln.symbol] {
		if delta == 0 {
			break
		}
		limited, refused := s.c.groupCaps[g].limit(s.groups[g], delta)
		if limited != delta || refused {
			why, by = GroupCap, s.c.groupCaps[g].name
		}
		if refused {
			s.step(name, 0, why, by)
			return
		}
		s.groups[g] += limited
		delta = limited
	}
	ln.score += delta
	s.total += delta
	s.step(name, delta, why, by)
}

// limit returns how much of delta a group with that sum still takes; refused
// means that the sum had reached the limit already.
func (g *groupCap) limit(sum, delta float64) (limited float64, refused bool) {
	var limit float64
	switch {
	case sum+delta >= 0 && g.max > 0:
		limit = g.max
	case sum+delta < 0 && g.min < 0:
		limit = -g.min
	default:
		return delta, false
	}
	if math.Abs(sum) >= limit && math.Signbit(sum) == math.Signbit(delta) {
		return 0, true
	}
	if math.Abs(sum+delta) > limit {
		return math.Copysign(limit, delta) - sum, false
	}
	return delta, false
}

// Grow multiplies what counts against the message when many symbols do;
// limit is the highest threshold of an action. It does nothing without a
// grow factor or without a limit.
func (s *Sheet) Grow(limit float64) {
	grow := s.c.metric.GrowFactor
	if grow <= 1 || !(limit > 0) {
		return
	}
	factor := grow
	for i := range s.lines {
		if v := s.lines[i].score; v > 0 {
			factor *= 1 + (grow-1)*v/limit
		}
	}
	factor = min(factor, maxGrowth)
	for i := range s.lines {
		if ln := &s.lines[i]; ln.score > 0 {
			delta := ln.score * (factor - 1)
			ln.score += delta
			s.total += delta
			s.step(s.c.defs[ln.symbol].Name, delta, Growth, "")
		}
	}
}

// maxGrowth keeps a product of many factors a number.
const maxGrowth = 1e6

// Has reports whether the symbol was raised, hidden or not.
func (s *Sheet) Has(name string) bool {
	id, ok := s.c.id(name)
	return ok && s.at[id] > 0
}

// ScoreOf returns what a symbol adds to the total; ok is false if it was not
// raised or is hidden.
func (s *Sheet) ScoreOf(name string) (score float64, ok bool) {
	id, ok := s.c.id(name)
	if !ok || s.at[id] == 0 || s.lines[s.at[id]-1].hidden {
		return 0, false
	}
	return round(s.lines[s.at[id]-1].score), true
}

// Matched lists the composites that were raised, in the order of their
// evaluation.
func (s *Sheet) Matched() []*symbols.Def {
	var list []*symbols.Def
	for i := range s.c.composites {
		if id := s.c.composites[i].symbol; s.at[id] > 0 {
			list = append(list, s.c.defs[id])
		}
	}
	return list
}

// Total returns the score. It is rounded to nine decimals, so that ten times
// 0.1 reaches a threshold of 1.
func (s *Sheet) Total() float64 { return round(s.total) }

func round(f float64) float64 {
	if math.Abs(f) >= 1e6 {
		return f
	}
	return math.Round(f*1e9)/1e9 + 0 // no negative zero
}

// Scored is a symbol in the outcome.
type Scored struct {
	Def   *symbols.Def
	Name  string
	Score float64 // what it adds to the total
	// Weight is the Metric's weight of the symbol, before factors, shots,
	// caps and composites ("metric_score" of Rspamd's replies).
	Weight    float64
	Options   []string
	Evidence  []symbols.Evidence
	Hidden    bool     // a composite took its place
	RemovedBy []string // composites that took its weight or hid it
}

// Symbols returns the symbols to show in the order in which they were first
// raised.
func (s *Sheet) Symbols() []Scored { return s.scored(false) }

// Hidden returns the symbols that composites hid.
func (s *Sheet) Hidden() []Scored { return s.scored(true) }

func (s *Sheet) scored(hidden bool) []Scored {
	var list []Scored
	for i := range s.lines {
		ln := &s.lines[i]
		if ln.hidden != hidden {
			continue
		}
		if list == nil {
			list = make([]Scored, 0, len(s.lines)-i)
		}
		def := s.c.defs[ln.symbol]
		list = append(list, Scored{
			Def: def, Name: def.Name, Score: round(ln.score), Weight: s.c.weights[ln.symbol],
			Options: ln.options.list, Evidence: ln.evidence, Hidden: ln.hidden, RemovedBy: ln.removedBy,
		})
	}
	return list
}
