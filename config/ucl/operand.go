package ucl

import (
	"strconv"
	"strings"
)

// unary reads not, a minus sign, and what they stand before.
func (x *exprParser) unary() (evaluator, error) {
	if x.deep++; x.deep > 64 {
		return nil, x.t.fail(x.at, "the expression is nested too deep")
	}
	defer func() { x.deep-- }()
	op := x.accept("not", "-", "#")
	if op == "" {
		return x.primary()
	}
	f, err := x.unary()
	if err != nil {
		return nil, err
	}
	at := x.at
	return func(t *template) (any, error) {
		v, err := f(t)
		if err != nil {
			return nil, err
		}
		switch op {
		case "not":
			return !truth(v), nil
		case "#":
			if n, ok := length(v); ok {
				return n, nil
			}
		default:
			if n, ok := number(v); ok {
				return -n, nil
			}
		}
		return nil, t.fail(at, "%s can't be applied to %q", op, short(print(v)))
	}, nil
}

// primary reads a value.
func (x *exprParser) primary() (evaluator, error) {
	constant := func(v any) evaluator { return func(*template) (any, error) { return v, nil } }
	switch b := x.peek(); {
	case b == '"' || b == '\'':
		end := strings.IndexByte(x.s[x.pos+1:], b)
		if end < 0 {
			return nil, x.wrong()
		}
		s := x.s[x.pos+1 : x.pos+1+end]
		x.pos += end + 2
		return constant(s), nil
	case isDigit(b):
		n := numberEnd(x.s[x.pos:])
		f, err := strconv.ParseFloat(x.s[x.pos:x.pos+n], 64)
		if err != nil {
			return nil, x.wrong()
		}
		x.pos += n
		return constant(f), nil
	case b == '(':
		x.pos++
		f, err := x.filtered()
		if err == nil && x.accept(")") == "" {
			err = x.wrong()
		}
		return f, err
	case b == '{' || b == '[':
		items, err := x.list(b, b+2)
		return all(x.at, items), err
	}
	name := x.word()
	switch name {
	case "":
		return nil, x.wrong()
	case "true", "false":
		return constant(name == "true"), nil
	case "nil", "none":
		return constant(nil), nil
	}
	return x.fields(name)
}

// fields reads what follows a name: .field and ["field"].
func (x *exprParser) fields(name string) (evaluator, error) {
	f := func(t *template) (any, error) { return t.vars[name], nil }
	for {
		var key string
		switch b := x.peek(); {
		case b == '.' && !strings.HasPrefix(x.s[x.pos:], ".."):
			x.pos++
			if key = x.word(); key == "" {
				return nil, x.wrong()
			}
		case b == '[':
			rest := strings.TrimSpace(x.s[x.pos+1:])
			if rest == "" || rest[0] != '"' && rest[0] != '\'' {
				return nil, x.wrong()
			}
			i := strings.IndexByte(x.s[x.pos:], ']')
			if i < 0 {
				return nil, x.wrong()
			}
			key = strings.Trim(x.s[x.pos+1:x.pos+i], ` "'`)
			x.pos += i + 1
		default:
			return f, nil
		}
		f = x.field(f, key)
		if err := x.link(); err != nil {
			return nil, err
		}
	}
}

func (x *exprParser) field(of evaluator, key string) evaluator {
	at := x.at
	return func(t *template) (any, error) {
		v, err := of(t)
		if err == nil {
			err = t.pay(at)
		}
		if err != nil {
			return nil, err
		}
		switch m := v.(type) {
		case map[string]string:
			if s, ok := m[key]; ok {
				return s, nil
			}
			return nil, nil
		case map[string]any:
			return m[key], nil
		}
		return nil, t.fail(at, "%s has no fields such as %s", print(v), key)
	}
}

// list reads expressions between brackets.
func (x *exprParser) list(open, shut byte) ([]evaluator, error) {
	if open == '(' {
		shut = ')'
	}
	x.pos++
	var items []evaluator
	for x.peek() != shut {
		f, err := x.filtered()
		if err != nil {
			return nil, err
		}
		items = append(items, f)
		if x.peek() == ',' {
			x.pos++
		} else if x.peek() != shut {
			return nil, x.wrong()
		}
	}
	x.pos++
	return items, nil
}

func all(at int, items []evaluator) evaluator {
	return func(t *template) (any, error) {
		list := make([]any, 0, len(items))
		for _, f := range items {
			v, err := f(t)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, t.pay(at, list)
	}
}
