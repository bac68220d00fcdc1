package ucl

import (
	"strconv"
	"strings"
)

// A macroCall is a macro as it is written.
type macroCall struct {
	c     *chunk
	off   int // where it begins
	name  string
	args  *Value // nil without parentheses
	value string // what follows
	into  *Value // the object that it stands in
}

func (m *macroCall) fail(kind Reason, format string, args ...any) *Error {
	return m.c.fail(m.off, kind, "."+m.name+": "+format, args...)
}

// macro carries out the macro that begins here, in obj.
func (c *chunk) macro(p *parser, obj *Value) error {
	m := &macroCall{c: c, off: c.pos, into: obj}
	c.pos++
	for c.pos < c.end && !isSpace(c.text[c.pos]) && c.text[c.pos] != '(' {
		c.pos++
	}
	m.name = c.text[m.off+1 : c.pos]
	var run func(*parser) error
	switch m.name {
	case "include", "try_include", "includes":
		run = m.include
	case "include_map":
		run = m.includeMap
	case "priority":
		run = m.priority
	case "inherit":
		run = m.inherit
	case "load":
		run = m.load
	default:
		return c.fail(m.off, UnknownMacro, "unknown macro .%s", short(m.name))
	}
	if err := m.read(p); err != nil {
		return err
	}
	for c.pos < c.end && (isSpace(c.text[c.pos]) || c.text[c.pos] == ';') {
		c.pos++
	}
	if p.o.Verbatim {
		return nil
	}
	return run(p)
}

// read reads the arguments and the value of a macro. The value stands in
// quotes, in braces, or in the same line.
func (m *macroCall) read(p *parser) error {
	c := m.c
	if err := c.skipIf(isBlank); err != nil {
		return err
	}
	if c.at() == '(' {
		if err := m.arguments(p); err != nil {
			return err
		}
		if err := c.skipIf(isBlank); err != nil {
			return err
		}
	}
	line := c.pos
	if err := c.skip(); err != nil {
		return err
	}
	start := c.pos
	switch {
	case c.at() == '"':
		raw, _, err := c.quoted()
		if err != nil {
			return err
		}
		m.value = raw
	case c.at() == '{':
		i := strings.IndexByte(c.text[start:c.end], '}')
		if i < 0 {
			return c.fail(start, MissingClose, "} is missing")
		}
		m.value = strings.TrimSpace(c.text[start+1 : start+i])
		c.pos = start + i + 1
	case strings.Contains(c.text[line:start], "\n"):
		c.pos = line // what follows is no value of this macro
	default:
		for c.pos < c.end && !endsValue(c.text[c.pos]) {
			c.pos++
		}
		m.value = strings.TrimRight(c.text[start:c.pos], " \t")
	}
	if m.value == "" && (m.name != "priority" || m.args == nil) {
		kind := MacroArgument
		if m.name != "priority" && m.name != "inherit" {
			kind = Missing
		}
		return m.fail(kind, "a value must follow in the same line")
	}
	var err error
	m.value, err = p.expand(c, m.off, m.value)
	return err
}

// arguments reads what stands in parentheses: UCL without macros.
func (m *macroCall) arguments(p *parser) error {
	c, depth, quoted := m.c, 0, false
	open := c.pos
	for ; c.pos < c.end; c.pos++ {
		switch b := c.text[c.pos]; {
		case b == '"' && c.text[c.pos-1] != '\\':
			quoted = !quoted
		case quoted:
		case b == '(':
			depth++
		case b == ')':
			depth--
		}
		if depth == 0 {
			break
		}
	}
	if c.pos >= c.end {
		return m.fail(MissingClose, ") is missing")
	}
	args := &chunk{src: c.src, text: c.text, pos: open + 1, end: c.pos, args: true}
	c.pos++
	var err error
	if m.args, err = p.value(args, open); err != nil {
		return err
	}
	m.args.Kind = Object
	return args.keys(p, m.args, -1)
}

// argument goes through the arguments; take says whether it knows the name and
// the kind. What it does not know is of no account, as for libucl, but warned of.
func (m *macroCall) argument(p *parser, take func(name string, v *Value) bool) {
	for name, v := range m.args.All() {
		if !take(name, v) {
			m.c.warn(p, v.at.off, ".%s: the argument %s is unknown or has a wrong value; it is ignored", m.name, name)
		}
	}
}

// fourBits is a priority as libucl keeps it.
func fourBits(n int64) uint8 { return uint8(n & 15) }

// priority sets the priority of what follows in this file.
func (m *macroCall) priority(p *parser) error {
	m.argument(p, func(name string, v *Value) bool {
		if name == "priority" && v.Kind == Int {
			m.c.priority = fourBits(v.Int)
			return true
		}
		return false
	})
	if m.value == "" {
		return nil
	}
	n, err := strconv.ParseInt(m.value, 10, 32)
	if err != nil {
		return m.fail(MacroArgument, "%q is no number", short(m.value))
	}
	if m.c.priority = fourBits(n); int64(m.c.priority) != n {
		m.c.warn(p, m.off, ".priority: %d is kept as %d, because priorities have four bits", n, m.c.priority)
	}
	return nil
}

// includeMap notes a map; it is read by whoever follows maps.
func (m *macroCall) includeMap(p *parser) error {
	p.doc.Maps = append(p.doc.Maps, Map{Pos: place{m.c.src, m.off}.pos(), Into: m.into, Name: m.value})
	return nil
}
