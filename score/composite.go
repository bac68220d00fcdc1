package score

import (
	"cmp"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// A composite is a Composite ready for evaluation.
type composite struct {
	symbol int32
	expr   *Expression
	atoms  []atomRef // parallel to expr.atoms
	second bool      // evaluated in the second pass
}

// An atomRef is an Atom with the symbols it stands for.
type atomRef struct {
	ids    []int32
	remove removal
}

// A removal is what a composite wants done to a symbol.
type removal uint8

const (
	removeWeight removal = 1 << iota
	removeSymbol
	removeForced
)

func (p Policy) removal() removal {
	switch p {
	case RemoveWeight:
		return removeWeight
	case RemoveSymbol:
		return removeSymbol
	case Leave:
		return 0
	}
	return removeWeight | removeSymbol
}

// prefixed applies the prefixes of an atom in their order.
func (r removal) prefixed(prefix string) removal {
	for i := range len(prefix) {
		switch prefix[i] {
		case '~':
			r &^= removeSymbol
		case '-':
			r &^= removeSymbol | removeWeight
		case '^':
			r |= removeForced
		}
	}
	return r
}

func (c *compiler) declareComposite(d *Composite) {
	switch {
	case d.Def == nil:
		c.errorf("a composite has no symbol")
		return
	case d.Policy > Leave:
		c.errorf("composite %s: unknown policy %d", d.Def.Name, d.Policy)
	}
	if !c.declare(d.Def) {
		if _, known := c.out.ids[d.Def]; known {
			c.errorf("composite %s is the symbol of a check or of another composite", d.Def.Name)
		}
		return
	}
	text := d.Expression
	if own, ok := c.m.Base.Expressions[d.Def.Name]; ok {
		text = own
	}
	expr, err := ParseExpression(text)
	if err != nil {
		c.errorf("composite %s: %w", d.Def.Name, err)
		return
	}
	c.out.composites = append(c.out.composites, composite{symbol: c.out.ids[d.Def], expr: expr})
}

// composites resolves the atoms and brings the composites into the order of
// evaluation.
func (c *compiler) composites(late []*symbols.Def) {
	policies := make(map[int32]Policy, len(c.m.Composites))
	for i := range c.m.Composites {
		if d := c.m.Composites[i].Def; d != nil {
			policies[c.out.ids[d]] = c.m.Composites[i].Policy
			if p, ok := c.m.Base.Policies[d.Name]; ok {
				policies[c.out.ids[d]] = p
			}
		}
	}
	unknown := make(map[string]bool)
	for i := range c.out.composites {
		comp := &c.out.composites[i]
		for j := range comp.expr.atoms {
			a := &comp.expr.atoms[j]
			ref := atomRef{ids: c.resolve(a), remove: policies[comp.symbol].removal().prefixed(a.Prefix)}
			if len(ref.ids) == 0 {
				unknown[a.kindPrefix()+a.Name] = true
			}
			comp.atoms = append(comp.atoms, ref)
		}
	}
	c.out.unknown = slices.Sorted(maps.Keys(unknown))
	c.order()
	if !c.m.SinglePass {
		c.second(late)
	}
	c.index()
}

func (a *Atom) kindPrefix() string {
	return [...]string{"", "g:", "g+:", "g-:"}[a.Kind]
}

// resolve lists the symbols an atom stands for.
func (c *compiler) resolve(a *Atom) []int32 {
	if a.Kind == SymbolAtom {
		if id, ok := c.out.names[a.Name]; ok {
			return []int32{id}
		}
		return nil
	}
	var ids []int32
	for i := range c.out.symbols {
		s := &c.out.symbols[i]
		if a.Kind == PositiveGroupAtom && s.weight <= 0 || a.Kind == NegativeGroupAtom && s.weight >= 0 {
			continue
		}
		if slices.Contains(s.groups, a.Name) {
			ids = append(ids, int32(i))
		}
	}
	return ids
}

// order puts each composite after those it names. In a circle, the one that
// is reached first comes last: there the others' atoms of it are still 0.
func (c *compiler) order() {
	in := c.out.composites
	at := make(map[int32]int, len(in)) // by symbol
	for i := range in {
		at[in[i].symbol] = i
	}
	seen := make([]bool, len(in))
	sorted := make([]composite, 0, len(in))
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, ref := range in[i].atoms {
			for _, id := range ref.ids {
				if j, ok := at[id]; ok {
					visit(j)
				}
			}
		}
		sorted = append(sorted, in[i])
	}
	for i := range in {
		visit(i)
	}
	c.out.composites = sorted
}

// second marks the composites that need the late symbols. Groups don't count
// here, as in Rspamd.
func (c *compiler) second(late []*symbols.Def) {
	waits := make(map[int32]bool)
	for _, d := range late {
		if id, ok := c.out.ids[d]; ok {
			waits[id] = true
		}
	}
	for changed := len(waits) > 0; changed; {
		changed = false
		for i := range c.out.composites {
			comp := &c.out.composites[i]
			if !comp.second && comp.waits(waits) {
				comp.second, waits[comp.symbol], changed = true, true, true
			}
		}
	}
}

func (comp *composite) waits(late map[int32]bool) bool {
	for i, ref := range comp.atoms {
		if comp.expr.atoms[i].Kind == SymbolAtom && len(ref.ids) > 0 && late[ref.ids[0]] {
			return true
		}
	}
	return false
}

// index lists for every symbol the composites that name it, so that a sheet
// evaluates only those that a raised symbol concerns.
func (c *compiler) index() {
	for i := range c.out.composites {
		comp := &c.out.composites[i]
		for _, ref := range comp.atoms {
			for _, id := range ref.ids {
				users := &c.out.symbols[id].users
				if at, found := slices.BinarySearchFunc(*users, int32(i), cmp.Compare[int32]); !found {
					*users = slices.Insert(*users, at, int32(i))
				}
			}
		}
		if comp.expr.Eval(func(*Atom) float64 { return 0 }) != 0 {
			c.out.always = append(c.out.always, int32(i))
		}
	}
}

// Composites lists the composites in the order of their evaluation, with the
// pass (1 or 2) and the expression in Rspamd's reverse Polish form.
func (c *Compiled) Composites() []CompositeInfo {
	list := make([]CompositeInfo, len(c.composites))
	for i := range c.composites {
		comp := &c.composites[i]
		list[i] = CompositeInfo{Def: c.symbols[comp.symbol].def, Pass: 1, Polish: comp.expr.String()}
		if comp.second {
			list[i].Pass = 2
		}
	}
	return list
}

// CompositeInfo describes one composite of a Compiled metric.
type CompositeInfo struct {
	Def    *symbols.Def
	Pass   int
	Polish string
}
