package dkimsig

import (
	"strconv"
	"strings"
)

// MaxInstance is the highest ARC instance (RFC 8617 section 4.2.1).
const MaxInstance = 50

// ResultsInstance returns the instance of an ARC-Authentication-Results field,
// which must come first (RFC 8617 section 4.1.1), 0 if it has none, and the
// results after it with folds as one space.
func ResultsInstance(raw []byte) (instance int, results string) {
	_, value, _ := strings.Cut(string(raw), ":")
	first, rest, _ := strings.Cut(value, ";")
	name, number, ok := strings.Cut(first, "=")
	if !ok || trim(name) != "i" {
		return 0, ""
	}
	return parseInstance(trim(number)), trim(unfold(rest))
}

// unfold makes each fold one space.
func unfold(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' })
	for i := range lines {
		lines[i] = trim(lines[i])
	}
	return strings.Join(lines, " ")
}

// parseInstance returns 0 for what is no instance.
func parseInstance(v string) int {
	n, err := strconv.ParseUint(v, 10, 8)
	if err != nil || n > MaxInstance || len(v) > 2 {
		return 0
	}
	return int(n)
}
