package ucl

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// inclusion is what an .include asks for.
type inclusion struct {
	try, glob, prefix bool
	priority          uint8
	dup               duplicate
	key               string
	list              bool // target=array
	dirs              []string
}

// include reads other files into the object that the macro stands in.
func (m *macroCall) include(p *parser) error {
	in, err := m.inclusion(p)
	if err != nil {
		return err
	}
	if strings.Contains(m.value, "://") {
		return m.fail(MacroArgument, "files are not fetched from URLs such as %s", short(m.value))
	}
	names, err := m.names(p, in)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := m.includeFile(p, in, name); err != nil {
			return err
		}
	}
	return nil
}

// inclusion reads the arguments.
func (m *macroCall) inclusion(p *parser) (inclusion, error) {
	in := inclusion{try: m.name == "try_include"}
	signed := m.name == "includes"
	m.argument(p, func(name string, v *Value) bool {
		ok := v.Kind == Bool
		switch name {
		case "try":
			in.try = ok && v.Bool || !ok && in.try
		case "sign":
			signed = signed || v.Bool
		case "glob":
			in.glob = v.Bool
		case "prefix":
			in.prefix = v.Bool
		case "url": // is asked for by the name
		case "priority":
			ok = v.Kind == Int
			in.priority = fourBits(v.Int)
			if ok && int64(in.priority) != v.Int {
				m.c.warn(p, m.off, ".include: the priority %d is kept as %d, because priorities have four bits", v.Int, in.priority)
			}
		case "duplicate":
			in.dup, ok = duplicateNamed(v.Text)
		case "key":
			in.key, ok = v.Text, v.Kind == String
		case "target":
			in.list, ok = strings.EqualFold(v.Text, "array"), v.Kind == String
		case "path":
			ok = v.Kind == Array
			for _, dir := range v.Items {
				in.dirs = append(in.dirs, dir.Text)
			}
		default:
			return false
		}
		return ok
	})
	if signed {
		return in, m.fail(MacroArgument, "signatures of files can't be verified, so a file that needs one is not read")
	}
	return in, nil
}

// names are the files that are meant: those that a pattern matches, or the
// first one in the directories of the argument path.
func (m *macroCall) names(p *parser, in inclusion) ([]string, error) {
	tried := []string{m.value}
	if in.dirs != nil {
		tried = nil
		for _, dir := range in.dirs {
			tried = append(tried, path.Join(dir, m.value))
		}
	}
	if in.glob && strings.ContainsAny(m.value, "*?") {
		return m.matches(p, in, tried)
	}
	for _, name := range tried {
		if p.o.Files == nil {
			break
		}
		f, err := p.o.Files.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			p.doc.Missing = append(p.doc.Missing, name)
			continue
		}
		if err != nil {
			return nil, m.unread(name, err)
		}
		f.Close()
		return []string{name}, nil
	}
	if in.try {
		return nil, nil
	}
	return nil, m.unread(strings.Join(tried, ", "), fs.ErrNotExist)
}

// matches are the files that the patterns match.
func (m *macroCall) matches(p *parser, in inclusion, patterns []string) ([]string, error) {
	var names []string
	for _, pattern := range patterns {
		if p.o.Files == nil {
			break
		}
		found, err := p.o.Files.Glob(pattern)
		if err != nil {
			return nil, m.unread(pattern, err)
		}
		slices.Sort(found)
		names = append(names, found...)
	}
	if len(names) == 0 && !in.try {
		return nil, m.unread(strings.Join(patterns, ", "), fs.ErrNotExist)
	}
	return names, nil
}

func (m *macroCall) unread(name string, err error) *Error {
	msg := "cannot be read: " + plain(err)
	if errors.Is(err, fs.ErrNotExist) {
		msg = "there is no such file"
	}
	e := m.fail(Missing, "%s: %s", name, msg)
	if errors.Is(err, errLimit) {
		e.Kind = Limit
	}
	e.Err = err
	return e
}

// includeFile reads one file.
func (m *macroCall) includeFile(p *parser, in inclusion, name string) error {
	name = path.Clean(name)
	if name == path.Clean(m.c.src.name) || slices.Contains(p.inside, name) {
		return m.fail(IncludeLoop, "%s is being read already: it includes itself", name)
	}
	if len(p.inside) >= p.limits.Includes {
		return m.fail(Limit, "files are included more than %d deep", p.limits.Includes)
	}
	text, err := p.read(name)
	if err != nil {
		return m.unread(name, err)
	}
	into, err := m.target(p, in, name)
	if err != nil {
		return err
	}
	src, err := p.source(name, text)
	if err != nil {
		return err
	}
	p.inside = append(p.inside, name)
	defer func() { p.inside = p.inside[:len(p.inside)-1] }()
	c := &chunk{src: src, text: src.text, end: len(src.text), priority: in.priority, dup: in.dup}
	return c.body(p, into)
}

// target is the object that a file is read into: the one around the macro, or
// with key or prefix one below that.
func (m *macroCall) target(p *parser, in inclusion, name string) (*Value, error) {
	key := in.key
	if key == "" && in.prefix {
		key = path.Base(name)
		if ext := path.Ext(key); ext == ".conf" || ext == ".ucl" {
			key = strings.TrimSuffix(key, ext)
		}
	}
	if key == "" {
		return m.into, nil
	}
	v, err := p.value(m.c, m.off)
	if err != nil {
		return nil, err
	}
	v.Kind, v.Priority = Object, in.priority
	member := m.into.Member(key)
	var old *Value
	if member != nil {
		old = member.Values[0]
	}
	switch {
	case !in.list && old == nil:
		m.into.Set(key, v)
	case !in.list && old.Kind == Object:
		return old, nil
	case !in.list:
		return nil, m.fail(CannotMerge, "the key %s is there already, from %s, and is no object", key, old.Pos())
	case old == nil:
		m.into.Set(key, NewArray(v, v))
	case old.Kind == Array:
		old.Items = append(old.Items, v)
	default:
		list := NewArray(v, append(slices.Clone(member.Values), v)...)
		member.Values, list.home = []*Value{list}, member
	}
	return v, nil
}
