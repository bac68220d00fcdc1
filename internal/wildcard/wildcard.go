// Package wildcard matches host names against lists in which * stands for any
// text, dots included, and ? for one character.
package wildcard

import (
	"path"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
)

// A Set is a list of names and patterns made ready. Plain names cost one
// look-up however many there are, patterns are tried one by one. The zero
// value holds nothing.
type Set struct {
	names map[string]bool
	globs []string
	wide  []string // the patterns for names in Unicode
}

// New makes a Set. White space around an entry, case, a final dot and the
// choice of U-labels or A-labels don't matter.
func New(list []string) Set {
	s := Set{names: make(map[string]bool, len(list))}
	literal := strings.NewReplacer(`\`, `\\`, `[`, `\[`) // what path.Match knows besides
	for _, entry := range list {
		ascii, unicode := idn.Pattern(strings.TrimSpace(entry))
		switch {
		case !strings.ContainsAny(unicode, "*?"):
			if ascii != "" {
				s.names[ascii] = true
			}
			continue
		case ascii != "":
			s.globs = append(s.globs, literal.Replace(ascii))
		}
		s.wide = append(s.wide, literal.Replace(unicode))
	}
	return s
}

// Match reports whether a name in the form of idn.Key is in the list.
func (s Set) Match(name string) bool {
	if s.names[name] || fits(s.globs, name) {
		return true
	}
	return len(s.wide) > 0 && strings.Contains(name, "xn--") && fits(s.wide, idn.ToUnicode(name))
}

func fits(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, err := path.Match(g, name)
		return ok && err == nil
	})
}
