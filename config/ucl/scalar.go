package ucl

import (
	"math"
	"strings"
)

// value reads a value into v.
func (c *chunk) value(p *parser, v *Value) error {
	if err := c.skip(); err != nil {
		return err
	}
	start := c.pos
	var err error
	switch c.at() {
	case '{', '[':
		err = c.container(p, v)
	case '"':
		var raw string
		var escaped bool
		if raw, escaped, err = c.quoted(); err == nil {
			err = c.setText(p, v, start, Double, raw, escaped)
		}
	case '\'':
		var raw string
		if raw, err = c.single(); err == nil {
			if err = c.become(v, String, start); err == nil {
				v.Text, v.Quote = raw, Single
			}
		}
	default:
		err = c.scalar(p, v)
	}
	v.start, v.end = start, c.pos
	return err
}

// setText makes v a string: escapes are resolved first, then variables.
func (c *chunk) setText(p *parser, v *Value, off int, q Quote, raw string, escaped bool) error {
	if escaped {
		raw = unescape(raw)
	}
	text, err := p.expand(c, off, raw)
	if err == nil {
		err = c.become(v, String, off)
	}
	if err == nil {
		v.Text, v.Quote = text, q
	}
	return err
}

// container reads an object or an array.
func (c *chunk) container(p *parser, v *Value) error {
	open, kind := c.pos, Object
	if c.at() == '[' {
		kind = Array
	}
	if err := c.become(v, kind, open); err != nil {
		return err
	}
	if err := c.deeper(p); err != nil {
		return err
	}
	defer func() { p.depth-- }()
	c.pos++
	if kind == Object {
		return c.keys(p, v, open)
	}
	return c.items(p, v, open)
}

// items reads the items of a list.
func (c *chunk) items(p *parser, list *Value, open int) error {
	for {
		if err := c.skip(); err != nil {
			return err
		}
		switch c.at() {
		case ']':
			c.pos++
			return nil
		case '}':
			return c.fail(c.pos, MismatchedClose, "} can't close the list that begins at line %d", place{c.src, open}.pos().Line)
		}
		if c.pos >= c.end {
			return c.fail(c.end, MissingClose, "] is missing: the list that begins at line %d is not closed", place{c.src, open}.pos().Line)
		}
		v, err := p.value(c, c.pos)
		if err != nil {
			return err
		}
		list.Items = append(list.Items, v)
		if err := c.value(p, v); err != nil {
			return err
		}
		if err := c.after(v.Kind == Object || v.Kind == Array); err != nil {
			return err
		}
	}
}

// after goes over the separators behind a value; separated says that it needs
// none because it ended with a bracket.
func (c *chunk) after(separated bool) error {
	for c.pos < c.end {
		switch b := c.text[c.pos]; {
		case isBlank(b):
		case c.comment():
			if err := c.skipComment(); err != nil {
				return err
			}
			separated = true
			continue
		case b == ';' || b == ',' || b == '\n' || b == '\r':
			separated = true
		case separated || b == '}' || b == ']':
			return nil
		case b == 0:
			return c.fail(c.pos, ControlCharacter, "the text can't hold a NUL")
		default:
			return c.wrong(c.pos, DelimiterMissing, "a semicolon, a comma or the end of the line must follow a value")
		}
		c.pos++
	}
	return nil
}

// scalar reads a value without quotes, or a heredoc.
func (c *chunk) scalar(p *parser, v *Value) error {
	start := c.pos
	if c.rest("<<") {
		text, ok, err := c.heredoc()
		if err != nil {
			return err
		}
		if ok {
			return c.setText(p, v, start, Heredoc, text, false)
		}
	}
	if b := c.at(); isDigit(b) || b == '-' {
		var n Value
		ok, err := c.number(&n)
		if err != nil {
			return err
		}
		if ok {
			if err = c.become(v, n.Kind, start); err == nil {
				v.Int, v.Float = n.Int, n.Float
			}
			return err
		}
	}
	raw, escaped := c.unquoted()
	if raw == "" {
		return c.wrong(start, ValueMissing, "a value must stand here")
	}
	if b, ok := boolean(raw); ok {
		err := c.become(v, Bool, start)
		v.Bool = b
		return err
	}
	switch raw {
	case "null":
		return c.become(v, Null, start)
	case "nan", "inf":
		err := c.become(v, Float, start)
		if v.Float = math.Inf(1); raw == "nan" {
			v.Float = math.NaN()
		}
		return err
	}
	return c.setText(p, v, start, Plain, raw, escaped)
}

// boolean is what the words for booleans mean, in any case.
func boolean(s string) (value, ok bool) {
	if len(s) > 5 {
		return false, false
	}
	switch strings.ToLower(s) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}
