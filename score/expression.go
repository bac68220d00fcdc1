package score

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The bounds of an expression: operators write them by hand, so more than
// this is a mistake or an attack on whoever lets strangers write them.
const (
	maxExpressionLen   = 16 << 10
	maxExpressionDepth = 100
	maxExpressionAtoms = 1000
)

// An Expression combines symbols with logic and arithmetic, in Rspamd's
// grammar:
//
//	SYM             a symbol; SYM[opt,/re/i] wants every listed option
//	g:NAME          any symbol of a group; g+:NAME only those with a
//	                configured weight above 0, g-:NAME below
//	! & |           also not, and, or, &&, ||
//	+ - * /         a space follows the minus, a symbol's name may hold the others
//	> < >= <= == != a symbol counts with its value
//	( )
//
// From the tightest: !, * /, + -, comparisons, &, |. Equal ones group from the
// right, as in Rspamd: A - B - C is A - (B - C). A symbol may carry the
// prefixes ~ - ^ (see Composite). A bare number is a number where arithmetic
// or a comparison uses it. An Expression is immutable.
type Expression struct {
	root  *node
	atoms []Atom
}

// An Atom is one symbol or group that an Expression names.
type Atom struct {
	Text   string // as written
	Prefix string // the run of ~ - ^ before the name
	Name   string // of the symbol, or of the group
	Kind   AtomKind
	// Negated tells that the atom stands below a NOT.
	Negated bool
	options []optionMatch
}

// An AtomKind says what an Atom's name is the name of.
type AtomKind uint8

// The kinds of atoms.
const (
	SymbolAtom        AtomKind = iota
	GroupAtom                  // g:
	PositiveGroupAtom          // g+:
	NegativeGroupAtom          // g-:
)

// MatchOptions reports whether every option that the atom asks for is among
// have. An atom without a filter matches always.
func (a *Atom) MatchOptions(have []string) bool {
	for i := range a.options {
		if !slices.ContainsFunc(have, a.options[i].match) {
			return false
		}
	}
	return true
}

// Atoms returns the atoms in the order in which they were written. The slice
// is not to be changed.
func (e *Expression) Atoms() []Atom { return e.atoms }

// Eval computes the expression; value gives each atom's number, 0 if it is
// absent. Atoms whose value can't change the result may not be asked for.
// Logic and comparisons give 0 or 1. A division by zero gives an infinity or
// NaN; NaN is false.
func (e *Expression) Eval(value func(a *Atom) float64) float64 {
	return e.eval(funcValues{e, value})
}

func (e *Expression) eval(v values) float64 { return e.root.eval(v) }

// values gives the number of the i-th atom.
type values interface{ atom(i int) float64 }

type funcValues struct {
	e *Expression
	f func(*Atom) float64
}

func (v funcValues) atom(i int) float64 { return v.f(&v.e.atoms[i]) }

// An op is an operator or a leaf of the tree.
type op uint8

const (
	opAtom op = iota
	opNumber
	opNot
	opMul
	opDiv
	opAdd
	opSub
	opLT
	opGT
	opLE
	opGE
	opEQ
	opNE
	opAnd
	opOr
)

func (o op) String() string {
	return [...]string{"atom", "number", "!", "*", "/", "+", "-", "<", ">", "<=", ">=", "==", "!=", "&", "|"}[o]
}

// precedence is higher the tighter an operator binds.
func (o op) precedence() int {
	switch o {
	case opOr:
		return 1
	case opAnd:
		return 2
	case opLT, opGT, opLE, opGE, opEQ, opNE:
		return 3
	case opAdd, opSub:
		return 4
	case opMul, opDiv:
		return 5
	}
	return 0
}

// chains reports whether the operator takes any number of operands.
func (o op) chains() bool { return o == opAdd || o == opMul || o.logical() }

func (o op) logical() bool { return o == opAnd || o == opOr }

type node struct {
	op     op
	atom   int // index of Expression.atoms
	number float64
	kids   []*node
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// isTrue is false for NaN too.
func isTrue(v float64) bool { return math.Abs(v) > 0x1p-52 }

func (n *node) eval(v values) float64 {
	switch n.op {
	case opAtom:
		return v.atom(n.atom)
	case opNumber:
		return n.number
	case opNot:
		return truth(!isTrue(n.kids[0].eval(v)))
	case opAnd, opOr:
		for _, k := range n.kids {
			if isTrue(k.eval(v)) == (n.op == opOr) {
				return truth(n.op == opOr)
			}
		}
		return truth(n.op == opAnd)
	}
	acc := n.kids[0].eval(v)
	for _, k := range n.kids[1:] {
		acc = n.op.apply(acc, k.eval(v))
	}
	return acc
}

func (o op) apply(a, b float64) float64 {
	switch o {
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMul:
		return a * b
	case opDiv:
		return a / b
	case opLT:
		return truth(a < b)
	case opGT:
		return truth(a > b)
	case opLE:
		return truth(a <= b)
	case opGE:
		return truth(a >= b)
	case opEQ:
		return truth(a == b)
	}
	return truth(a != b)
}

// String returns the expression in reverse Polish form as Rspamd prints it:
// atoms in parentheses, an operator of more than two operands with their
// number, the operands of logic in order of their size.
func (e *Expression) String() string {
	var b strings.Builder
	e.root.polish(&b, e.atoms)
	return strings.TrimSuffix(b.String(), " ")
}

func (n *node) polish(b *strings.Builder, atoms []Atom) {
	for _, k := range n.kids {
		k.polish(b, atoms)
	}
	switch {
	case n.op == opAtom:
		fmt.Fprintf(b, "(%s) ", atoms[n.atom].Text)
	case n.op == opNumber:
		b.WriteString(strconv.FormatFloat(n.number, 'f', -1, 64) + " ")
	case len(n.kids) > 2:
		fmt.Fprintf(b, "%s(%d) ", n.op, len(n.kids))
	default:
		b.WriteString(n.op.String() + " ")
	}
}
