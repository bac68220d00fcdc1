package matcher

import (
	"strings"
	"unicode/utf8"
)

// A run is one search of the bounded matcher.
type run struct {
	text   string
	slots  []int
	stack  []choice
	budget *Budget
	steps  int // that this search may still take
	begin  int // of the match, where \K moved it
}

// A choice is a point to come back to, or with slot at 0 or above a value to put
// back on the way there.
type choice struct{ pc, pos, slot, value int }

const (
	leastSteps   = 500000
	stepsPerByte = 64
)

// all finds up to n matches that begin between from and to.
func (p *prog) all(text string, from, to, n int, b *Budget) [][]int {
	r := run{text: text, budget: b, steps: min(b.left, leastSteps+stepsPerByte*(to-from)), slots: make([]int, p.slots)}
	spent := r.steps
	var found [][]int
	for at := from; at <= to && (n < 0 || len(found) < n); {
		if p.first != nil {
			for at < to && !p.first[text[at]] {
				at++
			}
			if at >= len(text) || !p.first[text[at]] {
				break
			}
		}
		for i := range r.slots {
			r.slots[i] = -1
		}
		r.begin = at
		end, ok := r.match(p.insts, at)
		switch {
		case !ok:
			at += width(text, at)
			continue
		case r.steps < 0:
		default:
			m := append([]int{r.begin, end}, r.slots[2:p.marks]...)
			found = append(found, m)
		}
		if end > at {
			at = end
		} else {
			at += width(text, at)
		}
		if r.steps < 0 {
			break
		}
	}
	if r.steps < 0 {
		b.cut++
		r.steps = 0
	}
	b.left -= spent - r.steps
	return found
}

// width is the length of the character at i, at least 1.
func width(text string, i int) int {
	if i >= len(text) || text[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(text[i:])
	return n
}

// set changes a slot so that it is put back when the search comes back.
func (r *run) set(slot, value int) {
	r.stack = append(r.stack, choice{slot: slot, value: r.slots[slot], pc: -1})
	r.slots[slot] = value
}

// back returns to the last choice above base.
func (r *run) back(base int) (pc, pos int, ok bool) {
	for len(r.stack) > base {
		c := r.stack[len(r.stack)-1]
		r.stack = r.stack[:len(r.stack)-1]
		if c.pc >= 0 {
			return c.pc, c.pos, true
		}
		r.slots[c.slot] = c.value
	}
	return 0, 0, false
}

// match runs a program at pos. Without steps left nothing matches.
func (r *run) match(insts []inst, pos int) (end int, ok bool) {
	base, pc := len(r.stack), 0
	for {
		if r.steps--; r.steps < 0 {
			r.unwind(base)
			return 0, false
		}
		i := &insts[pc]
		if i.code == codeMatch {
			r.forget(base)
			return pos, true
		}
		next, at, ok := r.step(i, pc, pos)
		if !ok {
			if next, at, ok = r.back(base); !ok {
				return 0, false
			}
		}
		pc, pos = next, at
	}
}

// unwind puts back all slots that were changed since base.
func (r *run) unwind(base int) {
	for ok := true; ok; {
		_, _, ok = r.back(base)
	}
}

// forget drops the choices since base and keeps what puts slots back.
func (r *run) forget(base int) {
	kept := r.stack[:base]
	for _, c := range r.stack[base:] {
		if c.pc < 0 {
			kept = append(kept, c)
		}
	}
	r.stack = kept
}

// step does one instruction.
func (r *run) step(i *inst, pc, pos int) (next, at int, ok bool) {
	switch i.code {
	case codeSplit:
		r.stack = append(r.stack, choice{pc: i.y, pos: pos})
		return i.x, pos, true
	case codeJump:
		return i.x, pos, true
	case codeMark:
		r.set(i.slot, pos)
		return pc + 1, pos, true
	case codeLoop:
		return pc + 1, pos, r.slots[i.slot] != pos
	case codeKeep:
		r.begin = pos
		return pc + 1, pos, true
	case codeAssert:
		return pc + 1, pos, r.holds(i.node.op, pos)
	case codeLook:
		return pc + 1, pos, r.look(i, pos) != i.node.negative
	case codeAtomic:
		end, ok := r.match(i.sub, pos)
		return pc + 1, end, ok
	case codeBackref:
		end, ok := r.again(i, pos)
		return pc + 1, end, ok
	}
	if pos >= len(r.text) {
		return 0, 0, false
	}
	c, n := rune(r.text[pos]), 1
	if c >= utf8.RuneSelf {
		c, n = utf8.DecodeRuneInString(r.text[pos:])
	}
	switch i.code {
	case codeRune:
		ok = c == i.r
	case codeFold:
		ok = equalFold(c, i.r)
	case codeClass:
		ok = inClass(i.class, c)
	case codeAny:
		ok = true
	case codeAnyNotNL:
		ok = c != '\n'
	}
	return pc + 1, pos + n, ok
}

// look runs what stands in a look-around; a negative one leaves no groups.
func (r *run) look(i *inst, pos int) bool {
	base := len(r.stack)
	ok := false
	if !i.node.behind {
		_, ok = r.match(i.sub, pos)
	} else {
		for back := i.least; back <= min(i.most, pos) && !ok; back++ {
			if start := pos - back; start == len(r.text) || utf8.RuneStart(r.text[start]) {
				end, is := r.match(i.sub, start)
				ok = is && end == pos
			}
		}
	}
	if i.node.negative {
		r.unwind(base)
	}
	return ok
}

// again matches what a group matched.
func (r *run) again(i *inst, pos int) (end int, ok bool) {
	from, to := r.slots[i.slot], r.slots[i.slot+1]
	if from < 0 || to < from {
		return 0, false
	}
	group := r.text[from:to]
	r.steps -= len(group)
	rest := r.text[pos:]
	if len(rest) < len(group) {
		return 0, false
	}
	if rest = rest[:len(group)]; rest == group || i.node.fold && strings.EqualFold(rest, group) {
		return pos + len(group), true
	}
	return 0, false
}

// holds reports whether an assertion holds at pos.
func (r *run) holds(o op, pos int) bool {
	t := r.text
	switch o {
	case opBeginText:
		return pos == 0
	case opBeginLine:
		return pos == 0 || t[pos-1] == '\n'
	case opEndText:
		return pos == len(t)
	case opEndText1:
		return pos == len(t) || pos == len(t)-1 && t[pos] == '\n'
	case opEndLine:
		return pos == len(t) || t[pos] == '\n'
	}
	before := pos > 0 && isWordRune(rune(t[pos-1]))
	after := pos < len(t) && isWordRune(rune(t[pos]))
	return (before != after) == (o == opWord)
}
