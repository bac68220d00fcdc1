package ucl

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// comment says whether a comment begins here.
func (c *chunk) comment() bool { return c.at() == '#' || c.rest("/*") }

// skipComment goes behind the comment that begins here. Comments of the form
// /* */ nest, and what stands in double quotes within them ends none.
func (c *chunk) skipComment() error {
	if c.at() == '#' {
		if i := strings.IndexByte(c.text[c.pos:c.end], '\n'); i >= 0 {
			c.pos += i
		} else {
			c.pos = c.end
		}
		return nil
	}
	start, depth, quoted := c.pos, 0, false
	for c.pos < c.end {
		switch b := c.text[c.pos]; {
		case b == '"' && c.text[c.pos-1] != '\\':
			quoted = !quoted
		case !quoted && c.rest("/*"):
			depth++
			c.pos++
		case !quoted && c.rest("*/"):
			depth--
			c.pos++
			if depth == 0 {
				c.pos++
				return nil
			}
		}
		c.pos++
	}
	return c.fail(start, UnterminatedNote, "the comment does not end")
}

// skip goes over blanks, ends of lines and comments.
func (c *chunk) skip() error { return c.skipIf(isSpace) }

func (c *chunk) skipIf(blank func(byte) bool) error {
	for c.pos < c.end {
		switch {
		case blank(c.text[c.pos]):
			c.pos++
		case c.comment():
			if err := c.skipComment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// quoted reads a string in double quotes and leaves its escapes in place.
func (c *chunk) quoted() (raw string, escaped bool, err error) {
	start := c.pos
	c.pos++
	for c.pos < c.end {
		switch b := c.text[c.pos]; {
		case b == '"':
			c.pos++
			return c.text[start+1 : c.pos-1], escaped, nil
		case b == '\n':
			return "", false, c.fail(start, UnterminatedString, "the string does not end in its line")
		case b == '\t':
			return "", false, c.fail(c.pos, ControlCharacter, `a tabulator in a string is written \t`)
		case b < 0x1f:
			return "", false, c.fail(c.pos, ControlCharacter, "a string can't hold the control character %#02x", b)
		case b == '\\':
			escaped = true
			if err := c.escape(); err != nil {
				return "", false, err
			}
			continue
		}
		c.pos++
	}
	return "", false, c.fail(start, UnterminatedString, "the string does not end")
}

// escape goes over a backslash and what it escapes.
func (c *chunk) escape() error {
	start := c.pos
	if c.pos += 2; c.pos > c.end {
		c.pos = c.end
		return c.fail(start, UnterminatedString, "the string ends with a backslash")
	}
	if c.text[c.pos-1] == '\n' {
		return c.fail(start, UnterminatedString, "the string does not end in its line")
	}
	if c.text[c.pos-1] != 'u' {
		return nil
	}
	if _, ok := hex4(c.text[c.pos:c.end]); !ok {
		return c.fail(start, BadEscape, `\u is followed by four hexadecimal digits`)
	}
	c.pos += 4
	return nil
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), err == nil
}

// unescape resolves the escapes of a string that is not in single quotes. An
// unknown one loses its backslash.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 't':
			b.WriteByte('\t')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			r, ok := hex4(s[i+1:])
			if !ok {
				b.WriteByte('u')
				continue
			}
			i += 4
			if low, ok := lowSurrogate(s[i+1:]); ok && utf16.IsSurrogate(r) {
				if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
					r = both
					i += 6
				}
			}
			b.WriteRune(r)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func lowSurrogate(s string) (rune, bool) {
	if !strings.HasPrefix(s, `\u`) {
		return 0, false
	}
	return hex4(s[2:])
}

// single reads a string in single quotes, in which \' is a quote, a backslash
// at the end of a line joins it with the next one, and every other backslash
// stays.
func (c *chunk) single() (string, error) {
	start := c.pos
	c.pos++
	escaped := false
	for c.pos < c.end {
		switch c.text[c.pos] {
		case '\\':
			escaped = true
			c.pos++
		case '\'':
			raw := c.text[start+1 : c.pos]
			c.pos++
			if escaped {
				raw = unescapeSingle(raw)
			}
			return raw, nil
		}
		c.pos++
	}
	c.pos = c.end
	return "", c.fail(start, UnterminatedString, "the string does not end")
}

func unescapeSingle(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch i++; s[i] {
			case '\'':
				b.WriteByte('\'')
			case '\n':
			case '\r':
				if i+1 < len(s) && s[i+1] == '\n' {
					i++
				}
			default:
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// heredoc reads <<WORD, if one begins here: the lines up to one that begins
// with the word and goes on with the end of the line, a semicolon or a comma.
// At least one line is needed; the end of the last one does not belong to it.
func (c *chunk) heredoc() (text string, ok bool, err error) {
	start, word := c.pos, c.pos+2
	for word < c.end && c.text[word] >= 'A' && c.text[word] <= 'Z' {
		word++
	}
	body := word
	if body < c.end && c.text[body] == '\r' {
		body++
	}
	if word == start+2 || body >= c.end || c.text[body] != '\n' {
		return "", false, nil
	}
	terminator := c.text[start+2 : word]
	body++
	for line := body; ; {
		i := strings.IndexByte(c.text[line:c.end], '\n')
		if i < 0 {
			c.pos = c.end
			return "", false, c.fail(start, UnterminatedText, "the text does not end: %s must stand at the beginning of a line, behind at least one line", terminator)
		}
		line += i + 1
		behind := line + len(terminator)
		if !strings.HasPrefix(c.text[line:c.end], terminator) || behind < c.end && !strings.ContainsRune("\r\n;,", rune(c.text[behind])) {
			continue
		}
		c.pos = behind
		text := c.text[body : line-1]
		if c.text[word] == '\r' {
			text = strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\r")
		}
		return text, true, nil
	}
}

// unquoted reads a value without quotes: up to the end of the line, a
// separator, a comment or a bracket that was not opened within it.
func (c *chunk) unquoted() (raw string, escaped bool) {
	start := c.pos
	curly, square := 0, 0
	for c.pos < c.end {
		b := c.text[c.pos]
		switch {
		case b == '{':
			curly++
		case b == '[':
			square++
		case b == '}' && curly > 0:
			curly--
			c.pos++
			continue
		case b == ']' && square > 0:
			square--
			c.pos++
			continue
		case b == '\\':
			escaped = true
			c.pos = min(c.pos+2, c.end)
			continue
		}
		if endsValue(b) || c.rest("/*") {
			break
		}
		c.pos++
	}
	return strings.TrimRight(c.text[start:c.pos], " \t"), escaped
}
