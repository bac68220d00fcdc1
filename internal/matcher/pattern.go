package matcher

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Options say how a pattern is read.
type Options struct {
	// Flags are Perl's: i, m, s, x, and U, which makes quantifiers lazy.
	Flags string
	// Bytes tells that the pattern looks at bytes, not at characters: what it
	// looks at is each byte as the character of that number, as Latin1 makes
	// it. Only ASCII letters have two cases then.
	Bytes bool
}

// A Pattern is one pattern made ready. It is safe for concurrent use. The
// machine that runs it is made when it is first needed.
type Pattern struct {
	source   string
	root     *node
	groups   int
	literals []string
	also     []string // a second set of them
	most     int      // the longest match in bytes; unbounded
	lines    bool     // no match holds a line feed
	asserts  bool
	extended bool

	once sync.Once
	std  *regexp.Regexp
	prog *prog
}

// Compile reads a pattern. The error is a *SyntaxError.
func Compile(pattern string, o Options) (*Pattern, error) {
	p := &parser{in: pattern, bytes: o.Bytes}
	if len(pattern) > maxPattern {
		return nil, p.errorf(maxPattern, "longer than %d bytes", maxPattern)
	}
	if !o.Bytes && !utf8.ValidString(pattern) {
		return nil, p.errorf(0, "not valid UTF-8")
	}
	for _, f := range o.Flags {
		switch f {
		case 'i':
			p.flags.fold = true
		case 'm':
			p.flags.multi = true
		case 's':
			p.flags.dotAll = true
		case 'x':
			p.flags.extended = true
		case 'U':
			p.flags.lazy = true
		default:
			return nil, p.errorf(len(pattern), "flag %q is not known", f)
		}
	}
	root, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.more() {
		return nil, p.errorf(p.pos, "closing parenthesis without an opening one")
	}
	c := &Pattern{source: pattern, root: root, groups: p.groups}
	c.literals, c.also = required(root)
	_, c.most = root.width()
	c.lines, c.asserts = !root.crossesLines(), root.asserts()
	if size(root) > maxSize {
		return nil, p.errorf(0, "repetitions make it larger than %d elements", maxSize)
	}
	c.extended = root.extended() || root.endsWithin(true) || hugeRepeat(root, 1)
	return c, c.references(p)
}

// references reports a back-reference to a group that is not there.
func (c *Pattern) references(p *parser) error {
	bad := 0
	c.root.each(func(n *node) {
		if n.op == opBackref && n.group > c.groups {
			bad = n.group
		}
	})
	if bad > 0 {
		return p.errorf(0, "there is no group %d", bad)
	}
	return nil
}

// String returns the pattern as written.
func (c *Pattern) String() string { return c.source }

// machine makes what runs the pattern.
func (c *Pattern) machine() {
	c.once.Do(func() {
		if !c.extended {
			var b strings.Builder
			emit(&b, c.root)
			if re, err := regexp.Compile(b.String()); err == nil {
				c.std = re
				return
			}
		}
		c.prog = assemble(c.root) // package regexp has bounds of its own
	})
}

// Find returns the first match of the pattern in text and its groups: pairs of
// offsets, -1 for a group that did not take part, the whole match first. It is
// nil without a match, and when the budget is used up.
func (c *Pattern) Find(text string, b *Budget) []int {
	if all := c.All(text, 1, b); len(all) > 0 {
		return all[0]
	}
	return nil
}

// All returns up to n matches that do not overlap, -1 for all, as Find does.
func (c *Pattern) All(text string, n int, b *Budget) [][]int {
	c.machine()
	if c.std != nil {
		if !b.take(len(text)) {
			return nil
		}
		return c.std.FindAllStringSubmatchIndex(text, n)
	}
	return c.prog.all(text, 0, len(text), n, b)
}

// Match reports whether the pattern occurs in text.
func (c *Pattern) Match(text string, b *Budget) bool {
	c.machine()
	if c.std != nil {
		return b.take(len(text)) && c.std.MatchString(text)
	}
	return len(c.prog.all(text, 0, len(text), 1, b)) > 0
}

// A Budget is how much work may be done for one message: bytes that an
// expression is run over, and steps of the bounded matcher. It is not safe for
// concurrent use.
type Budget struct{ left, cut int }

// NewBudget allows n steps.
func NewBudget(n int) *Budget { return &Budget{left: n} }

// For returns the budget of a message of n bytes.
func For(n int) *Budget { return NewBudget(leastWork + workPerByte*max(n, 0)) }

const (
	leastWork   = 16 << 20
	workPerByte = 64
)

func (b *Budget) take(n int) bool {
	if n > b.left {
		b.left = 0
		b.cut++
		return false
	}
	b.left -= n
	return true
}

// Cut returns how many patterns were not looked for to the end.
func (b *Budget) Cut() int { return b.cut }

// Left returns the steps that are left.
func (b *Budget) Left() int { return b.left }

// Latin1 returns text with each byte as the character of that number. It is text
// itself where that is ASCII.
func Latin1(text string) string {
	high := 0
	for i := range len(text) {
		if text[i] >= 0x80 {
			high++
		}
	}
	if high == 0 {
		return text
	}
	out := make([]byte, 0, len(text)+high)
	for i := range len(text) {
		if c := text[i]; c < 0x80 {
			out = append(out, c)
		} else {
			out = append(out, 0xc0|c>>6, 0x80|c&0x3f)
		}
	}
	return string(out)
}
