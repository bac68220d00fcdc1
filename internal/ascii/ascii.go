// Package ascii has the byte tests and the case-insensitive searches that
// header rules are written with. It knows ASCII only: other bytes are equal to
// themselves and are neither space nor word.
package ascii

import "strings"

// IsDigit reports whether c is 0-9.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// IsLetter reports whether c is A-Z or a-z.
func IsLetter(c byte) bool { return c|0x20-'a' < 26 }

// IsWord reports whether c is a letter, a digit or "_".
func IsWord(c byte) bool { return IsLetter(c) || IsDigit(c) || c == '_' }

// IsSpace reports whether c is one of space, TAB, LF, VT, FF and CR.
func IsSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// Lower returns c in lower case.
func Lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// EqualFold reports whether s and t are equal but for the case of letters.
func EqualFold(s, t string) bool { return len(s) == len(t) && HasPrefixFold(s, t) }

// HasPrefixFold reports whether s begins with prefix in any case.
func HasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if Lower(s[i]) != Lower(prefix[i]) {
			return false
		}
	}
	return true
}

// IndexFold returns where sub first occurs in s in any case, -1 if nowhere.
// sub must be short and not empty: the time is at most len(s) times len(sub).
func IndexFold(s, sub string) int {
	first, last, fold := Lower(sub[0]), len(s)-len(sub), byte(0)
	if IsLetter(first) {
		fold = 'a' - 'A'
	}
	for i := 0; i <= last; i++ {
		if s[i]|fold == first && HasPrefixFold(s[i:], sub) {
			return i
		}
	}
	return -1
}

// ContainsFold reports whether sub occurs in s in any case.
func ContainsFold(s, sub string) bool { return IndexFold(s, sub) >= 0 }

// Span returns the length of the longest prefix of s whose bytes are all ok.
func Span(s string, ok func(byte) bool) int {
	for i := range len(s) {
		if !ok(s[i]) {
			return i
		}
	}
	return len(s)
}

// TrimRightSpace returns s without the space at its end.
func TrimRightSpace(s string) string { return strings.TrimRight(s, " \t\n\v\f\r") }

// DottedQuad returns the length of four numbers with dots between them at the
// beginning of s, each of at most max digits (0: any number); 0 if there are
// none. The values are not looked at.
func DottedQuad(s string, max int) int {
	n := 0
	for i := range 4 {
		if i > 0 {
			if n >= len(s) || s[n] != '.' {
				return 0
			}
			n++
		}
		d := Span(s[n:], IsDigit)
		if d == 0 || max > 0 && d > max {
			return 0
		}
		n += d
	}
	return n
}
