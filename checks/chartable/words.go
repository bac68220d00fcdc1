package chartable

import (
	"unicode"
	"unicode/utf8"
)

// addAll adds the words of s. Words of ASCII letters are never bad: they are only
// counted, where they end, and without a branch, since nothing foretells that.
func (y *tally) addAll(s string) {
	inside := 0 // 1: what stands before i is a word so far
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			now := int(inASCIIWord[c])
			y.words += inside &^ now
			inside = now
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !inWord(r) {
			y.words += inside
			inside = 0
			i += size
			continue
		}
		from := i
		for from > 0 && s[from-1] < utf8.RuneSelf && inASCIIWord[s[from-1]] != 0 {
			from--
		}
		i = wordEnd(s, i+size)
		y.add(s[from:i])
		inside = 0
	}
	y.words += inside
}

// wordEnd returns where the word ends that i is in.
func wordEnd(s string, i int) int {
	for n, r := range s[i:] {
		if !inWord(r) {
			return i + n
		}
	}
	return len(s)
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return inASCIIWord[r] != 0
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// inASCIIWord has 1 for what words consist of.
var inASCIIWord = func() (t [utf8.RuneSelf]uint8) {
	for c := range t {
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '\'' {
			t[c] = 1
		}
	}
	return t
}()
