package matcher

import (
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"
)

// The bounds of what is kept of literals.
const (
	maxCross    = 16  // strings that a product of alternatives may make
	maxAlts     = 512 // strings of which one must occur
	maxLiteral  = 12  // bytes of a literal that the automaton looks for
	minLiteral  = 2   // shorter ones occur everywhere
	maxClassLit = 5   // members of a class that are spelt out
)

// lits says what strings a match of a node is, or holds. Letters are in lower
// case where they are ASCII.
type lits struct {
	exact []string // all that it can be; nil: not known
	some  []string // it holds one of these; nil: not known
	also  []string // and one of these, elsewhere; nil: not known
}

// maxAlso is how many strings the second set of a pattern may have.
const maxAlso = 16

// required returns strings of which every match holds one, ASCII letters in
// lower case, nil if there are none that are worth a look; and a second set of
// that kind, if there is one.
func required(n *node) (best, also []string) {
	l := literals(n)
	best, also = l.some, l.also
	if worth(l.exact) > worth(best) {
		best, also = l.exact, nil
	}
	if shortest(best) < minLiteral {
		return nil, nil
	}
	if shortest(also) < minLiteral+1 || len(also) > maxAlso {
		also = nil
	}
	return cut(best), cut(also)
}

// cut shortens strings to what the automaton looks for.
func cut(set []string) []string {
	if set == nil {
		return nil
	}
	out := make([]string, len(set))
	for i, s := range set {
		out[i] = s[:min(len(s), maxLiteral)]
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func shortest(set []string) int {
	if len(set) == 0 {
		return 0
	}
	least := len(set[0])
	for _, s := range set {
		least = min(least, len(s))
	}
	return least
}

// better returns the set that is found less often.
func better(a, b []string) []string {
	if worth(b) > worth(a) {
		return b
	}
	return a
}

// worth rates a set: long strings, and few.
func worth(set []string) int {
	if len(set) == 0 || len(set) > maxAlts {
		return -1
	}
	least := 1 << 20
	for _, s := range set {
		least = min(least, rarity(s))
	}
	return least*4 - bits.Len(uint(len(set)-1))*3
}

// rarity counts the bytes of a string; those that stand in every text less.
func rarity(s string) int {
	n := 0
	for i := 0; i < min(len(s), maxLiteral); i++ {
		switch s[i] {
		case ' ', '\t', '\n':
			n++
		case 'e', 't', 'a', 'o', 'n', 'i', 's', 'r', '.', '/', '=', '-', '<', '>', '"':
			n += 2
		default:
			n += 3
		}
	}
	return n
}

func literals(n *node) lits {
	switch n.op {
	case opRune:
		if s, ok := lower(n.r, n.fold); ok {
			return lits{exact: []string{s}}
		}
		return lits{}
	case opClass:
		return lits{exact: classLiterals(n.class)}
	case opConcat:
		return concatLiterals(n.subs)
	case opAlternate:
		return alternateLiterals(n.subs)
	case opCapture, opAtomic:
		return literals(n.sub())
	case opRepeat:
		return concatLiterals([]*node{n})
	case opAny, opAnyNotNL, opBackref:
		return lits{}
	}
	return lits{exact: []string{""}} // assertions are empty
}

// lower spells a rune; ok is false when it is a letter that the automaton does
// not fold.
func lower(r rune, fold bool) (string, bool) {
	switch {
	case r == utf8.RuneError: // broken bytes match it, too
		return "", false
	case r >= 'A' && r <= 'Z':
		r |= 0x20
	case r >= utf8.RuneSelf && fold && unicode.SimpleFold(r) != r:
		return "", false
	}
	return string(r), true
}

// classLiterals spells out a small class; nil for a large one.
func classLiterals(class []rune) []string {
	var out []string
	for i := 0; i+1 < len(class); i += 2 {
		if class[i+1]-class[i] >= 2*maxClassLit {
			return nil
		}
		for r := class[i]; r <= class[i+1]; r++ {
			s, ok := lower(r, false)
			if !ok {
				return nil
			}
			if r == 0x17f || r == 0x212a { // s and k in another form, which the text loses
				s = map[rune]string{0x17f: "s", 0x212a: "k"}[r]
			}
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		if len(out) > maxClassLit {
			return nil
		}
	}
	return out
}

// concatLiterals follows a sequence: cur is what stands before the place that
// was reached, best the best of what was left behind.
func concatLiterals(subs []*node) lits {
	cur, found, whole := []string{""}, finds{}, true
	leave := func() {
		found.add(cur)
		whole = false
	}
	for _, s := range subs {
		if s.op != opRepeat {
			l := literals(s)
			next := cross(cur, l.exact)
			if next == nil {
				leave()
				found.add(l.some)
				found.add(l.also)
				next = l.exact
			}
			cur = next
			if cur == nil {
				cur = []string{""}
			}
			continue
		}
		l := literals(s.sub())
		switch {
		case s.min == 0 && s.max == 1 && cross(cur, withEmpty(l.exact)) != nil:
			cur = cross(cur, withEmpty(l.exact))
		case s.min >= 1 && l.exact != nil:
			for range min(s.min, 4) { // the first copies follow cur, the last one goes before what comes
				next := cross(cur, l.exact)
				if next == nil {
					leave()
					next = l.exact
				}
				cur = next
			}
			if s.min > 4 || s.max != s.min {
				leave()
				cur = l.exact
			}
		default:
			leave()
			if s.min >= 1 {
				found.add(l.some)
				found.add(l.also)
			}
			cur = []string{""}
		}
	}
	if whole {
		return lits{exact: cur}
	}
	found.add(cur)
	return lits{some: found.best, also: found.also}
}

// finds are the two best of the sets of which a sequence holds one string each.
type finds struct{ best, also []string }

func (f *finds) add(set []string) {
	switch {
	case worth(set) > worth(f.best):
		f.best, f.also = set, f.best
	case worth(set) > worth(f.also):
		f.also = set
	}
}

func withEmpty(set []string) []string {
	if set == nil {
		return nil
	}
	return append(slices.Clone(set), "")
}

// cross returns each of a before each of b, nil if that is too much.
func cross(a, b []string) []string {
	if b == nil || len(a)*len(b) > maxCross && len(a) > 1 && len(b) > 1 || len(a)*len(b) > maxAlts {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) > 2*maxLiteral && x != "" && y != "" {
				return nil
			}
			out = append(out, x+y)
		}
	}
	return out
}

func alternateLiterals(subs []*node) lits {
	exact, some := []string{}, []string{}
	for _, s := range subs {
		l := literals(s)
		if exact != nil {
			if exact = append(exact, l.exact...); l.exact == nil || len(exact) > maxAlts {
				exact = nil
			}
		}
		one := better(l.some, l.exact)
		if some != nil {
			if some = append(some, one...); shortest(one) == 0 || len(some) > maxAlts {
				some = nil
			}
		}
	}
	return lits{exact: exact, some: some}
}
