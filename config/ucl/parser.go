package ucl

import (
	"fmt"
	"path"
	"strings"
)

// parser reads one document.
type parser struct {
	o      Options
	limits Limits
	doc    *Document
	vars   []variable
	root   *Value
	inside []string // names of the files that are being read, outermost first
	size   int64    // bytes read and made
	values int
	work   int64 // steps that are not paid for by a byte that was read
	depth  int
}

func newParser(o Options) *parser {
	p := &parser{o: o, limits: o.Limits.withDefaults(), doc: &Document{}}
	p.vars = variables(o.Vars)
	return p
}

// source takes a text in: it is counted, and its templates are carried out.
func (p *parser) source(name string, text []byte) (*source, error) {
	written := strings.TrimPrefix(string(text), "\ufeff")
	bom := len(text) - len(written)
	src := &source{name: name, text: written, starts: lines(written)}
	if err := p.grow(len(text)); err != nil {
		return nil, &Error{Pos: Pos{File: name, Line: 1, Col: 1}, Kind: Limit, Msg: err.Error(), Err: err}
	}
	if bom > 0 {
		p.doc.Warnings = append(p.doc.Warnings, Warning{Pos{name, 1, 1}, "the file begins with a byte order mark, which Rspamd takes for a part of the first key"})
	}
	if p.o.Template != nil && !p.o.Verbatim {
		if err := p.expandTemplate(src); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// grow counts n more bytes of text.
func (p *parser) grow(n int) error {
	if p.size += int64(n); p.size > p.limits.Size {
		return fmt.Errorf("%w: the configuration is larger than %d bytes", errLimit, p.limits.Size)
	}
	return nil
}

// step counts work that is not paid for by a byte that was read, such as keys
// that are looked for in many objects: it may be so many times what was read.
func (p *parser) step(n int) error {
	if p.work += int64(n); p.work > 16*p.size+1<<20 {
		return fmt.Errorf("%w: the work is out of proportion to the text", errLimit)
	}
	return nil
}

// A chunk is a text that is being read, or the arguments of a macro within one.
type chunk struct {
	src      *source
	text     string
	pos, end int
	priority uint8
	dup      duplicate
	args     bool // these are arguments of a macro, in which there are no macros
	stop     int  // what lookahead found last ...
	stopped  int  // ... from here on
}

func (c *chunk) fail(off int, kind Reason, format string, args ...any) *Error {
	return &Error{Pos: place{c.src, off}.pos(), Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

func (c *chunk) limit(off int, err error) error {
	e := c.fail(off, Limit, "%v", err)
	e.Err = err
	return e
}

// wrong is a complaint about the character at off.
func (c *chunk) wrong(off int, kind Reason, msg string) *Error {
	if off >= c.end {
		return c.fail(off, kind, "%s, but the text ends", msg)
	}
	return c.fail(off, kind, "%s, not %s", msg, show(c.text[off:c.end]))
}

// show is the first character of s, quoted.
func show(s string) string {
	for _, r := range s {
		return fmt.Sprintf("%q", r)
	}
	return "nothing"
}

func (c *chunk) warn(p *parser, off int, format string, args ...any) {
	if len(p.doc.Warnings) < 1000 {
		p.doc.Warnings = append(p.doc.Warnings, Warning{place{c.src, off}.pos(), fmt.Sprintf(format, args...)})
	}
}

// at is the character at the current place, zero at the end.
func (c *chunk) at() byte {
	if c.pos < c.end {
		return c.text[c.pos]
	}
	return 0
}

// rest says whether the text goes on with s.
func (c *chunk) rest(s string) bool { return strings.HasPrefix(c.text[c.pos:c.end], s) }

// dir is the directory of the file that is being read.
func (c *chunk) dir() string { return path.Dir(c.src.name) }

// class tables of libucl's grammar.
func isBlank(b byte) bool { return b == ' ' || b == '\t' }

func isSpace(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

// endsValue says whether b ends an unquoted value.
func endsValue(b byte) bool {
	switch b {
	case 0, '\n', '\r', '#', ',', ';', ']', '}':
		return true
	}
	return false
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func startsKey(b byte) bool {
	return b|0x20 >= 'a' && b|0x20 <= 'z' || isDigit(b) || b == '/' || b == '_' || b >= 0x80
}

func inKey(b byte) bool { return startsKey(b) || b == '-' || b == '.' }

func endsKey(b byte) bool { return b == ' ' || b == '\t' || b == ':' || b == '=' }
