// Package wildcard matches host names against lists in which * stands for any
// text, dots included, and ? for one character.
package wildcard

import (
	"path"
	"slices"
	"strings"
)

// A Set is a list of names and patterns made ready. Plain names cost one
// look-up however many there are, patterns are tried one by one. The zero
// value holds nothing.
type Set struct {
	names map[string]bool
	globs []string
}

// New makes a Set; case, white space around an entry and a final dot don't
// matter.
func New(list []string) Set {
	s := Set{names: make(map[string]bool, len(list))}
	literal := strings.NewReplacer(`\`, `\\`, `[`, `\[`) // what path.Match knows besides
	for _, entry := range list {
		entry = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(entry)), ".")
		switch {
		case entry == "":
		case strings.ContainsAny(entry, "*?"):
			s.globs = append(s.globs, literal.Replace(entry))
		default:
			s.names[entry] = true
		}
	}
	return s
}

// Match reports whether a name, lower case and without final dot, is in the
// list.
func (s Set) Match(name string) bool {
	return s.names[name] || slices.ContainsFunc(s.globs, func(g string) bool {
		ok, err := path.Match(g, name)
		return ok && err == nil
	})
}
