// Package perlre reads regular expressions as Rspamd's files spell them,
// "/pattern/flags", for Go's package regexp. What Perl has and RE2 can't do in
// linear time, look-around and back references, is an error.
package perlre

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// MaxLength is the longest pattern in bytes.
const MaxLength = 16 << 10

// Compile reads "/pattern/flags", "m{pattern}flags" with any delimiter, or a
// bare pattern. Of the flags i, m, s and x mean what they do in Perl; u, r, O
// and L choose an engine in Rspamd and change nothing here, where patterns see
// UTF-8. Others are an error.
func Compile(s string) (*regexp.Regexp, error) {
	body, flags, err := split(s)
	if err != nil {
		return nil, err
	}
	return CompileFlags(body, flags)
}

// CompileFlags compiles a pattern without delimiters.
func CompileFlags(body, flags string) (*regexp.Regexp, error) {
	if len(body) > MaxLength {
		return nil, fmt.Errorf("the pattern has %d bytes, more than %d", len(body), MaxLength)
	}
	own, extended := "", false
	for _, f := range flags {
		switch f {
		case 'i', 'm', 's':
			own += string(f)
		case 'x':
			extended = true
		case 'u', 'r', 'O', 'L':
		default:
			return nil, fmt.Errorf("unknown flag %q", f)
		}
	}
	body = translate(body, extended)
	if own != "" {
		body = "(?" + own + ")" + body
	}
	re, err := regexp.Compile(body)
	if err != nil {
		return nil, explain(err)
	}
	return re, nil
}

// explain names what RE2 lacks.
func explain(err error) error {
	e, ok := err.(*syntax.Error)
	if !ok {
		return err
	}
	switch {
	case strings.HasPrefix(e.Expr, "(?=") || strings.HasPrefix(e.Expr, "(?!") || strings.HasPrefix(e.Expr, "(?<"):
		return fmt.Errorf("look-around is not supported: %s", e.Expr)
	case e.Code == syntax.ErrInvalidEscape && len(e.Expr) == 2 && e.Expr[1] >= '1' && e.Expr[1] <= '9':
		return fmt.Errorf("back references are not supported: %s", e.Expr)
	}
	return err
}

// split takes the delimiters off.
func split(s string) (body, flags string, err error) {
	closing, start := byte(0), 1
	switch {
	case len(s) < 2:
		return s, "", nil
	case s[0] == '/':
		closing = '/'
	case s[0] == 'm' && s[1] != '\\' && punctuation(s[1]):
		if closing, start = s[1], 2; closing == '{' {
			closing = '}'
		}
	default:
		return s, "", nil
	}
	end := strings.LastIndexByte(s, closing)
	if end < start {
		return "", "", fmt.Errorf("the pattern is not closed by %c", closing)
	}
	return s[start:end], s[end+1:], nil
}

func punctuation(c byte) bool {
	return c > ' ' && c < 0x7f && !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z')
}

// translate spells in RE2 what Perl spells otherwise, and drops what the flag x
// makes layout.
func translate(s string, extended bool) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteString(escape(s[i], class))
			continue
		case class:
			class = c != ']'
		case c == '[':
			class = true
			// A bracket that comes first stands for itself.
			b.WriteByte(c)
			if strings.HasPrefix(s[i+1:], "^") {
				i++
				b.WriteByte('^')
			}
			if strings.HasPrefix(s[i+1:], "]") {
				i++
				b.WriteString(`\]`)
			}
			continue
		case extended && (c == ' ' || c >= '\t' && c <= '\r'):
			continue
		case extended && c == '#':
			for i+1 < len(s) && s[i+1] != '\n' {
				i++
			}
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// escape spells a backslash and c.
func escape(c byte, class bool) string {
	switch {
	case c == 'h' && class:
		return ` \t`
	case c == 'h':
		return `[ \t]`
	case c == 'R' && !class:
		return `(?:\r\n|\n|\r)`
	case c == 'Z' && !class:
		return `\n?\z`
	case c == 'e':
		return `\x1b`
	case c == '_' || c >= 0x80 || c <= ' ':
		return string([]byte{c})
	}
	return string([]byte{'\\', c})
}
