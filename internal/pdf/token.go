package pdf

import "bytes"

// A kind of token. The zero kind stands for the end and for no token.
type kind uint8

const (
	end kind = iota
	number
	name // text is what follows the slash
	text // a string, literal or hexadecimal
	word // keywords and what is nothing else
	dictStart
	dictEnd
	arrayStart
	arrayEnd
)

// A token is a lexical unit (ISO 32000-1 section 7.2).
type token struct {
	kind kind
	hex  bool // a hexadecimal string
	n    int  // the value of a whole number
	at   int
	text []byte // as written, without delimiters
}

// is reports whether the token is a name.
func (t token) is(want string) bool {
	return t.kind == name && (string(t.text) == want || bytes.IndexByte(t.text, '#') >= 0 && t.name() == want)
}

// name returns a name with its escapes undone.
func (t token) name() string {
	if bytes.IndexByte(t.text, '#') < 0 {
		return string(t.text)
	}
	out := make([]byte, 0, len(t.text))
	for i := 0; i < len(t.text); i++ {
		c := t.text[i]
		if c == '#' && i+2 < len(t.text) {
			high, low := nibble(t.text[i+1]), nibble(t.text[i+2])
			if high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// string returns a string with its escapes undone, "" if it is too long for a
// link.
func (t token) string() string {
	switch {
	case len(t.text) > 4*MaxURI:
		return ""
	case t.hex:
		return unhex(t.text)
	case bytes.IndexByte(t.text, '\\') < 0:
		return bounded(t.text)
	}
	return unescape(t.text)
}

func bounded(s []byte) string {
	if len(s) > MaxURI {
		return ""
	}
	return string(s)
}

// unhex reads pairs of digits; a last one without partner is followed by 0.
func unhex(s []byte) string {
	out := make([]byte, 0, len(s)/2+1)
	high := -1
	for _, c := range s {
		switch v := nibble(c); {
		case v < 0:
		case high < 0:
			high = v
		default:
			out, high = append(out, byte(high<<4|v)), -1
		}
	}
	if high >= 0 {
		out = append(out, byte(high<<4))
	}
	return bounded(out)
}

// unescape undoes the escapes of literal strings (section 7.3.4.2).
func unescape(s []byte) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			out = append(out, c)
			continue
		}
		i++
		switch c = s[i]; c {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '\n':
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := int(c - '0')
			for n := 1; n < 3 && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '7'; n++ {
				i++
				v = v<<3 | int(s[i]-'0')
			}
			out = append(out, byte(v)) // the high bit of \777 is dropped
		default:
			out = append(out, c)
		}
	}
	return bounded(out)
}

func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
