package score

import (
	"cmp"
	"fmt"
	"iter"
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

// A rule is a composite as it was declared.
type rule struct {
	symbol int32
	expr   *Expression
	policy Policy
	own    bool // a layer's: its atoms must be known
}

// parseRule checks all of a composite but its symbol.
func parseRule(name string, d *Composite) (rule, error) {
	if d.Policy > Leave {
		return rule{}, fmt.Errorf("composite %s: unknown policy %d", name, d.Policy)
	}
	expr, err := ParseExpression(d.Expression)
	if err != nil {
		return rule{}, fmt.Errorf("composite %s: %w", name, err)
	}
	return rule{expr: expr, policy: d.Policy}, nil
}

// declareComposite adds one of the Metric's own.
func (c *compiler) declareComposite(m *Metric, d *Composite) {
	if d.Def == nil {
		c.errorf("a composite has no symbol")
		return
	}
	id, ok := c.declare(d.Def)
	if !ok {
		if _, known := c.out.ids[d.Def]; known {
			c.errorf("composite %s is the symbol of a check or of another composite", d.Def.Name)
		}
		return
	}
	changed := *d
	if own, ok := m.Expressions[d.Def.Name]; ok {
		changed.Expression = own
	}
	if own, ok := m.Policies[d.Def.Name]; ok {
		changed.Policy = own
	}
	r, err := parseRule(d.Def.Name, &changed)
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	r.symbol = id
	c.out.rules = append(c.out.rules, r)
}

// compositeNames yields the names of the composites.
func (c *Compiled) compositeNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, r := range c.rules {
			if !yield(c.defs[r.symbol].Name) {
				return
			}
		}
	}
}

// link resolves the atoms and brings the composites into the order of
// evaluation.
func (c *compiler) link() {
	c.named = nil
	unknown := make(map[string]bool)
	c.out.composites = make([]composite, len(c.out.rules))
	for i, r := range c.out.rules {
		comp := &c.out.composites[i]
		*comp = composite{symbol: r.symbol, expr: r.expr, atoms: make([]atomRef, 0, len(r.expr.atoms))}
		for j := range r.expr.atoms {
			a := &r.expr.atoms[j]
			ref := atomRef{ids: c.resolve(a), remove: r.policy.removal().prefixed(a.Prefix)}
			if len(ref.ids) == 0 {
				unknown[a.kindPrefix()+a.Name] = true
				if r.own && !c.heardOf(a) {
					c.errs = append(c.errs, c.unknownAtom(r, a))
				}
			}
			comp.atoms = append(comp.atoms, ref)
		}
	}
	c.out.unknown = slices.Sorted(maps.Keys(unknown))
	c.order()
	if !c.out.metric.SinglePass {
		c.second()
	}
	c.index()
}

// heardOf reports whether the Metric speaks of an atom that stands for no
// symbol: its check may not be there.
func (c *compiler) heardOf(a *Atom) bool {
	m := c.out.metric
	if a.Kind != SymbolAtom {
		if _, ok := m.Groups[a.Name]; ok || len(c.out.members[a.Name]) > 0 {
			return true
		}
	} else if _, ok := m.Weights[a.Name]; ok || slices.Contains(m.Disabled, a.Name) {
		return true
	}
	if c.named == nil {
		c.named = map[namedAtom]bool{}
		for _, r := range c.out.rules {
			for _, b := range r.expr.atoms {
				if !r.own {
					c.named[namedAtom{b.Name, b.Kind == SymbolAtom}] = true
				}
			}
		}
	}
	return c.named[namedAtom{a.Name, a.Kind == SymbolAtom}]
}

// A namedAtom is a symbol or a group that an expression names.
type namedAtom struct {
	name   string
	symbol bool
}

func (c *compiler) unknownAtom(r rule, a *Atom) error {
	known := c.out.symbolNames()
	if a.Kind != SymbolAtom {
		known = maps.Keys(c.out.members)
	}
	return fmt.Errorf("composite %s: %q is unknown%s", c.out.defs[r.symbol].Name, a.kindPrefix()+a.Name, c.hint(a.Name, known))
}

func (a *Atom) kindPrefix() string {
	return [...]string{"", "g:", "g+:", "g-:"}[a.Kind]
}

// resolve lists the symbols an atom stands for.
func (c *compiler) resolve(a *Atom) []int32 {
	if a.Kind == SymbolAtom {
		if id, ok := c.out.id(a.Name); ok {
			return []int32{id}
		}
		return nil
	}
	if a.Kind == GroupAtom {
		return c.out.members[a.Name]
	}
	var ids []int32
	for _, id := range c.out.members[a.Name] {
		if w := c.out.weights[id]; a.Kind == PositiveGroupAtom && w > 0 || a.Kind == NegativeGroupAtom && w < 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// order puts each composite after those it names. In a cycle, the composite
// that is reached first comes last, and the others that name it see it as 0.
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
func (c *compiler) second() {
	waits := maps.Clone(c.out.late)
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
	c.out.users, c.out.always = make([][]int32, len(c.out.defs)), nil
	for i := range c.out.composites {
		comp := &c.out.composites[i]
		for _, ref := range comp.atoms {
			for _, id := range ref.ids {
				users := &c.out.users[id]
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
		list[i] = CompositeInfo{Def: c.defs[comp.symbol], Pass: 1, Polish: comp.expr.String()}
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
