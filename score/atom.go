package score

import (
	"strings"

	"github.com/winnowmail/winnow/internal/perlre"
)

// An optionMatch is one entry of an atom's option filter: an exact text, or a
// pattern that occurs in the option.
type optionMatch struct {
	text    string
	pattern func(option string) bool // nil: a text
}

func (m *optionMatch) match(option string) bool {
	if m.pattern != nil {
		return m.pattern(option)
	}
	return m.text == option
}

// atom parses a symbol or group with its prefixes and its option filter.
func (p *parser) atom() (*node, error) {
	start := p.pos
	if len(p.atoms) == maxExpressionAtoms {
		return nil, p.errorf(start, "more than %d symbols", maxExpressionAtoms)
	}
	for p.pos < len(p.in) && !ends(p.in[p.pos]) {
		p.pos++
	}
	word := p.in[start:p.pos]
	a := Atom{Name: strings.TrimLeft(word, "~-^")}
	a.Prefix = word[:len(word)-len(a.Name)]
	for _, k := range [...]struct {
		prefix string
		kind   AtomKind
	}{{"g:", GroupAtom}, {"g+:", PositiveGroupAtom}, {"g-:", NegativeGroupAtom}} {
		if name, ok := strings.CutPrefix(a.Name, k.prefix); ok {
			a.Name, a.Kind = name, k.kind
			break
		}
	}
	if a.Name == "" {
		return nil, p.errorf(p.pos, "the name of a symbol is missing")
	}
	if p.pos < len(p.in) && p.in[p.pos] == '[' {
		if err := p.options(&a); err != nil {
			return nil, err
		}
	}
	a.Text = p.in[start:p.pos]
	p.atoms = append(p.atoms, a)
	return &node{op: opAtom, atom: len(p.atoms) - 1}, nil
}

// options parses "[text,/re/flags,...]".
func (p *parser) options(a *Atom) error {
	open := p.pos
	p.pos++
	for {
		p.skipSpace()
		if p.pos == len(p.in) {
			return p.errorf(open, "bracket is not closed")
		}
		if p.in[p.pos] == ']' {
			if len(a.options) == 0 {
				return p.errorf(p.pos, "the option is missing")
			}
			p.pos++
			return nil
		}
		m, err := p.option(open)
		if err != nil {
			return err
		}
		a.options = append(a.options, m)
		if p.in[p.pos] == ',' {
			p.pos++
		}
	}
}

// option parses one entry and stops at the comma or bracket after it.
func (p *parser) option(open int) (optionMatch, error) {
	start := p.pos
	if p.in[start] != '/' {
		n := strings.IndexAny(p.in[start:], ",]")
		if n < 0 {
			return optionMatch{}, p.errorf(open, "bracket is not closed")
		}
		p.pos += n
		text := strings.TrimSpace(p.in[start:p.pos])
		if text == "" {
			return optionMatch{}, p.errorf(start, "the option is missing")
		}
		return optionMatch{text: text}, nil
	}
	end := start + 1
	for end < len(p.in) && p.in[end] != '/' {
		if p.in[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(p.in) {
		return optionMatch{}, p.errorf(start, "pattern is not closed")
	}
	n := strings.IndexAny(p.in[end:], ",]")
	if n < 0 {
		return optionMatch{}, p.errorf(open, "bracket is not closed")
	}
	p.pos = end + n
	flags := strings.TrimSpace(p.in[end+1 : p.pos])
	re, err := perlre.CompileFlags(p.in[start+1:end], flags)
	if err != nil {
		return optionMatch{}, p.errorf(start, "pattern: %v", err)
	}
	return optionMatch{pattern: perlre.In(re)}, nil
}
