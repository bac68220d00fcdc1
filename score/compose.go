package score

import "math"

const (
	// matches is what an expression must exceed to be true of a message.
	matches = 1e-5
	// present is the value of a symbol whose score is 0.
	present = 16 * matches
)

// A removeWish is what one composite wants done to one line.
type removeWish struct {
	line      int32
	composite int32
	want      removal
}

// Compose evaluates the composites: pass 1 all but those that need late
// symbols, pass 2 those. The symbols that a pass wants removed are removed at
// its end.
func (s *Sheet) Compose(pass int) {
	s.removes = s.removes[:0]
	for _, i := range s.c.always {
		s.marked[i] = true
	}
	for i, marked := range s.marked {
		if marked && s.c.composites[i].second == (pass == 2) {
			s.evaluate(int32(i))
		}
	}
	if len(s.removes) > 0 {
		for i := range s.lines {
			s.remove(int32(i))
		}
	}
}

func (s *Sheet) evaluate(i int32) {
	comp := &s.c.composites[i]
	if s.at[comp.symbol] > 0 || s.c.off[comp.symbol] != 0 {
		return
	}
	s.look = lookup{s, comp}
	if v := comp.expr.eval(&s.look); !(math.Abs(v) > matches) {
		return
	}
	for j := range comp.atoms {
		a, ref := &comp.expr.atoms[j], &comp.atoms[j]
		if a.Negated {
			continue
		}
		for _, id := range ref.ids {
			if at := s.at[id]; at > 0 && a.MatchOptions(s.lines[at-1].options.list) {
				s.removes = append(s.removes, removeWish{at - 1, i, ref.remove})
			}
		}
	}
	s.insert(comp.symbol, 1, CompositeHit)
}

// lookup gives the atoms of a composite their values.
type lookup struct {
	s    *Sheet
	comp *composite
}

// atom returns the absolute score of the atom's symbol; for a group it is the
// largest one of the group's symbols.
func (l *lookup) atom(i int) float64 {
	best := 0.0
	for _, id := range l.comp.atoms[i].ids {
		at := l.s.at[id]
		if at == 0 {
			continue
		}
		ln := &l.s.lines[at-1]
		if !l.comp.expr.atoms[i].MatchOptions(ln.options.list) {
			continue
		}
		v := math.Abs(ln.score)
		if v == 0 {
			v = present
		}
		best = max(best, v)
	}
	return best
}

// remove carries out what the composites of this pass want done to a line. What
// one composite keeps, weight or symbol, is kept whatever the others want,
// unless one of them forces the removal (the prefix ^).
func (s *Sheet) remove(at int32) {
	want, named, wished := removeWeight|removeSymbol, false, false
	for _, w := range s.removes {
		if w.line != at {
			continue
		}
		wished = true
		if w.want&removeForced != 0 {
			want |= removeForced
		}
		want &= w.want | removeForced
	}
	if !wished || s.lines[at].hidden {
		return
	}
	if want&removeForced != 0 {
		want = removeWeight | removeSymbol
	}
	if want == 0 {
		return
	}
	ln := &s.lines[at]
	for _, w := range s.removes {
		if w.line == at && w.want != 0 {
			name := s.c.defs[s.c.composites[w.composite].symbol].Name
			ln.removedBy = append(ln.removedBy, name)
			if want&removeWeight != 0 && !named {
				named = true
				delta := -ln.score
				s.total += delta
				ln.score = 0
				s.step(s.c.defs[ln.symbol].Name, delta, Removal, name)
			}
		}
	}
	ln.hidden = want&removeSymbol != 0
}
