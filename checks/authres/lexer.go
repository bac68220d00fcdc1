package authres

import (
	"fmt"
	"strings"
)

// A parser reads s from i on; each byte is looked at a bounded number of
// times. err is the first thing that was wrong.
type parser struct {
	s   string
	i   int
	err error
	// strict also takes for wrong what RFC 8601 does not allow but servers
	// write: unknown property types, properties before the reason, both of
	// methods that are registered.
	strict bool
}

func newParser(value string) *parser {
	p := &parser{s: value}
	if len(value) > MaxValue {
		p.s = value[:MaxValue]
		p.fail(ErrTooLong, "value")
	}
	return p
}

func (p *parser) fail(err error, what string) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: %s at byte %d", err, what, p.i)
	}
}

func (p *parser) atEnd() bool { return p.i == len(p.s) || p.s[p.i] == ';' }

func (p *parser) eat(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// skip moves to the next semicolon outside of quotes and comments.
func (p *parser) skip() {
	for !p.atEnd() {
		switch p.s[p.i] {
		case '"':
			p.quoted()
		case '(':
			p.comment()
		default:
			p.i++
		}
	}
}

// token reads up to white space or one of stop.
func (p *parser) token(stop string) string {
	from := p.i
	for p.i < len(p.s) && !isSpace(p.s[p.i]) && strings.IndexByte(stop, p.s[p.i]) < 0 {
		p.i++
	}
	return p.s[from:p.i]
}

// value reads a quoted string or a token, or the first with the second right
// after it: "local part"@example.org.
func (p *parser) value(stop string) string {
	if p.i == len(p.s) || p.s[p.i] != '"' {
		return p.token(stop)
	}
	return p.quoted() + p.token(stop)
}

// quoted reads a quoted string, folds in it becoming a space.
func (p *parser) quoted() string {
	var b strings.Builder
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return b.String()
		case c == '\\' && p.i+1 < len(p.s):
			p.i++
			b.WriteByte(p.s[p.i])
		case c == '\r' || c == '\n':
			// the white space after it stands for both
		default:
			b.WriteByte(c)
		}
	}
	p.fail(ErrSyntax, "quote without end")
	return b.String()
}

// space reads white space and comments and returns the comments' text.
func (p *parser) space() string {
	var text []string
	for p.i < len(p.s) {
		if c := p.s[p.i]; isSpace(c) {
			p.i++
		} else if c != '(' {
			break
		} else if comment := p.comment(); comment != "" {
			text = append(text, comment)
		}
	}
	return strings.Join(text, " ")
}

// comment reads a comment, which may hold others. White space in it becomes
// single spaces.
func (p *parser) comment() string {
	var b strings.Builder
	depth, gap := 0, false
	for ; p.i < len(p.s); p.i++ {
		c := p.s[p.i]
		switch {
		case isSpace(c):
			gap = b.Len() > 0
			continue
		case c == '\\' && p.i+1 < len(p.s):
			p.i++
			c = p.s[p.i]
		case c == '(':
			if depth++; depth == 1 {
				continue
			}
		case c == ')':
			if depth--; depth == 0 {
				p.i++
				return b.String()
			}
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteByte(c)
	}
	p.fail(ErrSyntax, "comment without end")
	return b.String()
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
