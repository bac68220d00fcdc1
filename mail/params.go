package mail

import (
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/charset"
)

// Bounds on one structured header value.
const (
	maxParams     = 200
	maxParamBytes = 64 << 10
	maxComment    = 1024
	maxLookahead  = 256
)

// ParseContentType reads a value of Content-Type, or of another field of the
// same form. The second result is false when there is no type in it.
func ParseContentType(value string) (ContentType, bool) {
	return parseContentType(value, guesses(maxGuesses))
}

func parseContentType(value string, g *charset.Guesses) (ContentType, bool) {
	value = value[:min(len(value), maxParamBytes)]
	typ, rest := cutType(value)
	main, sub, slash := strings.Cut(typ, "/")
	c := ContentType{
		Type:    strings.ToLower(strings.TrimSpace(main)),
		Subtype: strings.ToLower(strings.TrimSpace(sub)),
	}
	if c.Type == "" {
		return ContentType{}, false
	}
	c.Broken = !slash || c.Subtype == "" || strings.ContainsAny(c.Type+c.Subtype, " \t\"()<>@,;:\\[]?=")
	pieces := scanPieces(rest)
	c.Params = joinPieces(pieces, g)
	c.Broken = c.Broken || len(pieces) == maxParams
	c.Charset = strings.ToLower(c.Param("charset"))
	c.Boundary = c.Param("boundary")
	return c, true
}

// ParseDisposition reads a Content-Disposition value.
func ParseDisposition(value string) Disposition {
	return parseDisposition(value, guesses(maxGuesses))
}

func parseDisposition(value string, g *charset.Guesses) Disposition {
	value = value[:min(len(value), maxParamBytes)]
	kind, rest := cutType(value)
	if strings.Contains(kind, "=") {
		return Disposition{Params: parseParams(value, g)}
	}
	return Disposition{Kind: strings.ToLower(strings.TrimSpace(kind)), Params: parseParams(rest, g)}
}

// cutType takes what stands before the parameters, comments removed. A type
// that is followed by white space and "name=" lacks its semicolon.
func cutType(s string) (typ, rest string) {
	s = strings.TrimLeft(s, " \t\r\n")
	var b strings.Builder
	slash := false
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ';':
			return b.String(), s[i+1:]
		case c == '(':
			i = skipComment(s, i)
			continue
		case isSpace(c):
			if slash && nextIsParam(s[i:]) {
				return b.String(), s[i:]
			}
		default:
			slash = slash || c == '/'
			b.WriteByte(c)
		}
		i++
	}
	return b.String(), ""
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// skipComment returns the index after the comment that opens at i; an open
// comment is an ordinary parenthesis.
func skipComment(s string, i int) int {
	depth := 0
	for j := i; j < min(len(s), i+maxComment); j++ {
		switch s[j] {
		case '\\':
			j++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return i + 1
}

// nextIsParam reports whether white space and then "name=" begin s.
func nextIsParam(s string) bool {
	s = s[:min(len(s), maxLookahead)]
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	start := i
	for i < len(s) && i-start < 64 {
		switch c := s[i]; {
		case c == '=':
			return i > start && !(i+1 < len(s) && s[i+1] == '?')
		case isSpace(c) || c == ';' || c == '"' || c == '?' || c == '/':
			return false
		}
		i++
	}
	return false
}

// A piece is one parameter as written: RFC 2231 splits a value over several.
type piece struct {
	name    string
	value   string
	section int // -1: not numbered
	ext     bool
	quoted  bool
}

// parseParams reads parameters and joins the pieces of RFC 2231.
func parseParams(s string, g *charset.Guesses) []Param {
	return joinPieces(scanPieces(s), g)
}

func scanPieces(s string) []piece {
	var out []piece
	for i := 0; i < len(s) && len(out) < maxParams; {
		switch c := s[i]; {
		case c == ';' || isSpace(c) || c == ',':
			i++
			continue
		case c == '(':
			i = skipComment(s, i)
			continue
		}
		n := strings.IndexAny(s[i:], "=;")
		if n < 0 {
			break
		}
		if s[i+n] == ';' {
			i += n + 1
			continue
		}
		name := s[i : i+n]
		value, quoted, next := scanValue(s, i+n+1)
		i = next
		if p, ok := parseName(name); ok && (value != "" || quoted) {
			p.value, p.quoted = value, quoted
			out = append(out, p)
		}
	}
	return out
}

// parseName splits "name*0*" into name, section and mark.
func parseName(s string) (piece, bool) {
	if i := strings.IndexByte(s, '('); i >= 0 {
		s = s[:i]
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.LastIndexAny(s, " \t\r\n"); i >= 0 && !strings.Contains(s, "*") {
		s = s[i+1:] // garbage before the name
	}
	lead := len(s) - len(strings.TrimLeft(s, "*"))
	name, rest, star := strings.Cut(s[lead:], "*")
	name = strings.Trim(name, " \t\"'")
	if name == "" {
		return piece{}, false
	}
	p := piece{name: name, section: -1}
	if !star {
		p.ext = lead > 0
		return p, true
	}
	digits := strings.TrimSpace(rest)
	if j := strings.IndexByte(digits, '*'); j >= 0 {
		digits, p.ext = strings.TrimSpace(digits[:j]), true
	}
	if digits == "" {
		p.ext = true
		return p, true
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 {
		p.ext = true
		n = 1 << 30
	}
	p.section = n
	return p, true
}

// scanValue reads a parameter's value at i and returns where to go on.
func scanValue(s string, i int) (value string, quoted bool, next int) {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	if i < len(s) && s[i] == '"' {
		v, n := scanQuoted(s, i+1)
		return v, true, n
	}
	start := i
	for i < len(s) && s[i] != ';' {
		if isSpace(s[i]) && nextIsParam(s[i:]) {
			break
		}
		if isSpace(s[i]) && strings.HasPrefix(strings.TrimLeft(s[i:min(len(s), i+maxLookahead)], " \t\r\n"), "(") {
			break
		}
		i++
	}
	return strings.TrimSpace(s[start:i]), false, i
}

// scanQuoted reads a quoted string. A quote that is not followed by the end,
// a semicolon or the next parameter is one of the value (name="a"b").
func scanQuoted(s string, i int) (string, int) {
	var b strings.Builder
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\' || s[i+1] == '\'') {
				i++
			}
			b.WriteByte(s[i])
		case '\r', '\n':
		case '"':
			if closes(s[i+1:]) {
				return b.String(), i + 1
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), i
}

func closes(rest string) bool {
	rest = rest[:min(len(rest), maxLookahead)]
	t := strings.TrimLeft(rest, " \t\r\n")
	if t == "" || t[0] == ';' || t[0] == '(' || t[0] == ',' {
		return true
	}
	if len(t) < len(rest) && nextIsParam(rest) {
		return true
	}
	// No other quote before the next semicolon: this one closes after all.
	end := strings.IndexByte(t, ';')
	if end < 0 {
		end = len(t)
	}
	return !strings.Contains(t[:end], `"`)
}
