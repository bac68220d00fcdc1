package ucl

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// inherit copies the keys of an object at the top of the document that are not
// there yet. With replace=true those that are there give way.
func (m *macroCall) inherit(p *parser) error {
	found := p.root.Member(m.value)
	if found == nil || found.Values[0].Kind != Object {
		return m.fail(InheritMissing, "there is no section %s before this one", short(m.value))
	}
	replace := false
	m.argument(p, func(name string, v *Value) bool {
		replace = v.Kind == Bool && v.Bool
		return name == "replace" && v.Kind == Bool
	})
	for _, member := range found.Values[0].members {
		if err := p.step(1); err != nil {
			return m.c.limit(m.off, err)
		}
		there := m.into.Member(member.Key)
		if there == member || there != nil && !replace {
			continue
		}
		copied := &Member{Key: member.Key, at: member.at}
		for _, v := range member.Values {
			n, err := p.copy(m.c, v)
			if err != nil {
				return err
			}
			n.inherited, n.home, n.nth = !replace, copied, len(copied.Values)
			copied.Values = append(copied.Values, n)
		}
		if there == nil {
			m.into.add(copied)
			continue
		}
		copied.Values[0].Over = append(copied.Values[0].Over, there.Values...)
		there.Values = copied.Values
		for _, v := range there.Values {
			v.home = there
		}
	}
	return nil
}

// copy is a deep copy of v, which counts as values that were read.
func (p *parser) copy(c *chunk, v *Value) (*Value, error) {
	n, err := p.value(c, c.pos)
	if err != nil {
		return nil, err
	}
	*n = *v
	n.Over = slices.Clip(n.Over) // v may go on with what is behind it
	n.Items, n.members, n.index, n.home = nil, nil, nil, nil
	for _, item := range v.Items {
		i, err := p.copy(c, item)
		if err != nil {
			return nil, err
		}
		n.Items = append(n.Items, i)
	}
	for _, member := range v.members {
		m := &Member{Key: member.Key, at: member.at}
		for _, value := range member.Values {
			i, err := p.copy(c, value)
			if err != nil {
				return nil, err
			}
			i.home, i.nth = m, len(m.Values)
			m.Values = append(m.Values, i)
		}
		n.add(m)
	}
	return n, nil
}

// loading is what a .load asks for.
type loading struct {
	key, target string
	try, trim   bool
	priority    uint8
}

func (m *macroCall) loading(p *parser) (l loading) {
	m.argument(p, func(name string, v *Value) bool {
		switch name {
		case "key":
			l.key = v.Text
			return v.Kind == String
		case "target":
			l.target = strings.ToLower(v.Text)
			return v.Kind == String
		case "priority":
			l.priority = fourBits(v.Int)
			return v.Kind == Int
		case "try":
			l.try = v.Bool
		case "trim":
			l.trim = v.Bool
		case "multiline", "escape": // say how the value is printed
		default:
			return false
		}
		return v.Kind == Bool
	})
	return l
}

// load makes the text of a file a value.
func (m *macroCall) load(p *parser) error {
	l := m.loading(p)
	if l.key == "" {
		return m.fail(MacroArgument, "needs the argument key")
	}
	if old := m.into.Member(l.key); old != nil {
		return m.fail(DuplicateKey, "the key %s is there already, from %s", l.key, old.Pos())
	}
	text, err := p.read(m.value)
	if errors.Is(err, fs.ErrNotExist) && l.try {
		p.doc.Missing = append(p.doc.Missing, m.value)
		return nil
	}
	if err != nil {
		return m.unread(m.value, err)
	}
	if err := p.grow(len(text)); err != nil {
		return m.c.limit(m.off, err)
	}
	v, err := p.value(m.c, m.off)
	if err != nil {
		return err
	}
	v.Kind, v.Text, v.Quote, v.Priority = String, string(text), Double, l.priority
	if l.trim {
		v.Text = strings.TrimSpace(v.Text)
	}
	switch l.target {
	case "", "string":
	case "int":
		if v.Int, err = strconv.ParseInt(strings.TrimSpace(v.Text), 10, 64); err != nil {
			return m.fail(MacroArgument, "%s holds no whole number", m.value)
		}
		v.Kind, v.Text = Int, ""
	default:
		return m.fail(MacroArgument, "the target is string or int, not %s", short(l.target))
	}
	v.home = &Member{Key: l.key, Values: []*Value{v}, at: v.at}
	m.into.add(v.home)
	return nil
}
