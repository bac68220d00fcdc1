package selector

import (
	"maps"
	"slices"
	"strings"
)

// A step makes values of values.
type step = func(in []item) []item

// Transforms lists the names of those that there are, sorted.
func Transforms() []string {
	return []string{
		"append", "apply_map", "apply_methods", "digest", "drop_n", "equal", "except_map", "filter_map", "filter_method", "filter_string_nils", "first", "get_tld",
		"id", "in", "inverse", "ipmask", "join", "join_nth", "last", "lower", "lower_utf8", "match", "not_in", "nth", "pack_numbers", "prepend", "regexp", "sort",
		"substring", "take_n", "to_ascii", "uniq",
	}
}

func isTransform(name string) bool { return slices.Contains(Transforms(), name) }

// takesObjects reports whether a transform works on objects.
func takesObjects(name string) bool {
	switch name {
	case "first", "last", "nth", "take_n", "drop_n", "apply_methods", "filter_method":
		return true
	}
	return false
}

// transform makes the step of a transform and says what it gives.
func (p *parser) transform(c call, t typ) (step, typ, error) {
	for _, make := range [...]func(call, typ) (step, typ, error){p.listStep, p.objectStep, p.mapped} {
		f, next, err := make(c, t)
		if f != nil || err != nil {
			return f, next, err
		}
	}
	if c.name == "join_tables" {
		return nil, t, p.errorf(c.at, "there is no transform join_tables: values are no tables")
	}
	return nil, t, p.unknown(c.at, "transform", c.name, slices.Values(Transforms()))
}

// listStep makes the transforms of lists.
func (p *parser) listStep(c call, t typ) (step, typ, error) {
	var f step
	var err error
	one := t
	one.list = false
	next := t
	switch c.name {
	case "first":
		f, next, err = func(in []item) []item { return in[:min(1, len(in))] }, one, p.count(c, 0, 0)
	case "last":
		f, next, err = func(in []item) []item { return in[max(0, len(in)-1):] }, one, p.count(c, 0, 0)
	case "nth", "take_n", "drop_n":
		if f, err = p.countedStep(c); c.name == "nth" {
			next = one
		}
	case "sort":
		f = func(in []item) []item {
			out := slices.Clone(in)
			slices.SortStableFunc(out, func(a, b item) int { return strings.Compare(a.text, b.text) })
			return out
		}
		err = p.count(c, 0, 0)
	case "uniq":
		f, err = uniq, p.count(c, 0, 0)
	case "join":
		sep := c.text(0, "")
		f = func(in []item) []item {
			if len(in) == 0 {
				return nil
			}
			return []item{{text: joined(in, sep)}}
		}
		next, err = typ{}, p.count(c, 0, 1)
	case "join_nth":
		var n int
		n, err = p.fromOne(c, 2)
		f = joinNth(n, c.text(1, ""))
	case "pack_numbers":
		return p.packNumbers(c, t)
	case "filter_string_nils":
		f = func(in []item) []item {
			return slices.DeleteFunc(slices.Clone(in), func(x item) bool { return x.text == "nil" })
		}
		err = p.count(c, 0, 0)
	default:
		return nil, t, nil
	}
	if err == nil && !t.list {
		err = p.errorf(c.at, "%s works on a list, not on one value", c.name)
	}
	return f, next, err
}

// countedStep is nth, take_n or drop_n.
func (p *parser) countedStep(c call) (step, error) {
	n, err := p.fromOne(c, 1)
	switch c.name {
	case "nth":
		return func(in []item) []item { return in[min(n-1, len(in)):min(n, len(in))] }, err
	case "take_n":
		return func(in []item) []item { return in[:min(n, len(in))] }, err
	}
	return func(in []item) []item { return in[min(n, len(in)):] }, err
}

// fromOne returns the first of most arguments, which counts from 1.
func (p *parser) fromOne(c call, most int) (n int, err error) {
	if err = p.count(c, 1, most); err == nil {
		n, err = p.number(c, 0, 1)
	}
	if err == nil && n < 1 {
		err = p.errorf(c.args[0].at, "%s counts from 1", c.name)
	}
	return n, err
}

func uniq(in []item) []item {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(in), func(x item) bool {
		dup := seen[x.text]
		seen[x.text] = true
		return dup
	})
}

func joined(in []item, sep string) string {
	var b strings.Builder
	for i, x := range in {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(x.text)
	}
	return b.String()
}

func joinNth(n int, sep string) step {
	return func(in []item) []item {
		var out []item
		for chunk := range slices.Chunk(in, max(n, 1)) {
			out = append(out, item{text: joined(chunk, sep)})
		}
		return out
	}
}

// objectStep makes the transforms that call methods.
func (p *parser) objectStep(c call, t typ) (step, typ, error) {
	if c.name != "apply_methods" && c.name != "filter_method" {
		return nil, t, nil
	}
	most := -1
	if c.name == "filter_method" {
		most = 1
	}
	if err := p.count(c, 1, most); err != nil {
		return nil, t, err
	}
	if t.of == nil {
		return nil, t, p.errorf(c.at, "%s works on values with methods, not on text", c.name)
	}
	methods := make([]func(any) (string, bool), len(c.args))
	for i, a := range c.args {
		if methods[i] = t.of.methods[a.text]; methods[i] == nil {
			return nil, t, p.unknown(a.at, "method of "+t.of.name, a.text, maps.Keys(t.of.methods))
		}
	}
	if c.name == "filter_method" {
		return func(in []item) []item {
			return slices.DeleteFunc(slices.Clone(in), func(x item) bool {
				_, ok := methods[0](x.obj)
				return !ok
			})
		}, t, nil
	}
	if t.list {
		return nil, t, p.errorf(c.at, "apply_methods works on one value; first, last and nth pick one")
	}
	return func(in []item) []item {
		var out []item
		for _, x := range in {
			for _, f := range methods {
				if s, ok := f(x.obj); ok {
					out = append(out, item{text: s})
				}
			}
		}
		return out
	}, typ{list: true}, nil
}

// mapped makes the transforms of one text; of a list they change each.
func (p *parser) mapped(c call, t typ) (step, typ, error) {
	switch c.name {
	case "regexp", "match":
		return p.regexp(c)
	case "inverse":
		text := c.text(0, "true")
		return func(in []item) []item {
			if len(in) > 0 && in[0].text != "" {
				return nil
			}
			return []item{{text: text}}
		}, typ{}, p.count(c, 0, 1)
	case "id":
		all := c.texts(0)
		return func(in []item) []item {
			if len(in) == 0 {
				return nil
			}
			if len(all) == 0 {
				return []item{{}}
			}
			return texts(all...)
		}, typ{list: len(all) > 1}, p.count(c, 0, -1)
	}
	f, err := p.each(c)
	if f == nil || err != nil {
		return nil, t, err
	}
	return func(in []item) []item {
		out := make([]item, 0, len(in))
		for _, x := range in {
			if s, ok := f(x.text); ok {
				out = append(out, item{text: s})
			}
		}
		return out
	}, typ{list: t.list}, nil
}

// each makes what a transform does to one text.
func (p *parser) each(c call) (func(string) (string, bool), error) {
	keep := func(f func(string) bool) func(string) (string, bool) {
		return func(s string) (string, bool) { return s, f(s) }
	}
	change := func(f func(string) string) func(string) (string, bool) {
		return func(s string) (string, bool) { return f(s), true }
	}
	args := c.texts(0)
	switch c.name {
	case "lower":
		return change(lowerASCII), p.count(c, 0, 0)
	case "lower_utf8":
		return change(strings.ToLower), p.count(c, 0, 0)
	case "prepend":
		before := strings.Join(args, "")
		return change(func(s string) string { return before + s }), p.count(c, 0, -1)
	case "append":
		after := strings.Join(args, "")
		return change(func(s string) string { return s + after }), p.count(c, 0, -1)
	case "equal":
		return keep(func(s string) bool { return s == args[0] }), p.count(c, 1, 1)
	case "in":
		return keep(func(s string) bool { return slices.Contains(args, s) }), p.count(c, 0, -1)
	case "not_in":
		return keep(func(s string) bool { return !slices.Contains(args, s) }), p.count(c, 0, -1)
	case "to_ascii":
		with := c.text(0, "?")
		return change(func(s string) string { return toASCII(s, with) }), p.count(c, 0, 1)
	case "get_tld":
		return esld, p.count(c, 0, 0)
	case "substring":
		return p.substring(c)
	case "ipmask":
		return p.ipMask(c)
	case "digest":
		f, err := p.digest(c)
		return change(f), err
	case "filter_map", "except_map", "apply_map":
		if err := p.count(c, 1, 1); err != nil {
			return nil, err
		}
		m, err := p.aMap(c)
		return func(s string) (string, bool) {
			v, ok := m.Get(s)
			if c.name == "apply_map" {
				return v, ok
			}
			return s, ok == (c.name == "filter_map")
		}, err
	}
	return nil, nil
}

func (p *parser) aMap(c call) (Map, error) {
	m, ok := p.o.Maps[c.args[0].text]
	if !ok {
		return nil, p.unknown(c.args[0].at, "map", c.args[0].text, maps.Keys(p.o.Maps))
	}
	return m, nil
}
