package mail

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/winnowmail/winnow/internal/publicsuffix"
)

// isCJK tells the characters of Chinese, Japanese and Korean, whose texts have
// no blanks around a host: ideographs, kana, Hangul, their punctuation and the
// wide forms. Those of Thai, Lao, Tibetan, Burmese and Khmer have none either, nor
// has what is drawn around a host: pictures, arrows and stars.
func isCJK(r rune) bool {
	switch {
	case r < 0x0e00:
		return false
	case r < 0x10a0, r >= 0x1780 && r < 0x1800, r >= 0x2190 && r < 0x2200, r >= 0x25a0 && r < 0x27c0, r >= 0x1f000 && r < 0x1fb00:
		return true
	case r < 0x1100:
		return false
	case r < 0x1200, r >= 0x2e80 && r < 0xa000, r >= 0xa960 && r < 0xa980, r >= 0xac00 && r < 0xd800,
		r >= 0xf900 && r < 0xfb00, r >= 0xfe30 && r < 0xfe50, r >= 0xff00 && r < 0xfff0, r >= 0x20000 && r < 0x40000:
		return true
	}
	return false
}

// isCJKPunctuation tells what ends a clause or encloses one there.
func isCJKPunctuation(r rune) bool {
	switch {
	case r >= 0x3000 && r <= 0x3003, r >= 0x3008 && r <= 0x3011, r >= 0x3014 && r <= 0x301f, r == 0x30fb:
		return true
	case r == 0xff01, r == 0xff08, r == 0xff09, r == 0xff0c, r == 0xff0e, r == 0xff1a, r == 0xff1b, r == 0xff1f, r >= 0xff5b && r <= 0xff65:
		return true
	}
	return false
}

// endsCJK reports whether s ends with a CJK character, and whether that is
// punctuation.
func endsCJK(s string) (yes, punctuation bool) {
	if s == "" || s[len(s)-1] < 0x80 {
		return false, false
	}
	r, _ := utf8.DecodeLastRuneInString(s)
	return isCJK(r), isCJKPunctuation(r)
}

// cutCJK returns how much of a host in running text belongs to it: a name that
// ends in no known top-level domain but has one right before a CJK character
// ends there, as in "example.com" with text behind it.
func cutCJK(host string) int {
	ascii := true
	for i := range len(host) {
		ascii = ascii && host[i] < 0x80
	}
	if ascii || knownTLD(host) {
		return len(host)
	}
	dot, plain := -1, true // the last dot, and whether only ASCII follows it
	for i, r := range host {
		switch {
		case r == '.':
			dot, plain = i, true
		case r >= 0x80:
			if plain && dot > 0 && i > dot+1 && isCJK(r) && publicsuffix.IsTLD(strings.ToLower(host[dot+1:i])) {
				return i
			}
			plain = false
		}
	}
	return len(host)
}

// textHostLen returns how much of running text at the beginning of s is a host,
// and how far was looked for it.
func textHostLen(s string, flags *URLFlags) (n, seen int) {
	seen = hostLen(s[:beforeNextCJK(s)], urlInText, flags)
	return cutCJK(s[:seen]), seen
}

// beforeNextCJK returns where the host at the beginning of s ends because CJK
// words and a new name of ASCII letters follow its top-level domain, as "or" does
// between two hosts in these languages, or because a second such label follows;
// len(s) if neither does. Of a text of nothing but such hosts it reads little more
// than one.
func beforeNextCJK(s string) int {
	label, end, word := -1, -1, false // where the last label begins; where CJK text ends it, and whether that is a word
	first := -1                       // the first such end
	for i := 0; i < len(s) && i <= maxHost*3; {
		c := s[i]
		switch {
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(s[i:])
			if end < 0 && label > 0 && i > label && isCJK(r) && publicsuffix.IsTLD(lowerASCII(s[label:i])) {
				if first >= 0 {
					return first
				}
				first, end = i, i
			}
			word = word || end >= 0 && isCJK(r) && !isDotLike(r)
			if end < 0 || !isCJK(r) {
				label, end, word = -1, -1, false
			}
			i += n
			continue
		case end >= 0 && word && alnumByte(c):
			return end
		case c == '.':
			label, end, word = i+1, -1, false
		case !alnumByte(c) && c != '-' && c != '_' && c != '%' && c != '[' && c != ']':
			return len(s)
		}
		i++
	}
	return len(s)
}

// knownTLD reports whether the last label of a host as written is a top-level
// domain.
func knownTLD(host string) bool {
	host = strings.TrimRight(host, ".")
	i := strings.LastIndexFunc(host, func(r rune) bool { return r == '.' || r == 0x3002 || r == 0xff0e || r == 0xff61 })
	if i >= 0 {
		_, n := utf8.DecodeRuneInString(host[i:])
		host = host[i+n:]
	}
	return host != "" && len(host) < 256 && publicsuffix.IsTLD(strings.ToLower(norm.NFKC.String(host)))
}
