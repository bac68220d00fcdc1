package ucl

import "fmt"

// run carries nodes out.
func (t *template) run(nodes []node) error {
	for _, n := range nodes {
		if t.steps++; t.steps > maxSteps {
			return t.limit(n.at, fmt.Errorf("%w: the template takes more than %d steps", errLimit, maxSteps))
		}
		var err error
		switch {
		case n.branch != nil:
			err = t.choose(n)
		case n.isLoop:
			err = t.iterate(n)
		case n.expr != nil:
			var v any
			if v, err = n.expr.eval(t); err == nil && n.name != "" {
				t.vars[n.name] = v
			} else if err == nil {
				err = t.write(n.at, print(v), true)
			}
		default:
			err = t.write(n.at, n.text, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *template) limit(at int, err error) error {
	return &Error{Pos: place{t.src, at}.pos(), Kind: Limit, Msg: err.Error(), Err: err}
}

// pay counts what it takes to look at values: a step, and one for each byte of a
// text and for what an item of a list takes.
func (t *template) pay(at int, values ...any) error {
	n := 1
	for _, v := range values {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []any:
			n += 32 * len(v)
		}
	}
	if err := t.p.step(n); err != nil {
		return t.limit(at, err)
	}
	return nil
}

// write appends to the output.
func (t *template) write(at int, s string, fixed bool) error {
	if err := t.p.grow(len(s)); err != nil {
		return t.limit(at, err)
	}
	if s != "" {
		t.segs = append(t.segs, segment{out: t.out.Len(), in: at, fixed: fixed})
	}
	t.out.WriteString(s)
	return nil
}

// choose runs the first branch whose condition holds.
func (t *template) choose(n node) error {
	for _, b := range n.branch {
		if b.cond != nil {
			v, err := b.cond.eval(t)
			if err != nil {
				return err
			}
			if !truth(v) {
				continue
			}
		}
		return t.run(b.body)
	}
	return nil
}

// iterate runs a loop.
func (t *template) iterate(n node) error {
	v, err := n.expr.eval(t)
	if err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		return t.fail(n.at, "%s is no list", print(v))
	}
	name, loop := t.vars[n.name], t.vars["loop"]
	for i, item := range list {
		t.vars[n.name] = item
		t.vars["loop"] = map[string]any{"index": float64(i + 1), "index0": float64(i), "first": i == 0, "last": i == len(list)-1, "length": float64(len(list))}
		if err := t.run(n.loop); err != nil {
			return err
		}
	}
	t.vars[n.name], t.vars["loop"] = name, loop
	return nil
}
