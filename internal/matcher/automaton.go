package matcher

import (
	"slices"
	"unicode/utf8"
)

// An automaton finds all of many strings in one pass (A. V. Aho, M. J. Corasick:
// Efficient string matching, 1975), ASCII letters in either case. States are
// rows of a table with a column for each byte that occurs in a string.
type automaton struct {
	class  [256]uint8
	stride int32
	// next holds for each row and column the first index of the next state's
	// row, negated if strings end there.
	next []int32
	// ends and link are by state: the string that ends there, -1 for none, and
	// the next state whose string ends there too, 0 for none.
	ends, link []int32
}

// newAutomaton makes one of strings in lower case; they have bytes, and no two
// are equal.
func newAutomaton(strings []string) *automaton {
	a := &automaton{stride: 1}
	var used [256]bool
	for _, s := range strings {
		for i := range len(s) {
			used[s[i]] = true
		}
	}
	for c, is := range used {
		if is {
			a.class[c] = uint8(a.stride)
			a.stride++
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[c|0x20]
	}
	a.trie(strings)
	a.connect()
	return a
}

func (a *automaton) state() int32 {
	id := int32(len(a.ends))
	a.ends, a.link = append(a.ends, -1), append(a.link, 0)
	a.next = a.next[:len(a.next)+int(a.stride)]
	return id
}

// states counts the states that a trie of the strings has.
func states(strings []string) int {
	sorted, n, last := slices.Sorted(slices.Values(strings)), 1, ""
	for _, s := range sorted {
		same := 0
		for same < min(len(s), len(last)) && s[same] == last[same] {
			same++
		}
		n, last = n+len(s)-same, s
	}
	return n
}

// trie makes the states; while it and connect work, next holds states.
func (a *automaton) trie(strings []string) {
	n := states(strings)
	a.ends, a.link, a.next = make([]int32, 0, n), make([]int32, 0, n), make([]int32, 0, n*int(a.stride))
	a.state()
	for id, s := range strings {
		at := int32(0)
		for i := range len(s) {
			cell := at*a.stride + int32(a.class[s[i]])
			if a.next[cell] == 0 {
				to := a.state()
				a.next[cell] = to
			}
			at = a.next[cell]
		}
		a.ends[at] = int32(id)
	}
}

// connect fills in where to go on when a string breaks off.
func (a *automaton) connect() {
	fail := make([]int32, len(a.ends))
	queue := make([]int32, 0, len(a.ends))
	for c := int32(0); c < a.stride; c++ {
		if to := a.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		f := fail[at]
		if a.link[at] = f; a.ends[f] < 0 {
			a.link[at] = a.link[f]
		}
		for c := int32(0); c < a.stride; c++ {
			cell := at*a.stride + c
			if to := a.next[cell]; to != 0 {
				fail[to] = a.next[f*a.stride+c]
				queue = append(queue, to)
			} else {
				a.next[cell] = a.next[f*a.stride+c]
			}
		}
	}
	for i, to := range a.next {
		if a.next[i] = to * a.stride; a.ends[to] >= 0 || a.link[to] != 0 {
			a.next[i] = -a.next[i]
		}
	}
}

// each calls f for each string that ends before end, until f returns false.
func (a *automaton) each(text string, f func(id int32, end int) bool) {
	row := int32(0)
	for i := 0; i < len(text); i++ {
		row = a.next[row+int32(a.class[text[i]])]
		if row >= 0 {
			continue
		}
		row = -row
		for s := row / a.stride; s != 0; s = a.link[s] {
			if id := a.ends[s]; id >= 0 && !f(id, i+1) {
				return
			}
		}
	}
}

// align returns the first index from i on, or with back the last one up to i,
// where a character begins.
func align(text string, i int, back bool) int {
	i = max(0, min(i, len(text)))
	for i > 0 && i < len(text) && !utf8.RuneStart(text[i]) {
		if back {
			i--
		} else {
			i++
		}
	}
	return i
}
