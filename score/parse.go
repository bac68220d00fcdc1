package score

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A SyntaxError says where an expression is wrong.
type SyntaxError struct {
	Offset int // in bytes
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expression: at offset %d: %s", e.Offset, e.Reason)
}

// ParseExpression parses an expression. The error is a *SyntaxError.
func ParseExpression(s string) (*Expression, error) {
	p := parser{in: s}
	if len(s) > maxExpressionLen {
		return nil, p.errorf(maxExpressionLen, "longer than %d bytes", maxExpressionLen)
	}
	root, err := p.operand(0)
	if err == nil {
		root, err = p.binary(root, 1, 0)
	}
	if err != nil {
		return nil, err
	}
	if p.pos < len(s) {
		if s[p.pos] == ')' {
			return nil, p.errorf(p.pos, "closing parenthesis without an opening one")
		}
		return nil, p.errorf(p.pos, "an operator is missing")
	}
	root.finish(p.atoms, false)
	return &Expression{root: root, atoms: p.atoms}, nil
}

type parser struct {
	in    string
	pos   int
	atoms []Atom
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return &SyntaxError{Offset: at, Reason: fmt.Sprintf(format, args...)}
}

func (p *parser) skipSpace() {
	for p.pos < len(p.in) && isSpace(p.in[p.pos]) {
		p.pos++
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// ends reports whether c ends the name of a symbol.
func ends(c byte) bool { return isSpace(c) || strings.IndexByte("[];()><!|&", c) >= 0 }

// operand parses one operand with the NOTs and parentheses around it.
func (p *parser) operand(depth int) (*node, error) {
	p.skipSpace()
	if p.pos == len(p.in) {
		return nil, p.errorf(p.pos, "an operand is missing")
	}
	if depth > maxExpressionDepth {
		return nil, p.errorf(p.pos, "nested deeper than %d", maxExpressionDepth)
	}
	start := p.pos
	switch c := p.in[p.pos]; {
	case p.word("not"), c == '!' && !strings.HasPrefix(p.in[p.pos:], "!="):
		if c == '!' {
			p.pos++
		}
		n, err := p.operand(depth + 1)
		if err != nil {
			return nil, err
		}
		return &node{op: opNot, kids: []*node{n}}, nil
	case c == '(':
		p.pos++
		n, err := p.operand(depth + 1)
		if err == nil {
			n, err = p.binary(n, 1, depth+1)
		}
		if err != nil {
			return nil, err
		}
		if p.pos == len(p.in) {
			return nil, p.errorf(start, "parenthesis is not closed")
		}
		if p.in[p.pos] != ')' {
			return nil, p.errorf(p.pos, "an operator is missing")
		}
		p.pos++
		return n, nil
	case strings.IndexByte("&|)><=+*!", c) >= 0, p.spacedMinus():
		return nil, p.errorf(p.pos, "an operand is missing before %q", c)
	}
	return p.atom()
}

// binary parses the operators after left that bind at least as tightly as
// lowest. Equal ones group from the right.
func (p *parser) binary(left *node, lowest, depth int) (*node, error) {
	for {
		p.skipSpace()
		start := p.pos
		o, ok := p.operator()
		if !ok || o.precedence() < lowest {
			p.pos = start
			return left, nil
		}
		right, err := p.operand(depth)
		if err == nil {
			right, err = p.binary(right, o.precedence(), depth)
		}
		if err != nil {
			return nil, err
		}
		left = p.join(o, left, right)
	}
}

// join makes one node of a chain "A & B & C".
func (p *parser) join(o op, left, right *node) *node {
	if !o.logical() {
		p.asNumber(left)
		p.asNumber(right)
	}
	switch {
	case o.chains() && left.op == o:
		left.kids = append(left.kids, right)
		return left
	case o.chains() && right.op == o:
		right.kids = slices.Insert(right.kids, 0, left)
		return right
	}
	return &node{op: o, kids: []*node{left, right}}
}

// asNumber turns an atom that looks like a number into one. Logic leaves it
// a symbol, as Rspamd.
func (p *parser) asNumber(n *node) {
	if n.op != opAtom {
		return
	}
	s := p.atoms[n.atom].Text
	if strings.Trim(s, "-.0123456789") != "" {
		return
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		n.op, n.number = opNumber, f
	}
}

// operator consumes an operator; ok is false if there is none.
func (p *parser) operator() (o op, ok bool) {
	if p.pos == len(p.in) {
		return 0, false
	}
	for _, t := range [...]struct {
		text string
		op   op
	}{
		{"&&", opAnd}, {"||", opOr}, {"<=", opLE}, {">=", opGE}, {"==", opEQ}, {"!=", opNE},
		{"&", opAnd}, {"|", opOr}, {"<", opLT}, {">", opGT}, {"=", opEQ},
		{"+", opAdd}, {"*", opMul}, {"/", opDiv},
	} {
		if strings.HasPrefix(p.in[p.pos:], t.text) {
			p.pos += len(t.text)
			return t.op, true
		}
	}
	switch {
	case p.spacedMinus():
		p.pos++
		return opSub, true
	case p.word("and"):
		return opAnd, true
	case p.word("or"):
		return opOr, true
	}
	return 0, false
}

// spacedMinus reports whether a minus stands here that is an operator and not
// a prefix or a sign.
func (p *parser) spacedMinus() bool {
	return p.in[p.pos] == '-' && (p.pos+1 == len(p.in) || isSpace(p.in[p.pos+1]))
}

// word consumes the word w, in any case, if more follows after it.
func (p *parser) word(w string) bool {
	end := p.pos + len(w)
	if end >= len(p.in) || !strings.EqualFold(p.in[p.pos:end], w) || !isSpace(p.in[end]) && p.in[end] != '(' {
		return false
	}
	p.pos = end
	return true
}

// finish notes which atoms stand below a NOT and brings the operands of logic
// in order of their size, so that the cheap ones decide first; it returns the
// number of atoms below n.
func (n *node) finish(atoms []Atom, negated bool) int {
	if n.op == opAtom {
		atoms[n.atom].Negated = negated
		return 1
	}
	sizes := make(map[*node]int, len(n.kids))
	sum := 0
	for _, k := range n.kids {
		sizes[k] = k.finish(atoms, negated || n.op == opNot)
		sum += sizes[k]
	}
	if n.op.logical() {
		slices.SortStableFunc(n.kids, func(a, b *node) int { return sizes[a] - sizes[b] })
	}
	return sum
}
