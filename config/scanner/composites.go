package scanner

import (
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// composite is one composite. What a file of the operator's says lies over a
// built-in one of the name.
func (r *layering) composite(name string, v *ucl.Value) error {
	c := score.Composite{Def: &symbols.Def{Name: name}}
	table := compositeTable(&c)
	if err := r.section(table, v); err != nil {
		return err
	}
	if on, err := v.Get("enabled").AsBool(); err == nil && !on {
		if r.known.has(name) {
			r.Composites[name] = nil
		}
		return nil
	}
	known := r.known.has(name)
	if c.Expression == "" && !known {
		return v.Errorf("the composite %s has no expression", name)
	}
	if expr := v.Get("expression"); expr != nil {
		ok, err := r.expression(name, c.Expression, expr)
		if err != nil || !ok && !known {
			return err
		}
		c.Unknown = true // it was looked at here
		if !ok {
			c.Expression = ""
		}
	}
	if known {
		w := c.Def.Weight
		if v.Get("score") != nil {
			r.Symbols[name] = winnow.SymbolChange{Weight: &w}
		}
		c.Def = nil
	} else if c.Def.Groups == nil {
		c.Def.Groups = []string{"ungrouped"}
	}
	if c.Expression != "" || v.Get("policy") != nil {
		r.own[name] = true
		r.Composites[name] = &c
	}
	return nil
}

// expression looks at the symbols that a composite names. Of the operator's own those
// that nothing raises are warned of, and never found; a stock one that names them is
// left out, for which ok is false: its checks are not there.
func (r *layering) expression(name, text string, v *ucl.Value) (ok bool, err error) {
	e, err := score.ParseExpression(text)
	if err != nil {
		return false, v.Errorf("the composite %s: %v", name, err)
	}
	if !r.setup.stock(v.Pos()) {
		r.atoms("the expression of "+name, e, v)
		return true, nil
	}
	return !slices.ContainsFunc(e.Atoms(), func(a score.Atom) bool { return !r.raised(a.Name, []string{name}) }), nil
}

// raised says whether something raises a symbol: a check, or a composite of
// the files whose own symbols are raised. within are composites that name it.
func (r *layering) raised(name string, within []string) bool {
	if r.known.heard(name) || slices.Contains(within, name) {
		return true
	}
	v := r.setup.tree.Root.Get("composites", name, "expression")
	if v == nil {
		v = r.setup.more.Get(name, "expression")
	}
	text, err := v.AsString()
	if err != nil || len(within) > 100 {
		return false
	}
	e, err := score.ParseExpression(text)
	if err != nil {
		return false
	}
	within = append(slices.Clip(within), name)
	return !slices.ContainsFunc(e.Atoms(), func(a score.Atom) bool { return !r.raised(a.Name, within) })
}

func compositeTable(c *score.Composite) *option.Section {
	group := option.Func("group", "string", func(v option.Value) error {
		list, err := v.AsStrings()
		c.Def.Groups = append(c.Def.Groups, list...)
		return err
	}, "groups of the symbol").Alias("groups").Example("example")
	policies := map[string]score.Policy{}
	for _, p := range []score.Policy{score.RemoveAll, score.RemoveWeight, score.RemoveSymbol, score.Leave} {
		policies[p.String()] = p
	}
	policies["default"] = score.RemoveAll
	return &option.Section{Name: "composites", Doc: "symbols that others make together", Keys: []option.Key{
		option.String("expression", &c.Expression, "which symbols make it, as A & (B | !g:group)"),
		option.Float("score", &c.Def.Weight, "what it counts"),
		group,
		option.Enum("policy", &c.Policy, policies, "what becomes of the symbols that made it").Or("remove_all"),
		option.String("description", &c.Def.Doc, "for people"),
	}}
}
