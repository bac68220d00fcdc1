package selector

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/matcher"
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
	n, err := 1, error(nil)
	var f step
	one := t
	one.list = false
	next := t
	switch c.name {
	case "first":
		f, next, err = func(in []item) []item { return in[:min(1, len(in))] }, one, p.count(c, 0, 0)
	case "last":
		f, next, err = func(in []item) []item { return in[max(0, len(in)-1):] }, one, p.count(c, 0, 0)
	case "nth", "take_n", "drop_n":
		if err = p.count(c, 1, 1); err == nil {
			n, err = p.number(c, 0, 1)
		}
		if err == nil && n < 1 {
			err = p.errorf(c.args[0].at, "%s counts from 1", c.name)
		}
		switch c.name {
		case "nth":
			f, next = func(in []item) []item { return in[min(n-1, len(in)):min(n, len(in))] }, one
		case "take_n":
			f = func(in []item) []item { return in[:min(n, len(in))] }
		default:
			f = func(in []item) []item { return in[min(n, len(in)):] }
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
		if err = p.count(c, 1, 2); err == nil {
			n, err = p.number(c, 0, 1)
		}
		if err == nil && n < 1 {
			err = p.errorf(c.args[0].at, "join_nth wants a number above 0")
		}
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

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// toASCII replaces each byte that is not ASCII.
func toASCII(s, with string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] < 0x80 {
			b.WriteByte(s[i])
		} else {
			b.WriteString(with)
		}
	}
	return b.String()
}

// substring counts bytes as Lua does: from 1, and from the end where negative.
func (p *parser) substring(c call) (func(string) (string, bool), error) {
	if err := p.count(c, 0, 2); err != nil {
		return nil, err
	}
	first, err := p.number(c, 0, 1)
	if err != nil {
		return nil, err
	}
	last, err := p.number(c, 1, -1)
	return func(s string) (string, bool) {
		from, to := first, last
		if from < 0 {
			from = max(len(s)+from+1, 1)
		}
		if to < 0 {
			to = len(s) + to + 1
		}
		from, to = max(from, 1), min(to, len(s))
		if from > to {
			return "", true
		}
		return s[from-1 : to], true
	}, err
}

func (p *parser) ipMask(c call) (func(string) (string, bool), error) {
	if err := p.count(c, 1, 2); err != nil {
		return nil, err
	}
	four, err := p.number(c, 0, 0)
	if err != nil {
		return nil, err
	}
	six, err := p.number(c, 1, four)
	if err == nil && (four < 0 || four > 32 && len(c.args) == 2 || six < 0 || six > 128) {
		err = p.errorf(c.args[0].at, "ipmask wants 0 to 32 for IPv4 and 0 to 128 for IPv6")
	}
	return func(s string) (string, bool) {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return "", false
		}
		bits := min(four, 32)
		if ip = ip.Unmap().WithZone(""); ip.Is6() {
			bits = six
		}
		net, err := ip.Prefix(bits)
		return net.Addr().String(), err == nil
	}, err
}

// regexp gives all matches with their groups in one list.
func (p *parser) regexp(c call) (step, typ, error) {
	if err := p.count(c, 1, 1); err != nil {
		return nil, typ{}, err
	}
	re, err := readPattern(c.args[0].text)
	if err != nil {
		return nil, typ{}, p.errorf(c.args[0].at, "%v", err)
	}
	return func(in []item) []item {
		var out []item
		size := 0
		for _, x := range in {
			size += len(x.text)
		}
		budget := matcher.For(size)
		for _, x := range in {
			for _, m := range re.All(x.text, -1, budget) {
				for i := 0; i < len(m); i += 2 {
					if m[i] >= 0 {
						out = append(out, item{text: x.text[m[i]:m[i+1]]})
					}
				}
			}
		}
		return out
	}, typ{list: true}, nil
}

// readPattern reads /pattern/flags, or a pattern without slashes.
func readPattern(s string) (*matcher.Pattern, error) {
	flags := ""
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		if i := strings.LastIndexByte(rest, '/'); i >= 0 {
			s, flags = rest[:i], rest[i+1:]
		}
	}
	flags = strings.Map(func(r rune) rune {
		if strings.ContainsRune("urOL", r) { // how Rspamd's engine works
			return -1
		}
		return r
	}, flags)
	return matcher.Compile(s, matcher.Options{Flags: flags})
}

func (p *parser) packNumbers(c call, t typ) (step, typ, error) {
	if err := p.count(c, 0, 1); err != nil {
		return nil, t, err
	}
	if !t.list {
		return nil, t, p.errorf(c.at, "pack_numbers works on a list, not on one value")
	}
	pack, ok := packers()[c.text(0, "f")]
	if !ok {
		return nil, t, p.unknown(c.args[0].at, "format of numbers", c.args[0].text, maps.Keys(packers()))
	}
	return func(in []item) []item {
		var b []byte
		for _, x := range in {
			if n, err := strconv.ParseFloat(x.text, 64); err == nil {
				b = pack(b, n)
			}
		}
		return []item{{text: string(b)}}
	}, typ{}, nil
}
