package matcher

import (
	"strings"
	"unicode"
)

// class parses [...].
func (p *parser) class() (*node, error) {
	at := p.pos
	p.pos++
	negated := p.take("^")
	var class []rune
	for first := true; ; first = false {
		if !p.more() {
			return nil, p.errorf(at, "bracket is not closed")
		}
		if p.in[p.pos] == ']' && !first {
			p.pos++
			break
		}
		more, err := p.classItem(at)
		if err != nil {
			return nil, err
		}
		class = append(class, more...)
	}
	fold := p.flags.fold
	if fold {
		class = foldASCII(class)
	}
	class = mergeClass(class)
	if p.bytes || fold && !foldsBeyond(class) {
		fold = false
	}
	if fold {
		class = foldClass(class)
	}
	if negated {
		class = negateClass(class, p.last())
	}
	return &node{op: opClass, class: class}, nil
}

// classItem parses one member or range of a class.
func (p *parser) classItem(at int) ([]rune, error) {
	if p.take("[:") {
		name, _, ok := strings.Cut(p.in[p.pos:], ":]")
		if ok {
			class, known := p.posix(name)
			if !known {
				return nil, p.errorf(p.pos, "class %q is not known", name)
			}
			p.pos += len(name) + 2
			return class, nil
		}
		p.pos -= 2
	}
	lo, class, err := p.member(at)
	if err != nil || class != nil {
		return class, err
	}
	if p.pos+1 >= len(p.in) || p.in[p.pos] != '-' || p.in[p.pos+1] == ']' {
		return []rune{lo, lo}, nil
	}
	dash := p.pos
	p.pos++
	hi, class, err := p.member(at)
	switch {
	case err != nil:
		return nil, err
	case class != nil: // [a-\d]: the dash means itself
		return append(class, lo, lo, '-', '-'), nil
	case hi < lo:
		return nil, p.errorf(dash, "range is out of order")
	}
	return []rune{lo, hi}, nil
}

// member parses one rune of a class, or an escape that stands for many.
func (p *parser) member(at int) (rune, []rune, error) {
	if !p.more() {
		return 0, nil, p.errorf(at, "bracket is not closed")
	}
	if p.in[p.pos] != '\\' {
		return p.next(), nil, nil
	}
	if p.pos+1 == len(p.in) {
		return 0, nil, p.errorf(at, "bracket is not closed")
	}
	start := p.pos
	c := p.in[p.pos+1]
	p.pos += 2
	if class, ok, err := p.classEscape(start, c); ok || err != nil {
		return 0, class, err
	}
	if c == 'b' {
		return '\b', nil, nil
	}
	p.pos = start + 1
	r, err := p.runeEscape(start)
	return r, nil, err
}

// posix returns the class [:name:].
func (p *parser) posix(name string) ([]rune, bool) {
	name, negated := strings.CutPrefix(name, "^")
	var class []rune
	switch name {
	case "alpha":
		class = []rune{'A', 'Z', 'a', 'z'}
	case "digit":
		class = digits()
	case "alnum":
		class = []rune{'0', '9', 'A', 'Z', 'a', 'z'}
	case "upper":
		class = []rune{'A', 'Z'}
	case "lower":
		class = []rune{'a', 'z'}
	case "space":
		class = spaces()
	case "blank":
		class = []rune{'\t', '\t', ' ', ' '}
	case "punct":
		class = []rune{'!', '/', ':', '@', '[', '`', '{', '~'}
	case "cntrl":
		class = []rune{0, 0x1f, 0x7f, 0x7f}
	case "print":
		class = []rune{' ', '~'}
	case "graph":
		class = []rune{'!', '~'}
	case "xdigit":
		class = []rune{'0', '9', 'A', 'F', 'a', 'f'}
	case "word":
		class = words()
	case "ascii":
		class = []rune{0, 0x7f}
	default:
		return nil, false
	}
	if negated {
		class = negateClass(mergeClass(class), p.last())
	}
	return class, true
}

// foldASCII adds the other case of each ASCII letter.
func foldASCII(class []rune) []rune {
	out := class[:len(class):len(class)]
	for i := 0; i+1 < len(class); i += 2 {
		for _, c := range [...]struct{ lo, hi, by rune }{{'A', 'Z', 0x20}, {'a', 'z', -0x20}} {
			if lo, hi := max(class[i], c.lo), min(class[i+1], c.hi); lo <= hi {
				out = append(out, lo+c.by, hi+c.by)
			}
		}
	}
	return out
}

// foldsBeyond reports whether a class has letters whose other case is no ASCII.
func foldsBeyond(class []rune) bool {
	return inClass(class, 'k') || inClass(class, 's') || len(class) > 0 && class[len(class)-1] >= 0x80
}

// foldClass adds the other cases of all letters of small ranges. Large ranges
// hold both cases as a rule.
func foldClass(class []rune) []rune {
	out := class[:len(class):len(class)]
	for i := 0; i+1 < len(class); i += 2 {
		if class[i+1]-class[i] > 512 {
			continue
		}
		for r := class[i]; r <= class[i+1]; r++ {
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				out = append(out, f, f)
			}
		}
	}
	return mergeClass(out)
}
