package authres

import (
	"strings"
	"unicode/utf8"
)

// lineWidth is the length that folding keeps lines below where it can (RFC
// 5322 section 2.1.1).
const lineWidth = 78

// String returns the value of an Authentication-Results field in one line,
// without the field's name. Whatever the Header holds, the value has no
// control characters and nothing in it changes the meaning of what stands
// beside it: values are quoted where needed, comments are escaped, and
// methods and properties whose names are no keywords are left out.
func (h Header) String() string { return h.write(" ", " ") }

// Folded returns the same with each result on a line of its own, and long
// results broken before a property. Lines end in CRLF and a tab.
func (h Header) Folded() string { return h.write("\r\n\t", "\r\n\t ") }

// write joins the results with "; " as between says and breaks inside of them
// with fold.
func (h Header) write(between, fold string) string {
	var b strings.Builder
	b.WriteString(servID(h.ServID))
	none := true
	for _, r := range h.Results {
		if !keyword(r.Method) || !keyword(string(r.Value)) {
			continue
		}
		none = false
		b.WriteByte(';')
		b.WriteString(between)
		width := 8
		for i, word := range r.words() {
			switch {
			case i == 0:
			case width+1+len(word) > lineWidth:
				b.WriteString(fold)
				width = 9
			default:
				b.WriteByte(' ')
				width++
			}
			b.WriteString(word)
			width += len(word)
		}
	}
	if none {
		b.WriteString("; none")
	}
	return b.String()
}

// servID writes the server's name; an empty one would make the first result
// take its place.
func servID(id string) string {
	if id == "" {
		return "unknown"
	}
	return quoteUnless(id, isIDByte)
}

// words returns the pieces of a result between which a line may end.
func (r Result) words() []string {
	words := []string{r.Method + "=" + string(r.Value)}
	if c := comment(r.Comment); c != "()" {
		words = append(words, c)
	}
	if r.Reason != "" {
		words = append(words, "reason="+quoteUnless(r.Reason, isTokenByte))
	}
	for _, p := range r.Properties {
		name := p.Name
		if !keyword(p.Name) || p.Type != "" && !keyword(p.Type) {
			continue
		}
		if p.Type != "" {
			name = p.Type + "." + name
		}
		words = append(words, name+"="+quoteUnless(p.Value, isValueByte))
		if c := comment(p.Comment); c != "()" {
			words = append(words, c)
		}
	}
	return words
}

// keyword reports whether s can stand for a method, a result or a property:
// letters, digits, hyphens and underscores.
func keyword(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// quoteUnless returns s as it is when plain holds for all its bytes, else as
// a quoted string.
func quoteUnless(s string, plain func(byte) bool) string {
	bare := s != ""
	for i := 0; i < len(s) && bare; i++ {
		bare = plain(s[i])
	}
	if bare {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if r == '"' || r == '\\' {
			b.WriteByte('\\')
		}
		writeRune(&b, r)
	}
	b.WriteByte('"')
	return b.String()
}

// comment writes s in parentheses, white space in it as single spaces.
// Balanced parentheses in it stay, others are escaped.
func comment(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f && r < 0xa0 }), " ")
	escape := strings.Contains(s, `\`) || !balanced(s)
	var b strings.Builder
	b.WriteByte('(')
	for _, r := range s {
		if escape && (r == '(' || r == ')' || r == '\\') {
			b.WriteByte('\\')
		}
		writeRune(&b, r)
	}
	b.WriteByte(')')
	return b.String()
}

func balanced(s string) bool {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}

// writeRune writes r; control characters become spaces, and bytes that are no
// UTF-8 question marks.
func writeRune(b *strings.Builder, r rune) {
	switch {
	case r == utf8.RuneError:
		b.WriteByte('?')
	case r < ' ' || r >= 0x7f && r < 0xa0:
		b.WriteByte(' ')
	default:
		b.WriteRune(r)
	}
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isTokenByte tells the bytes of a token of RFC 2045 section 5.1.
func isTokenByte(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte(`()<>@,;:\"/[]?=`, c) < 0
}

// isValueByte adds what an address has.
func isValueByte(c byte) bool { return c == '@' || isTokenByte(c) }

// isIDByte tells the bytes that a server's name has unquoted.
func isIDByte(c byte) bool { return isTokenByte(c) }
