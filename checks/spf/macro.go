package spf

import (
	"errors"
	"strings"
)

// A spec is a domain-spec or a text with macros (RFC 7208 section 7).
type spec struct {
	text   string
	tokens []token
}

// A token is a piece of literal text or one macro.
type token struct {
	literal string
	macro   bool // written with a percent sign
	letter  byte // lower case; 0: literal
	escape  bool // upper-case letter: URL escaping
	reverse bool
	keep    int // labels to keep from the right, 0: all
	delims  string
}

// uses reports whether the spec has one of the macros.
func (s *spec) uses(letters string) bool {
	for _, t := range s.tokens {
		if t.letter != 0 && strings.IndexByte(letters, t.letter) >= 0 {
			return true
		}
	}
	return false
}

// parseSpec reads a domain-spec: a text with macros that ends in one, or in a
// top label. With oneLabel the top label may be all of it.
func parseSpec(s string, oneLabel bool) (*spec, error) {
	tokens, err := parseMacros(s, false)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return nil, errors.New("a domain is missing")
	}
	last := tokens[len(tokens)-1]
	if !last.macro && !hasTopLabel(last.literal) && (!oneLabel || !hasTopLabel("."+last.literal)) {
		return nil, errors.New("no domain name")
	}
	return &spec{s, tokens}, nil
}

// hasTopLabel reports whether s ends in "." toplabel [ "." ]: letters, digits
// and inner hyphens, and not digits alone.
func hasTopLabel(s string) bool {
	s = strings.TrimSuffix(s, ".")
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return false
	}
	label, numeric := s[i+1:], true
	for j := 0; j < len(label); j++ {
		c := label[j]
		if c == '-' && (j == 0 || j == len(label)-1) || c != '-' && !isAlpha(c) && !isDigit(c) {
			return false
		}
		numeric = numeric && isDigit(c)
	}
	return label != "" && !numeric
}

// parseMacros reads a macro-string, or with explain an explain-string: there
// spaces and the letters c, r and t are allowed.
func parseMacros(s string, explain bool) ([]token, error) {
	var out []token
	literal := 0 // where the literal text in hand begins
	flush := func(end int) {
		if literal < end {
			out = append(out, token{literal: s[literal:end]})
		}
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c != '%' {
			if c < '!' && (c != ' ' || !explain) || c > '~' {
				return nil, errors.New("bytes that are no visible ASCII")
			}
			i++
			continue
		}
		flush(i)
		if i+1 >= len(s) {
			return nil, errors.New("a percent sign at the end")
		}
		switch s[i+1] {
		case '%':
			out = append(out, token{literal: "%", macro: true})
			i += 2
		case '_':
			out = append(out, token{literal: " ", macro: true})
			i += 2
		case '-':
			out = append(out, token{literal: "%20", macro: true})
			i += 2
		case '{':
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				return nil, errors.New("a macro without end")
			}
			t, err := parseMacro(s[i+2:i+end], explain)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
			i += end + 1
		default:
			return nil, errors.New("an unknown macro")
		}
		literal = i
	}
	flush(len(s))
	return out, nil
}

// maxKeep bounds the number of a transformer; a name has no more labels than
// that.
const maxKeep = 1 << 10

// parseMacro reads what stands between the braces.
func parseMacro(s string, explain bool) (token, error) {
	letters := "slodiphv"
	if explain {
		letters += "crt"
	}
	if s == "" || strings.IndexByte(letters, s[0]|0x20) < 0 {
		return token{}, errors.New("an unknown macro letter")
	}
	t := token{macro: true, letter: s[0] | 0x20, escape: s[0] < 'a'}
	i := 1
	for ; i < len(s) && isDigit(s[i]); i++ {
		t.keep = min(t.keep*10+int(s[i]-'0'), maxKeep)
	}
	if i > 1 && t.keep == 0 {
		return token{}, errors.New("a macro that keeps nothing")
	}
	if i < len(s) && s[i]|0x20 == 'r' {
		t.reverse = true
		i++
	}
	t.delims = s[i:]
	if strings.Trim(t.delims, ".-+,/_=") != "" {
		return token{}, errors.New("an unknown macro delimiter")
	}
	return t, nil
}

// transform applies a macro's transformers and escaping to its value.
func (t token) transform(value string) string {
	if t.reverse || t.keep > 0 || t.delims != "" {
		delims := t.delims
		if delims == "" {
			delims = "."
		}
		parts := splitAny(value, delims)
		if t.reverse {
			for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
				parts[i], parts[j] = parts[j], parts[i]
			}
		}
		if t.keep > 0 && t.keep < len(parts) {
			parts = parts[len(parts)-t.keep:]
		}
		value = strings.Join(parts, ".")
	}
	if t.escape {
		value = escape(value)
	}
	return value
}

func splitAny(s, delims string) []string {
	parts := make([]string, 0, 8)
	for {
		i := strings.IndexAny(s, delims)
		if i < 0 {
			return append(parts, s)
		}
		parts = append(parts, s[:i])
		s = s[i+1:]
	}
}

// escape writes all but the unreserved characters of RFC 3986 as %XX.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; isNameByte(c) || c == '~' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
