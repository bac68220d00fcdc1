package mail

import "strings"

// Find returns the first field of that name whose decoded value satisfies ok,
// nil if there is none.
func (h *Header) Find(name string, ok func(text string) bool) *Field {
	for _, f := range h.All(name) {
		if ok(f.Text()) {
			return f
		}
	}
	return nil
}

// FindRaw does what Find does, on the values as received.
func (h *Header) FindRaw(name string, ok func(value string) bool) *Field {
	for _, f := range h.All(name) {
		if ok(f.Value()) {
			return f
		}
	}
	return nil
}

// StripComments removes comments in parentheses, which nest, from a structured
// value (RFC 5322 section 3.2.2). A backslash goes and keeps what it quotes; a
// comment that does not end takes the rest with it.
func StripComments(s string) string {
	if !strings.ContainsAny(s, `(\`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	depth := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\':
			if i++; i < len(s) && depth == 0 {
				b.WriteByte(s[i])
			}
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
