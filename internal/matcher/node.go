package matcher

import (
	"slices"
	"unicode"
)

// An op is the kind of a node.
type op uint8

const (
	opEmpty     op = iota
	opRune         // one rune
	opClass        // one rune of a class
	opAnyNotNL     // . without the flag s
	opAny          // . with it
	opBeginText    // \A, ^
	opBeginLine    // ^ with the flag m
	opEndText      // \z
	opEndText1     // \Z, $: before a final line feed, too
	opEndLine      // $ with the flag m
	opWord         // \b
	opNotWord      // \B
	opConcat
	opAlternate
	opRepeat
	opCapture
	opAtomic
	opLook
	opBackref
	opKeep // \K
)

// A node is one element of a pattern.
type node struct {
	op         op
	fold       bool // letters match in either case
	r          rune
	class      []rune // pairs of first and last, sorted
	subs       []*node
	min, max   int // of a repeat; max -1: no end
	lazy, poss bool
	group      int  // of a capture or back-reference
	behind     bool // of a look
	negative   bool
}

func (n *node) sub() *node { return n.subs[0] }

// each calls f for n and all nodes below.
func (n *node) each(f func(*node)) {
	f(n)
	for _, s := range n.subs {
		s.each(f)
	}
}

// asserts reports whether the node looks at what stands beside a match.
func (n *node) asserts() bool {
	found := false
	n.each(func(n *node) { found = found || n.op >= opBeginText && n.op <= opNotWord || n.op == opLook })
	return found
}

// extended reports whether the pattern needs the backtracking matcher.
func (n *node) extended() bool {
	found := false
	n.each(func(n *node) {
		found = found || n.op == opAtomic || n.op == opLook || n.op == opBackref || n.op == opKeep || n.op == opRepeat && n.poss
	})
	return found
}

// endsWithin reports whether the end before a final line feed stands where more of
// the pattern follows: package regexp, which has no such end, takes the line feed.
func (n *node) endsWithin(last bool) bool {
	switch n.op {
	case opEndText1:
		return !last
	case opConcat:
		for i, s := range n.subs {
			if s.endsWithin(last && i == len(n.subs)-1) {
				return true
			}
		}
		return false
	case opRepeat:
		last = last && n.max == 1
	}
	return slices.ContainsFunc(n.subs, func(s *node) bool { return s.endsWithin(last) })
}

// unbounded is the length of what has no greatest length.
const unbounded = 1 << 30

// width returns the fewest and the most bytes that a match of n has.
func (n *node) width() (least, most int) {
	switch n.op {
	case opRune:
		if n.fold && n.r >= 0x80 || n.fold && (n.r|0x20 == 'k' || n.r|0x20 == 's') {
			return 1, 4
		}
		k := runeLen(n.r)
		return k, k
	case opClass, opAny, opAnyNotNL:
		return 1, 4
	case opConcat:
		for _, s := range n.subs {
			a, b := s.width()
			least, most = least+a, min(most+b, unbounded)
		}
		return min(least, unbounded), most
	case opAlternate:
		least = unbounded
		for _, s := range n.subs {
			a, b := s.width()
			least, most = min(least, a), max(most, b)
		}
		return least, most
	case opRepeat:
		a, b := n.sub().width()
		switch {
		case n.max < 0 && b > 0:
			most = unbounded
		case n.max > 0:
			most = min(b*n.max, unbounded)
		}
		return min(a*n.min, unbounded), most
	case opCapture, opAtomic:
		return n.sub().width()
	case opBackref:
		return 0, unbounded
	}
	return 0, 0
}

func runeLen(r rune) int {
	switch {
	case r < 0x80:
		return 1
	case r < 0x800:
		return 2
	case r < 0x10000:
		return 3
	}
	return 4
}

// crossesLines reports whether a match of n can hold a line feed.
func (n *node) crossesLines() bool {
	switch n.op {
	case opRune:
		return n.r == '\n'
	case opClass:
		return inClass(n.class, '\n')
	case opAny, opBackref:
		return true
	case opLook:
		return false
	}
	return slices.ContainsFunc(n.subs, (*node).crossesLines)
}

// A class is built of pairs; merge sorts and joins them.
func mergeClass(class []rune) []rune {
	type pair struct{ lo, hi rune }
	pairs := make([]pair, 0, len(class)/2)
	for i := 0; i+1 < len(class); i += 2 {
		pairs = append(pairs, pair{class[i], class[i+1]})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return int(a.lo - b.lo) })
	out := class[:0]
	for _, p := range pairs {
		if n := len(out); n > 0 && p.lo <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p.hi)
			continue
		}
		out = append(out, p.lo, p.hi)
	}
	return out
}

// negateClass returns what is not in a merged class, up to last.
func negateClass(class []rune, last rune) []rune {
	var out []rune
	next := rune(0)
	for i := 0; i+1 < len(class); i += 2 {
		if class[i] > next {
			out = append(out, next, class[i]-1)
		}
		next = class[i+1] + 1
	}
	if next <= last {
		out = append(out, next, last)
	}
	return out
}

func inClass(class []rune, r rune) bool {
	for i := 0; i+1 < len(class); i += 2 {
		if r < class[i] {
			return false
		}
		if r <= class[i+1] {
			return true
		}
	}
	return false
}

// equalFold reports whether two runes are one letter in whatever case.
func equalFold(a, b rune) bool {
	if a == b {
		return true
	}
	for f := unicode.SimpleFold(a); f != a; f = unicode.SimpleFold(f) {
		if f == b {
			return true
		}
	}
	return false
}

// maxSize bounds what repetitions make of a pattern.
const maxSize = 400000

// size is how many elements a pattern has when its repetitions are written out.
func size(n *node) int {
	sum := 1 + len(n.class)/8
	for _, s := range n.subs {
		sum += size(s)
	}
	if n.op == opRepeat {
		sum *= max(1, n.min, n.max)
	}
	return min(sum, unbounded)
}
