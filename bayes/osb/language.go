package osb

import (
	"strings"

	"github.com/winnowmail/winnow/mail"
)

const (
	fewStopWords  = 4  // different stop words tell a language
	sureStopWords = 10 // tell it even where words of others stand between
	maxStopWords  = 80 // of a language are looked at
)

// language returns a text's language as Rspamd takes it: by script, by stop
// words, then as mail.Text guesses where Rspamd compares trigrams. English is
// what it takes a text for that it does not know.
func language(t *mail.Text) string {
	latin := false
	switch script(t) {
	case "Cyrillic":
		if l := byStopWords(t, func(l string) bool { return l == "ru" }); l != "" {
			return l
		}
	case "Latin":
		latin = true
		if l := byStopWords(t, latinLanguage); l != "" {
			return l
		}
	}
	if l, _ := t.Language(); l != "" && !(latin && len(t.Words()) < fewWords) {
		return l
	}
	switch script(t) {
	case "Cyrillic":
		return "ru"
	case "Arabic":
		return "ar"
	case "Devanagari":
		return "hi"
	}
	return "en"
}

// fewWords tell no language by their letters.
const fewWords = 10

func script(t *mail.Text) string {
	top, most := "Latin", 0
	for name, n := range t.Scripts() {
		if n > most || n == most && name < top {
			top, most = name, n
		}
	}
	return top
}

func latinLanguage(l string) bool { return l != "ru" && l != "ar" && l != "ne" }

// byStopWords returns the language with the largest share of its stop words in
// the text. Where some stand there of a language whose letters have diacritics,
// it takes English only for many.
func byStopWords(t *mail.Text, of func(string) bool) string {
	all := allStopWords()
	seen := map[string]bool{}
	hits := map[string]int{}
	for _, w := range t.Words() {
		for _, w := range strings.FieldsFunc(w.Text, func(c rune) bool { return c == '.' || c == ':' || c == '\'' }) {
			if seen[w] {
				continue
			}
			seen[w] = true
			for _, l := range all.in[w] {
				if of(l) && hits[l] < maxStopWords {
					hits[l]++
				}
			}
		}
	}
	mixed := false
	for l := range hits {
		mixed = mixed || l != "en" && l != "id"
	}
	best, top := "", 0.0
	for l, n := range hits {
		if n < fewStopWords || n < sureStopWords && mixed && (l == "en" || l == "id") {
			continue
		}
		if rate := float64(n) / float64(all.count[l]); rate > top || rate == top && l < best {
			best, top = l, rate
		}
	}
	return best
}
