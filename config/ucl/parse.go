package ucl

import (
	"fmt"
	"strings"
)

// top reads a chunk that is a document.
func (c *chunk) top(p *parser) (*Value, error) {
	if err := c.skip(); err != nil {
		return nil, err
	}
	root, err := p.value(c, c.pos)
	if err != nil {
		return nil, err
	}
	p.root = root
	if c.at() != '[' {
		root.Kind = Object
		return root, c.body(p, root)
	}
	if err := c.value(p, root); err != nil {
		return nil, err
	}
	if err := c.after(true); err != nil {
		return nil, err
	}
	if c.pos < c.end {
		return nil, c.wrong(c.pos, Syntax, "nothing can follow a list that is the whole text")
	}
	return root, nil
}

// body reads all that is left of a chunk into obj, be it in braces or not.
func (c *chunk) body(p *parser, obj *Value) error {
	if err := c.skip(); err != nil {
		return err
	}
	if c.at() == '{' {
		c.pos++
		if err := c.keys(p, obj, c.pos-1); err != nil {
			return err
		}
		if err := c.after(true); err != nil {
			return err
		}
	}
	return c.keys(p, obj, -1)
}

// keys reads keys and values into obj up to the brace that closes it; open is
// where it was opened, or -1 for a whole chunk.
func (c *chunk) keys(p *parser, obj *Value, open int) error {
	for {
		if err := c.skip(); err != nil {
			return err
		}
		switch b := c.at(); {
		case c.pos >= c.end && open < 0:
			return nil
		case c.pos >= c.end:
			return c.fail(c.end, MissingClose, "} is missing: the section that begins at line %d is not closed", place{c.src, open}.pos().Line)
		case b == '}' && open < 0:
			return c.fail(c.pos, ExtraClose, "} closes nothing: all sections of this file are closed already")
		case b == '}':
			c.pos++
			return nil
		case b == ']':
			return c.fail(c.pos, MismatchedClose, "] closes no list")
		case b == '.' && !c.args:
			if err := c.macro(p, obj); err != nil {
				return err
			}
			continue
		}
		if err := c.key(p, obj, false); err != nil {
			return err
		}
	}
}

// key reads a key of obj, what it names, and the separators behind.
func (c *chunk) key(p *parser, obj *Value, nested bool) error {
	start := c.pos
	key, err := c.name()
	if err != nil {
		return err
	}
	if err := c.skipIf(isBlank); err != nil {
		return err
	}
	assigned := c.at() == '=' || c.at() == ':'
	if assigned {
		c.pos++
		if err := c.skipIf(isBlank); err != nil {
			return err
		}
		if b := c.at(); b == '=' || b == ':' {
			return c.wrong(c.pos, Syntax, "a value must follow")
		}
	}
	if c.pos >= c.end {
		return c.fail(start, ValueMissing, "the key %s has no value", short(key))
	}
	v, err := p.insert(c, obj, key, start)
	if err != nil {
		return err
	}
	if !assigned && c.more() {
		return c.section(p, v, start)
	}
	if nested && c.at() != '{' && c.at() != '[' {
		return c.wrong(c.pos, Syntax, "{ or [ must follow several keys")
	}
	if err := c.value(p, v); err != nil {
		return err
	}
	return c.after(v.Kind == Object || v.Kind == Array)
}

// section reads the further names of a section: name "other" { }.
func (c *chunk) section(p *parser, v *Value, start int) error {
	if err := c.become(v, Object, start); err != nil {
		return err
	}
	if err := c.deeper(p); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	if err := c.skip(); err != nil {
		return err
	}
	v.start = c.pos
	err := c.key(p, v, true)
	v.end = c.pos
	return err
}

func (c *chunk) deeper(p *parser) error {
	if p.depth++; p.depth > p.limits.Depth {
		return c.fail(c.pos, Limit, "sections are nested deeper than %d", p.limits.Depth)
	}
	return nil
}

// name reads a key, quoted or not.
func (c *chunk) name() (string, error) {
	start := c.pos
	if c.at() == '"' {
		raw, escaped, err := c.quoted()
		if err != nil {
			return "", err
		}
		if raw == "" {
			return "", c.fail(start, EmptyKey, "a key can't be empty")
		}
		if escaped {
			raw = unescape(raw)
		}
		return raw, nil
	}
	if b := c.at(); !startsKey(b) {
		if b == '\'' {
			return "", c.fail(start, BadKey, "a key can't stand in single quotes: write it in double ones")
		}
		return "", c.wrong(start, BadKey, "a key must begin with a letter, a digit, / or _, or stand in double quotes")
	}
	for c.pos < c.end && inKey(c.text[c.pos]) {
		c.pos++
	}
	if c.pos < c.end && !endsKey(c.text[c.pos]) {
		return "", c.wrong(c.pos, BadKey, fmt.Sprintf("the key %s must be followed by a blank, = or :, and a value in the same line", short(c.text[start:c.pos])))
	}
	if c.pos >= c.end {
		return "", c.fail(start, BadKey, "the key %s has no value", short(c.text[start:c.pos]))
	}
	return c.text[start:c.pos], nil
}

// more says whether another key follows, not a value: there is a bracket in
// this line before anything ends the value. What was found is kept, so that a
// line of many keys is searched once.
func (c *chunk) more() bool {
	if b := c.at(); b == '{' || b == '[' {
		return false
	}
	if c.pos < c.stopped || c.pos > c.stop || c.stop == 0 {
		c.stopped, c.stop = c.pos, c.bracket()
	}
	return c.stop < c.end && (c.text[c.stop] == '{' || c.text[c.stop] == '[')
}

// bracket is where the first bracket, separator or end of line is that stands
// in no quotes.
func (c *chunk) bracket() int {
	quoted := false
	for i := c.pos; i < c.end; i++ {
		switch b := c.text[i]; {
		case b == '\n' || b == '\r':
			return i
		case b == '\\' && quoted:
			i++
		case b == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(",;{[#", b) >= 0:
			return i
		}
	}
	return c.end
}
