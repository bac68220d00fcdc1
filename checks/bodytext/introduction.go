package bodytext

import (
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
)

// introduces looks for "my name is", and for "I am" or "this is" before a title, in
// any case. Line ends count as in mail.Text.Folded, which nothing else needs and
// which takes longer to make than this takes.
func introduces(s string) bool {
	for i := 1; i < len(s); i++ {
		if opens[s[i-1]]&follows[s[i]] != 0 && (i == 1 || !ascii.IsWord(s[i-2])) && introducesHere(s[i-1:]) {
			return true
		}
	}
	return false
}

// opens tells, a bit for each phrase, whether it may begin with a byte, and follows
// whether that may be its second one: hardly a place of a text passes both.
var opens, follows = func() (first, second [256]byte) {
	for bit, pair := range [...][2]string{{"Mm", "Yy"}, {"Ii", " \r\n"}, {"Tt", "Hh"}} {
		for i := range len(pair[0]) {
			first[pair[0][i]] |= 1 << bit
		}
		for i := range len(pair[1]) {
			second[pair[1][i]] |= 1 << bit
		}
	}
	return first, second
}()

// introducesHere reports whether s begins with such words.
func introducesHere(s string) bool {
	switch ascii.Lower(s[0]) {
	case 'm':
		rest, ok := behind(s, "my name is")
		return ok && (rest == "" || !ascii.IsWord(rest[0]))
	case 'i':
		rest, ok := behind(s, "i am")
		return ok && isTitle(rest)
	case 't':
		rest, ok := behind(s, "this is")
		return ok && isTitle(rest)
	}
	return false
}

// behind returns what follows a phrase that s begins with.
func behind(s, phrase string) (rest string, ok bool) {
	for i := range len(phrase) {
		n := 1
		if phrase[i] == ' ' {
			n = blank(s)
		} else if s == "" || ascii.Lower(s[0]) != phrase[i] {
			n = 0
		}
		if n == 0 {
			return "", false
		}
		s = s[n:]
	}
	return s, true
}

// blank returns how many bytes at the beginning of s are one blank of a folded
// text: a blank, line ends, or the first before the second.
func blank(s string) int {
	n := 0
	if strings.HasPrefix(s, " ") {
		n = 1
	}
	return n + ascii.Span(s[n:], func(c byte) bool { return c == '\n' || c == '\r' })
}

// isTitle reports whether s is white space and a title.
func isTitle(s string) bool {
	n := ascii.Span(s, ascii.IsSpace)
	if n == 0 {
		return false
	}
	s = s[n:]
	for n = 0; n < len(s) && n < 10 && ascii.IsWord(s[n]); {
		n++
	}
	switch strings.ToLower(s[:n]) {
	case "mr", "mrs", "ms", "miss", "master", "sir", "prof", "professor", "dr", "doctor", "rev", "reverend":
		return true
	}
	return false
}
