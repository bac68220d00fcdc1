// Package perlre reads the notation in which Rspamd's files have regular
// expressions, "/pattern/flags". Package matcher runs them.
package perlre

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/internal/matcher"
)

// MaxLength is the longest pattern in bytes.
const MaxLength = 16 << 10

// Compile reads "/pattern/flags", "m{pattern}flags" with any delimiter, or a
// bare pattern.
func Compile(s string) (*matcher.Pattern, error) {
	body, flags, err := split(s)
	if err != nil {
		return nil, err
	}
	return CompileFlags(body, flags)
}

// CompileFlags reads a pattern without delimiters. Of the flags i, m, s, x and U
// mean what they do in Perl; u, r, O and L choose an engine in Rspamd and change
// nothing here, where patterns see UTF-8. Others are an error.
func CompileFlags(body, flags string) (*matcher.Pattern, error) {
	if len(body) > MaxLength {
		return nil, fmt.Errorf("the pattern has %d bytes, more than %d", len(body), MaxLength)
	}
	own := ""
	for _, f := range flags {
		switch f {
		case 'i', 'm', 's', 'x', 'U':
			own += string(f)
		case 'u', 'r', 'O', 'L':
		default:
			return nil, fmt.Errorf("unknown flag %q", f)
		}
	}
	return matcher.Compile(body, matcher.Options{Flags: own})
}

// Test reads a pattern as Compile does, and returns what tells whether it occurs
// in a short text such as a name or an address. What a text takes too long for
// it does not match.
func Test(s string) (func(text string) bool, error) {
	p, err := Compile(s)
	if err != nil {
		return nil, err
	}
	return In(p), nil
}

// In returns what tells whether p occurs in a short text.
func In(p *matcher.Pattern) func(text string) bool {
	return func(text string) bool { return p.Match(text, matcher.For(len(text))) }
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
