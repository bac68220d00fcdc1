package matcher

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of one pattern: operators write them by hand.
const (
	maxPattern = 512 << 10
	maxDepth   = 200
	maxRepeat  = 65535 // as PCRE
	maxNodes   = 200000
)

// A SyntaxError says where a pattern is wrong.
type SyntaxError struct {
	Pattern string
	Offset  int // in bytes
	Reason  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("pattern: at offset %d: %s", e.Offset, e.Reason)
}

// flags are those that a pattern can change inside.
type flags struct{ fold, multi, dotAll, extended, lazy bool }

type parser struct {
	in     string
	pos    int
	flags  flags
	bytes  bool // runes of the pattern are bytes
	groups int
	names  map[string]int
	nodes  int
	depth  int
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return &SyntaxError{Pattern: p.in, Offset: at, Reason: fmt.Sprintf(format, args...)}
}

func (p *parser) more() bool { return p.pos < len(p.in) }

// take consumes s if it stands here.
func (p *parser) take(s string) bool {
	if strings.HasPrefix(p.in[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

// last is the greatest rune that there is.
func (p *parser) last() rune {
	if p.bytes {
		return 0xff
	}
	return unicode.MaxRune
}

// next consumes one rune of the pattern: one byte where these are runes.
func (p *parser) next() rune {
	if p.bytes {
		p.pos++
		return rune(p.in[p.pos-1])
	}
	r, n := utf8.DecodeRuneInString(p.in[p.pos:])
	p.pos += n
	return r
}

// alternatives parses up to the end or a closing parenthesis.
func (p *parser) alternatives() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf(p.pos, "nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	var alts []*node
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		alts = append(alts, n)
		if !p.take("|") {
			break
		}
	}
	if len(alts) == 1 {
		return alts[0], nil
	}
	return &node{op: opAlternate, subs: alts}, nil
}

func (p *parser) sequence() (*node, error) {
	seq := &node{op: opConcat}
	for {
		if p.flags.extended {
			p.skipExtended()
		}
		if !p.more() || p.in[p.pos] == '|' || p.in[p.pos] == ')' {
			return seq, nil
		}
		at := p.pos
		n, err := p.atom()
		if err != nil {
			return nil, err
		}
		if n == nil { // flags, a comment
			continue
		}
		if n, err = p.quantified(n, at); err != nil {
			return nil, err
		}
		if p.nodes++; p.nodes > maxNodes {
			return nil, p.errorf(at, "more than %d elements", maxNodes)
		}
		seq.subs = append(seq.subs, n)
	}
}

// skipExtended skips what the flag x makes nothing: white space and comments.
func (p *parser) skipExtended() {
	for p.more() {
		switch c := p.in[p.pos]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			p.pos++
		case c == '#':
			if i := strings.IndexByte(p.in[p.pos:], '\n'); i >= 0 {
				p.pos += i + 1
			} else {
				p.pos = len(p.in)
			}
		default:
			return
		}
	}
}

// quantified parses what may follow an element.
func (p *parser) quantified(n *node, at int) (*node, error) {
	if p.flags.extended {
		p.skipExtended()
	}
	low, high, ok := p.quantifier()
	if !ok {
		return n, nil
	}
	if low > maxRepeat || high > maxRepeat {
		return nil, p.errorf(at, "repeated more than %d times", maxRepeat)
	}
	if high >= 0 && high < low {
		return nil, p.errorf(at, "numbers of a repetition out of order")
	}
	r := &node{op: opRepeat, subs: []*node{n}, min: low, max: high, lazy: p.flags.lazy}
	switch {
	case p.take("?"):
		r.lazy = !r.lazy
	case p.take("+"):
		r.poss, r.lazy = true, false
	}
	if _, _, again := p.quantifier(); again {
		return nil, p.errorf(at, "a repetition of a repetition")
	}
	return r, nil
}

// quantifier consumes *, +, ? or {n,m}; a brace that is none is a literal.
func (p *parser) quantifier() (low, high int, ok bool) {
	if !p.more() {
		return 0, 0, false
	}
	switch p.in[p.pos] {
	case '*':
		low, high = 0, -1
	case '+':
		low, high = 1, -1
	case '?':
		low, high = 0, 1
	case '{':
		end := strings.IndexByte(p.in[p.pos:], '}')
		if end < 0 {
			return 0, 0, false
		}
		low, high, ok = counts(p.in[p.pos+1 : p.pos+end])
		if ok {
			p.pos += end + 1
		}
		return low, high, ok
	default:
		return 0, 0, false
	}
	p.pos++
	return low, high, true
}

// counts reads "n", "n,", "n,m" or ",m".
func counts(s string) (low, high int, ok bool) {
	a, b, two := strings.Cut(s, ",")
	number := func(s string) (int, bool) {
		if s == "" || len(s) > 9 || strings.Trim(s, "0123456789") != "" {
			return 0, false
		}
		n, err := strconv.Atoi(s)
		return n, err == nil
	}
	if low, ok = number(a); !ok && (a != "" || b == "") {
		return 0, 0, false
	}
	switch {
	case !two:
		return low, low, ok
	case b == "":
		return low, -1, true
	}
	high, ok = number(b)
	return low, high, ok
}

// atom parses one element; nil stands for none.
func (p *parser) atom() (*node, error) {
	at := p.pos
	switch c := p.in[p.pos]; c {
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '.':
		p.pos++
		if p.flags.dotAll {
			return &node{op: opAny}, nil
		}
		return &node{op: opAnyNotNL}, nil
	case '^':
		p.pos++
		if p.flags.multi {
			return &node{op: opBeginLine}, nil
		}
		return &node{op: opBeginText}, nil
	case '$':
		p.pos++
		if p.flags.multi {
			return &node{op: opEndLine}, nil
		}
		return &node{op: opEndText1}, nil
	case '*', '+', '?':
		return nil, p.errorf(at, "nothing to repeat before %q", c)
	}
	return p.literal(p.next()), nil
}

// literal makes a node of one rune.
func (p *parser) literal(r rune) *node {
	fold := p.flags.fold && unicode.SimpleFold(r) != r
	if p.bytes && r >= 0x80 {
		fold = false // bytes are no letters
	}
	return &node{op: opRune, r: r, fold: fold}
}
