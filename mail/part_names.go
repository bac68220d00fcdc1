package mail

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/charset"
)

// maxNames bounds the names of one part.
const maxNames = 16

// Names returns every file name that the part's header gives it, Filename first,
// each once. Which of several a program takes differs: "filename" of
// Content-Disposition, "name" of Content-Type, the first or the last of equal
// ones, the plain form or that of RFC 2231, a quoted-pair with or without its
// backslash.
func (p *Part) Names() []string {
	var names []string
	add := func(name string) {
		if name != "" && len(names) < maxNames && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(p.Filename())
	for _, field := range [...]string{"Content-Disposition", "Content-Type"} {
		for _, f := range p.Header.All(field) {
			if len(names) == maxNames {
				return names
			}
			eachName(f.folded(), guesses(int(f.guesses)), add)
		}
	}
	return names
}

// eachName calls add with each form of the file names in a field's value.
func eachName(value string, g *charset.Guesses, add func(string)) {
	value = value[:min(len(value), maxParamBytes)]
	kind, rest := cutType(value)
	if strings.Contains(kind, "=") {
		rest = value
	}
	pieces := scanPieces(rest)
	for _, name := range [...]string{"filename", "name"} {
		var numbered []piece
		for _, p := range pieces {
			switch {
			case p.name != name:
			case p.section >= 0:
				numbered = append(numbered, p)
			default:
				v := joinGroup([]piece{p}, g)
				add(v)
				add(strings.ReplaceAll(v, `\`, ""))
			}
		}
		if len(numbered) > 0 {
			add(joinNumbered(numbered, g))
		}
	}
}
