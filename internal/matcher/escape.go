package matcher

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Classes that have a name, as pairs. They are Perl's for ASCII.
func digits() []rune { return []rune{'0', '9'} }
func words() []rune  { return []rune{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'} }
func spaces() []rune { return []rune{'\t', '\r', ' ', ' '} }

func (p *parser) horizontal() []rune {
	c := []rune{'\t', '\t', ' ', ' ', 0xa0, 0xa0}
	if !p.bytes {
		c = append(c, 0x1680, 0x1680, 0x2000, 0x200a, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000)
	}
	return c
}

func (p *parser) vertical() []rune {
	c := []rune{'\n', '\r', 0x85, 0x85}
	if !p.bytes {
		c = append(c, 0x2028, 0x2029)
	}
	return c
}

// escape parses an element that begins with a backslash.
func (p *parser) escape() (*node, error) {
	at := p.pos
	if p.pos+1 == len(p.in) {
		return nil, p.errorf(at, "a backslash at the end")
	}
	c := p.in[p.pos+1]
	p.pos += 2
	if class, ok, err := p.classEscape(at, c); ok || err != nil {
		return &node{op: opClass, class: class}, err
	}
	switch c {
	case 'A', 'G':
		return &node{op: opBeginText}, nil
	case 'z':
		return &node{op: opEndText}, nil
	case 'Z':
		return &node{op: opEndText1}, nil
	case 'b':
		return &node{op: opWord}, nil
	case 'B':
		return &node{op: opNotWord}, nil
	case 'K':
		return &node{op: opKeep}, nil
	case 'N':
		return &node{op: opAnyNotNL}, nil
	case 'R':
		crlf := &node{op: opConcat, subs: []*node{{op: opRune, r: '\r'}, {op: opRune, r: '\n'}}}
		return &node{op: opAlternate, subs: []*node{crlf, {op: opClass, class: mergeClass(p.vertical())}}}, nil
	case 'Q':
		return p.quoted(), nil
	case 'E':
		return nil, nil
	case 'k', 'g':
		return p.reference(at, c)
	}
	if c >= '1' && c <= '9' {
		if n, ok := p.numbered(); ok {
			return &node{op: opBackref, group: n, fold: p.flags.fold}, nil
		}
	}
	p.pos = at + 1
	r, err := p.runeEscape(at)
	if err != nil {
		return nil, err
	}
	return p.literal(r), nil
}

// numbered reads the number of a back-reference, of which the first digit was
// consumed. A number of more digits than groups need is an octal number.
func (p *parser) numbered() (int, bool) {
	n, end := int(p.in[p.pos-1]-'0'), p.pos
	for ; end < len(p.in) && p.in[end] >= '0' && p.in[end] <= '9' && n < 1000; end++ {
		n = n*10 + int(p.in[end]-'0')
	}
	if n > 9 && n > p.groups {
		return 0, false
	}
	p.pos = end
	return n, true
}

// reference parses \k<name>, \k'name', \k{name}, \g1, \g{-1}.
func (p *parser) reference(at int, c byte) (*node, error) {
	if !p.more() {
		return nil, p.errorf(at, "a reference to nothing")
	}
	var name string
	if end, ok := map[byte]string{'<': ">", '\'': "'", '{': "}"}[p.in[p.pos]]; ok {
		before, _, found := strings.Cut(p.in[p.pos+1:], end)
		if !found {
			return nil, p.errorf(at, "a reference is not closed")
		}
		name = before
		p.pos += len(name) + 2
	} else {
		end := p.pos
		for end < len(p.in) && (p.in[end] >= '0' && p.in[end] <= '9' || end == p.pos && p.in[end] == '-') {
			end++
		}
		name, p.pos = p.in[p.pos:end], end
	}
	if n, err := strconv.Atoi(name); err == nil && c == 'g' {
		if n < 0 {
			n += p.groups + 1
		}
		if n < 1 || n > 999 {
			return nil, p.errorf(at, "no group %s", name)
		}
		return &node{op: opBackref, group: n, fold: p.flags.fold}, nil
	}
	return p.backrefTo(at, name)
}

// quoted parses what follows \Q.
func (p *parser) quoted() *node {
	text, _, closed := strings.Cut(p.in[p.pos:], `\E`)
	end := p.pos + len(text)
	seq := &node{op: opConcat}
	for p.pos < end {
		seq.subs = append(seq.subs, p.literal(p.next()))
	}
	if closed {
		p.pos += len(`\E`)
	}
	return seq
}

// classEscape returns the class that an escape stands for, the letter being
// consumed.
func (p *parser) classEscape(at int, c byte) (class []rune, ok bool, err error) {
	switch c {
	case 'd', 'D':
		class = digits()
	case 'w', 'W':
		class = words()
	case 's', 'S':
		class = spaces()
	case 'h', 'H':
		class = p.horizontal()
	case 'v', 'V':
		class = p.vertical()
	case 'p', 'P':
		return p.property(at, c == 'P')
	default:
		return nil, false, nil
	}
	class = mergeClass(class)
	if c < 'a' {
		class = negateClass(class, p.last())
	}
	return class, true, nil
}

// property parses \pL, \p{Greek}, \P{^L}.
func (p *parser) property(at int, negated bool) ([]rune, bool, error) {
	if !p.more() {
		return nil, false, p.errorf(at, "a property without a name")
	}
	name := p.in[p.pos : p.pos+1]
	p.pos++
	if name == "{" {
		end := strings.IndexByte(p.in[p.pos:], '}')
		if end < 0 {
			return nil, false, p.errorf(at, "a property's name is not closed")
		}
		name = p.in[p.pos : p.pos+end]
		p.pos += end + 1
	}
	if rest, ok := strings.CutPrefix(name, "^"); ok {
		name, negated = rest, !negated
	}
	table := propertyTable(name)
	if table == nil {
		return nil, false, p.errorf(at, "property %q is not known", name)
	}
	class := tableClass(table, p.last())
	if negated {
		class = negateClass(class, p.last())
	}
	return class, true, nil
}

func propertyTable(name string) *unicode.RangeTable {
	for _, all := range [...]map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts, unicode.Properties} {
		if t := all[name]; t != nil {
			return t
		}
	}
	switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
	case "l&", "lc":
		return unicode.L
	case "alpha", "alphabetic", "letter":
		return unicode.L
	case "uppercase", "upper", "uppercaseletter":
		return unicode.Lu
	case "lowercase", "lower", "lowercaseletter":
		return unicode.Ll
	case "punct", "punctuation":
		return unicode.P
	case "digit", "decimalnumber":
		return unicode.Nd
	case "space", "whitespace", "xsp", "xps":
		return unicode.White_Space
	}
	return nil
}

func tableClass(t *unicode.RangeTable, last rune) []rune {
	var class []rune
	add := func(lo, hi, stride rune) {
		for r := lo; r <= hi && r <= last; r += stride {
			if stride == 1 {
				class = append(class, r, min(hi, last))
				return
			}
			class = append(class, r, r)
		}
	}
	for _, r := range t.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range t.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	return mergeClass(class)
}

// runeEscape parses an escape that stands for one rune; the backslash is
// consumed.
func (p *parser) runeEscape(at int) (rune, error) {
	c := p.in[p.pos]
	if simple := strings.IndexByte("aefnrt", c); simple >= 0 {
		p.pos++
		return rune("\a\x1b\f\n\r\t"[simple]), nil
	}
	switch {
	case c == 'x':
		p.pos++
		return p.hex(at)
	case c == 'o':
		p.pos++
		if text, _, ok := strings.Cut(p.in[p.pos:], "}"); ok && strings.HasPrefix(text, "{") {
			p.pos += len(text) + 1
			return p.code(at, text[1:], 8)
		}
		return 0, p.errorf(at, "an octal number is not closed")
	case c == 'c' && p.pos+1 < len(p.in):
		p.pos += 2
		return rune(strings.ToUpper(p.in[p.pos-1 : p.pos])[0] ^ 0x40), nil
	case c >= '0' && c <= '7':
		end := p.pos
		for end < len(p.in) && end < p.pos+3 && p.in[end] >= '0' && p.in[end] <= '7' {
			end++
		}
		text := p.in[p.pos:end]
		p.pos = end
		return p.code(at, text, 8)
	}
	return p.next(), nil // a character that means itself
}

// hex parses what follows \x: up to two digits, or any number in braces.
func (p *parser) hex(at int) (rune, error) {
	if p.take("{") {
		text, _, ok := strings.Cut(p.in[p.pos:], "}")
		if !ok {
			return 0, p.errorf(at, "a number is not closed")
		}
		p.pos += len(text) + 1
		return p.code(at, strings.TrimSpace(text), 16)
	}
	end := p.pos
	for end < len(p.in) && end < p.pos+2 && strings.IndexByte("0123456789abcdefABCDEF", p.in[end]) >= 0 {
		end++
	}
	text := p.in[p.pos:end]
	p.pos = end
	if text == "" {
		return 0, nil // as Perl: \x alone is a NUL
	}
	return p.code(at, text, 16)
}

func (p *parser) code(at int, digits string, base int) (rune, error) {
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || rune(n) > p.last() || n > unicode.MaxRune {
		return 0, p.errorf(at, "no character has the number %s", fmt.Sprintf("%.20s", digits))
	}
	return rune(n), nil
}
