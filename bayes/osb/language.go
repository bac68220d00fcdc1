package osb

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/mail"
)

const (
	fewStopWords  = 4  // different stop words tell a language
	sureStopWords = 10 // tell it even where words of others stand between
	maxStopWords  = 80 // of a language are looked at
)

// A category is the letters that the words of a language are written in, as far as
// Rspamd tells languages apart by their words.
type category string

const (
	latinLetters      category = "latin"
	cyrillicLetters   category = "cyrillic"
	devanagariLetters category = "devanagari"
	arabicLetters     category = "arabic"
)

// has reports whether a language is written so.
func (c category) has(language string) bool {
	switch language {
	case "ru", "uk", "bg", "sr", "mk", "be":
		return c == cyrillicLetters
	case "hi", "ne", "mr":
		return c == devanagariLetters
	case "ar", "fa", "ur":
		return c == arabicLetters
	}
	return c == latinLetters
}

// usual is the language that Rspamd takes a short text for.
func (c category) usual() string {
	switch c {
	case cyrillicLetters:
		return "ru"
	case devanagariLetters:
		return "hi"
	case arabicLetters:
		return "ar"
	}
	return "en"
}

// language returns a text's language as Rspamd takes it: by single letters of some
// scripts, by stop words, then as mail.Text guesses where Rspamd compares trigrams.
// English is what it takes a text for that it does not know.
func language(t *mail.Text) string {
	if unread(t) {
		return "en"
	}
	l, c := byLetters(t.Plain())
	if l != "" {
		return l
	}
	if l := byStopWords(t, c.has); l != "" {
		return l
	}
	if len(t.Words()) < fewWords {
		return c.usual()
	}
	if l, _ := t.Language(); l != "" && c.has(l) {
		return l
	}
	return "en"
}

// fewWords tell no language by their letters.
const fewWords = 10

// A block is a range of letters that are of one language, or with none of one
// category, in Unicode.
type block struct {
	first, last rune
	language    string
	category    category
}

// blocks are those that Rspamd knows, in the order in which their languages win.
// Chinese ideographs come after all of them.
func blocks() []block {
	return []block{
		{0x0370, 0x03ff, "el", ""}, {0x0c00, 0x0c7f, "te", ""}, {0x0b80, 0x0bff, "ta", ""}, {0x0a80, 0x0aff, "gu", ""},
		{0x0e00, 0x0e7f, "th", ""}, {0x10a0, 0x10ff, "ka", ""}, {0x0530, 0x058f, "hy", ""}, {0x3040, 0x30ff, "ja", ""},
		{0x1100, 0x11ff, "ko", ""}, {0x3130, 0x318f, "ko", ""}, {0x0590, 0x05ff, "", latinLetters},
		{0x0400, 0x04ff, "", cyrillicLetters}, {0x0900, 0x097f, "", devanagariLetters}, {0x0600, 0x06ff, "", arabicLetters},
	}
}

func chinese(c rune) bool {
	return c >= 0x4e00 && c <= 0x9fff || c >= 0x3400 && c <= 0x4dbf || c >= 0x20000 && c <= 0x2a6df
}

// letters are how many of a text were of Latin, of Chinese and of another script
// before Rspamd looks no further.
const letters = 32

// byLetters returns the language of a text's letters, "" where they do not tell,
// and their category. One Greek letter makes a text Greek.
func byLetters(text string) (language string, c category) {
	all := blocks()
	seen := make([]bool, len(all))
	nLatin, nChinese, nOther := 0, 0, 0
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if r|0x20 >= 'a' && r|0x20 <= 'z' {
				nLatin++
			}
			continue
		case !unicode.IsLetter(r):
			continue
		case r < 0x100:
			nLatin++
		case chinese(r):
			nChinese++
		default:
			if i := slices.IndexFunc(all, func(b block) bool { return r >= b.first && r <= b.last }); i >= 0 {
				seen[i] = true
				nOther++
			}
		}
		if nOther > letters && nOther > nLatin || nChinese > letters && nChinese > nLatin && nOther > 0 {
			break
		}
	}
	c = latinLetters
	for i, b := range all {
		switch {
		case !seen[i]:
		case b.language == "ja" && nChinese > 5 && nChinese >= nOther*5:
		case b.language != "":
			return b.language, latinLetters
		case c == latinLetters:
			c = b.category
		}
	}
	if nChinese > 0 {
		return "zh-CN", latinLetters
	}
	return "", c
}

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
