package ucl

import "strings"

// An expr is an expression of a template: Lua's operators on names, strings,
// numbers and lists, and at its end filters, as in env.NAME|default("x").
type expr struct {
	at   int
	eval func(*template) (any, error)
}

// expression reads s, which stands at at.
func (t *template) expression(at int, s string) (*expr, error) {
	x := &exprParser{t: t, at: at, s: s}
	f, err := x.filtered()
	if err == nil && x.peek() != 0 {
		err = x.wrong()
	}
	return &expr{at, f}, err
}

type evaluator = func(*template) (any, error)

type exprParser struct {
	t     *template
	at    int
	s     string
	pos   int
	deep  int
	links int
}

// maxLinks bounds the operators, filters and fields of an expression: a chain of
// them is gone through by recursion.
const maxLinks = 4096

// link counts an operator, a filter or a field.
func (x *exprParser) link() error {
	if x.links++; x.links > maxLinks {
		return x.t.fail(x.at, "the expression has more than %d operators", maxLinks)
	}
	return nil
}

func (x *exprParser) wrong() error {
	return x.t.fail(x.at, "%q is not understood at %q", short(x.s), short(x.s[x.pos:]))
}

// peek is the next character that is no white space, zero at the end.
func (x *exprParser) peek() byte {
	for x.pos < len(x.s) && isSpace(x.s[x.pos]) {
		x.pos++
	}
	if x.pos == len(x.s) {
		return 0
	}
	return x.s[x.pos]
}

// accept goes over the first of the words that comes next.
func (x *exprParser) accept(words ...string) string {
	x.peek()
	for _, w := range words {
		if !strings.HasPrefix(x.s[x.pos:], w) {
			continue
		}
		if end := x.pos + len(w); isName(w) && end < len(x.s) && isName(x.s[end:end+1]+"") {
			continue
		}
		x.pos += len(w)
		return w
	}
	return ""
}

func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		if b := s[i]; b != '_' && !(b|0x20 >= 'a' && b|0x20 <= 'z') && !(isDigit(b)) {
			return false
		}
	}
	return s != ""
}

// word reads a name.
func (x *exprParser) word() string {
	x.peek()
	start := x.pos
	for x.pos < len(x.s) && isName(x.s[x.pos:x.pos+1]) {
		x.pos++
	}
	return x.s[start:x.pos]
}

// filtered reads an expression and the filters behind it.
func (x *exprParser) filtered() (evaluator, error) {
	if x.deep++; x.deep > 64 {
		return nil, x.t.fail(x.at, "the expression is nested too deep")
	}
	defer func() { x.deep-- }()
	f, err := x.binary(0)
	for err == nil && x.accept("|") != "" {
		name := x.word()
		filter, ok := filterNamed(name)
		if !ok {
			return nil, x.t.fail(x.at, "the filter %q is unknown", name)
		}
		var args []evaluator
		if x.peek() == '(' {
			if args, err = x.list('(', ')'); err != nil {
				return nil, err
			}
		}
		if err := x.link(); err != nil {
			return nil, err
		}
		f = x.apply(name, filter, f, args)
	}
	return f, err
}

func (x *exprParser) apply(name string, filter func([]any) (any, bool), f evaluator, args []evaluator) evaluator {
	at := x.at
	return func(t *template) (any, error) {
		values := make([]any, 0, len(args)+1)
		for _, a := range append([]evaluator{f}, args...) {
			v, err := a(t)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		if err := t.pay(at, values...); err != nil {
			return nil, err
		}
		v, ok := filter(values)
		if !ok {
			return nil, t.fail(at, "the filter %s can't be applied to %q", name, short(print(values[0])))
		}
		return v, t.pay(at, v)
	}
}

// levels are the operators, those that bind least first.
func levels() [][]string {
	return [][]string{{"or"}, {"and"}, {"==", "~=", "!=", "<=", ">=", "<", ">"}, {".."}, {"+", "-"}, {"*", "/", "%"}}
}

// binary reads operators of a level and above.
func (x *exprParser) binary(level int) (evaluator, error) {
	all := levels()
	if level == len(all) {
		return x.unary()
	}
	left, err := x.binary(level + 1)
	for err == nil {
		op := x.accept(all[level]...)
		if op == "" {
			break
		}
		var right evaluator
		if right, err = x.binary(level + 1); err == nil {
			left, err = x.operate(op, left, right), x.link()
		}
	}
	return left, err
}

func (x *exprParser) operate(op string, left, right evaluator) evaluator {
	at := x.at
	return func(t *template) (any, error) {
		a, err := left(t)
		if err != nil {
			return nil, err
		}
		if op == "or" && truth(a) || op == "and" && !truth(a) {
			return a, nil
		}
		b, err := right(t)
		if err != nil {
			return nil, err
		}
		if err := t.pay(at, a, b); err != nil {
			return nil, err
		}
		v, ok := binaryOp(op, a, b)
		if !ok {
			return nil, t.fail(at, "%s can't be applied to %q and %q", op, short(print(a)), short(print(b)))
		}
		if s, text := v.(string); text {
			if err := t.p.grow(len(s)); err != nil {
				return nil, t.limit(at, err)
			}
		}
		return v, nil
	}
}
