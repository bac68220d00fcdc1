package matcher

import (
	"strings"
)

// group parses what begins with a parenthesis; nil stands for nothing.
func (p *parser) group() (*node, error) {
	at := p.pos
	if p.take("(*") {
		return p.verb(at)
	}
	p.pos++
	if !p.take("?") {
		p.groups++
		return p.inner(at, &node{op: opCapture, group: p.groups})
	}
	switch {
	case p.take("#"):
		i := strings.IndexByte(p.in[p.pos:], ')')
		if i < 0 {
			return nil, p.errorf(at, "comment is not closed")
		}
		p.pos += i + 1
		return nil, nil
	case p.take(":"), p.take("|"):
		return p.inner(at, nil)
	case p.take(">"):
		return p.inner(at, &node{op: opAtomic})
	case p.take("="):
		return p.inner(at, &node{op: opLook})
	case p.take("!"):
		return p.inner(at, &node{op: opLook, negative: true})
	case p.take("<="):
		return p.inner(at, &node{op: opLook, behind: true})
	case p.take("<!"):
		return p.inner(at, &node{op: opLook, behind: true, negative: true})
	case p.take("P<"), p.take("<"):
		return p.named(at, ">")
	case p.take("'"):
		return p.named(at, "'")
	case p.take("P="):
		i := strings.IndexByte(p.in[p.pos:], ')')
		if i < 0 {
			return nil, p.errorf(at, "parenthesis is not closed")
		}
		name := p.in[p.pos : p.pos+i]
		p.pos += i + 1
		return p.backrefTo(at, name)
	}
	return p.inlineFlags(at)
}

// named parses a group with a name.
func (p *parser) named(at int, end string) (*node, error) {
	name, _, ok := strings.Cut(p.in[p.pos:], end)
	if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isWordRune(r) }) {
		return nil, p.errorf(at, "name of a group is not understood")
	}
	p.pos += len(name) + len(end)
	p.groups++
	if p.names == nil {
		p.names = map[string]int{}
	}
	p.names[name] = p.groups
	return p.inner(at, &node{op: opCapture, group: p.groups})
}

func isWordRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// inner parses the rest of a group into n; a group without n is only brackets.
// Flags that change inside end with it.
func (p *parser) inner(at int, n *node) (*node, error) {
	before := p.flags
	sub, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	p.flags = before
	if !p.take(")") {
		return nil, p.errorf(at, "parenthesis is not closed")
	}
	if n == nil {
		return sub, nil
	}
	n.subs = []*node{sub}
	if n.behind {
		if _, most := sub.width(); most > maxBehind {
			return nil, p.errorf(at, "what is looked for behind has no length below %d", maxBehind)
		}
	}
	return n, nil
}

// maxBehind is how far a pattern may look back, in bytes.
const maxBehind = 1024

// inlineFlags parses (?i), (?i-s:…), (?^…).
func (p *parser) inlineFlags(at int) (*node, error) {
	f, on := p.flags, true
	if p.take("^") {
		f = flags{}
	}
	for p.more() {
		c := p.in[p.pos]
		p.pos++
		switch c {
		case 'i':
			f.fold = on
		case 'm':
			f.multi = on
		case 's':
			f.dotAll = on
		case 'x':
			f.extended = on
		case 'U':
			f.lazy = on
		case 'a', 'u', 'l', 'd', 'n', 'J': // choose character sets in Perl; nothing here
		case '-':
			on = false
		case ')':
			p.flags = f
			return nil, nil
		case ':':
			before := p.flags
			p.flags = f
			n, err := p.inner(at, nil)
			p.flags = before
			return n, err
		default:
			return nil, p.errorf(p.pos-1, "(?%c is not supported", c)
		}
	}
	return nil, p.errorf(at, "parenthesis is not closed")
}

// verb skips those of PCRE's verbs that choose how it works.
func (p *parser) verb(at int) (*node, error) {
	name, _, ok := strings.Cut(p.in[p.pos:], ")")
	switch name {
	case "UTF", "UTF8", "UCP", "NO_START_OPT", "NO_AUTO_POSSESS", "NO_JIT", "ANYCRLF", "LF", "CRLF", "ANY":
		if ok && at == 0 {
			p.pos += len(name) + 1
			return nil, nil
		}
	}
	return nil, p.errorf(at, "(*%.20s is not supported", name)
}

func (p *parser) backrefTo(at int, name string) (*node, error) {
	n, ok := p.names[name]
	if !ok {
		return nil, p.errorf(at, "no group is named %q", name)
	}
	return &node{op: opBackref, group: n, fold: p.flags.fold}, nil
}
