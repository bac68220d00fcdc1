// Package nearest finds what somebody probably meant who misspelt a name.
package nearest

import (
	"iter"
	"strconv"
	"strings"
)

// maxName bounds the names that are compared: longer ones are no misspelling.
const maxName = 80

// Name returns the known name that is most like the given one, "" if none is
// like it: a third of its letters may differ. Case does not count. Of equally
// near ones the first in the order of the alphabet is taken, so that the
// answer does not depend on the order of known.
func Name(name string, known iter.Seq[string]) string {
	if len(name) > maxName {
		return ""
	}
	best, from := "", len(name)/3+1
	if from > 4 {
		from = 4
	}
	lower := strings.ToLower(name)
	for k := range known {
		if k == "" || len(k) > maxName || abs(len(k)-len(name)) > from {
			continue
		}
		d := distance(lower, strings.ToLower(k))
		if d < from || d == from && (best == "" || k < best) {
			best, from = k, d
		}
	}
	return best
}

// Hint returns the end of an error message: `; did you mean "NAME"?` or "".
func Hint(name string, known iter.Seq[string]) string {
	if n := Name(name, known); n != "" {
		return "; did you mean " + strconv.Quote(n) + "?"
	}
	return ""
}

func abs(n int) int { return max(n, -n) }

// distance counts the bytes to insert, remove, replace or swap with their
// neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
