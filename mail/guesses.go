package mail

import (
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/charset"
)

// Guessing a charset costs as much as decoding some tens of kilobytes, for
// however short a text.
const (
	maxGuesses       = 4   // for one field; then the last guess holds
	maxGuessedFields = 128 // of a message, those of its parts too; none is guessed for the others
	maxGuessedParts  = 64  // the same of its parts
)

func guesses(n int) *charset.Guesses { return &charset.Guesses{Left: n} }

// mayGuess gives the field its guesses. They depend on the fields before it
// alone, whatever is read first.
func (p *splitter) mayGuess(f *Field) {
	if f.plain || !strings.Contains(f.value, "=?") && utf8.ValidString(f.value) {
		return
	}
	if p.m.guessed++; p.m.guessed <= maxGuessedFields {
		f.guesses = maxGuesses
		return
	}
	g := guesses(0)
	text := decodeText(refold(f), g)
	f.text.Store(&text)
	if g.Blind {
		p.m.note(NoteCut, p.part, f.off, "Charsets")
	}
}

// guesses returns what may be guessed for a text of the part.
func (p *Part) guesses() *charset.Guesses {
	if p.Index >= maxGuessedParts {
		return guesses(0)
	}
	return guesses(1)
}
