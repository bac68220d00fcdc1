package score

import (
	"iter"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// A Layer changes what it names of a Compiled metric and nothing else. A name
// that is not declared is an error; a group may also be one that only the
// Metric's limits name.
type Layer struct {
	Weights map[string]float64      // by symbol name
	Symbols map[string]SymbolChange // by symbol name, over Weights
	Groups  map[string]Group        // by group name, all of its limits
	// Composites are added, or take the place of those of their name; nil
	// removes one. They come before Weights, which may name them.
	Composites map[string]*Composite
	// Disable turns symbols off and Enable turns them on; see Compiled.With.
	Disable, Enable []string
}

// Empty reports whether the layer changes nothing.
func (l *Layer) Empty() bool {
	return len(l.Weights)+len(l.Symbols)+len(l.Groups)+len(l.Composites)+len(l.Disable)+len(l.Enable) == 0
}

// A SymbolChange is what a layer changes of one symbol; nil fields leave it as
// it is.
type SymbolChange struct {
	Weight   *float64
	Groups   []string // in place of the symbol's; empty, but not nil: none
	OneShot  *bool    // true: counts once; false: as often as by default
	MaxShots *int     // at least 1; takes precedence over OneShot
}

// With returns the metric with a layer over it; c itself stays as it is.
//
// Names in Disable and Enable are of symbols, groups or families, or "*" for
// all symbols. Within a layer Disable comes first, and the name of a symbol
// prevails over those of its groups, these over its family's, and that over
// "*". What a layer below disabled stays off, unless Enable names the symbol,
// or repeats the name by which it was disabled.
func (c *Compiled) With(l Layer) (*Compiled, error) {
	if l.Empty() {
		return c, nil
	}
	out := *c
	// Appending must not write into the spare capacity that other metrics
	// share.
	out.defs, out.weights, out.groups = slices.Clip(c.defs), slices.Clip(c.weights), slices.Clip(c.groups)
	out.own, out.off = slices.Clip(c.own), slices.Clip(c.off)
	w := &compiler{out: &out}
	w.setComposites(l.Composites)
	w.setWeights(l.Weights)
	w.setSymbols(l.Symbols)
	if w.regroup {
		w.join()
	}
	w.setGroups(l.Groups)
	w.disable(l.Disable, l.Enable)
	return w.end()
}

// cloned says which tables a compiler made its own.
type cloned struct{ defs, weights, groups, own, off bool }

// mine makes a table the compiler's own, once.
func mine[T any](c *compiler, done *bool, table *[]T) []T {
	if !c.fresh && !*done {
		*table, *done = slices.Clone(*table), true
	}
	return *table
}

// find finds a symbol that a layer names.
func (c *compiler) find(what, name string) (int32, bool) {
	id, ok := c.out.id(name)
	if !ok {
		c.errorf("%s of unknown symbol %q%s", what, name, c.hint(name, c.out.symbolNames()))
	}
	return id, ok
}

func (c *compiler) setWeights(weights map[string]float64) {
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if id, ok := c.find("weight", name); ok {
			c.weigh(id, weights[name])
		}
	}
}

// weigh sets a weight. Its sign decides what g+ and g- mean.
func (c *compiler) weigh(id int32, w float64) {
	if !within(w) {
		c.errorf("weight of %s is %v, which is not within ±%g", c.out.defs[id].Name, w, float64(Limit))
		return
	}
	w = signed(c.out.defs[id], w)
	table := mine(c, &c.cloned.weights, &c.out.weights)
	old := table[id]
	table[id] = w
	if (old > 0) != (w > 0) || (old < 0) != (w < 0) {
		c.relink = c.relink || c.out.bySign(c.out.groups[id])
	}
}

// bySign reports whether a composite takes symbols of one of the groups by the
// sign of their weight.
func (c *Compiled) bySign(groups []string) bool {
	for i := range c.composites {
		for j := range c.composites[i].expr.atoms {
			a := &c.composites[i].expr.atoms[j]
			if (a.Kind == PositiveGroupAtom || a.Kind == NegativeGroupAtom) && slices.Contains(groups, a.Name) {
				return true
			}
		}
	}
	return false
}

func (c *compiler) setSymbols(changes map[string]SymbolChange) {
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		id, ok := c.find("change", name)
		if !ok {
			continue
		}
		ch := changes[name]
		if ch.Weight != nil {
			c.weigh(id, *ch.Weight)
		}
		if ch.Groups != nil {
			mine(c, &c.cloned.groups, &c.out.groups)[id] = slices.Clone(ch.Groups)
			c.regroup, c.relink = true, true
		}
		if ch.OneShot != nil || ch.MaxShots != nil {
			mine(c, &c.cloned.own, &c.out.own)[id] = c.shoot(id, ch)
			c.regroup = true
		}
	}
}

// shoot says how often a changed symbol counts.
func (c *compiler) shoot(id int32, ch SymbolChange) int32 {
	d := c.out.defs[id]
	if n := ch.MaxShots; n != nil {
		if *n < 1 || *n > maxShots {
			c.errorf("symbol %s: MaxShots %d is not within 1 and %d", d.Name, *n, maxShots)
			return 1
		}
		return int32(*n)
	}
	if *ch.OneShot {
		return 1
	}
	return c.shots(&symbols.Def{MaxShots: d.MaxShots})
}

func (c *compiler) setGroups(groups map[string]Group) {
	if len(groups) == 0 {
		return
	}
	limits := maps.Clone(c.out.limits)
	if limits == nil {
		limits = make(map[string]Group, len(groups))
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if _, ok := c.out.metric.Groups[name]; !ok && len(c.out.members[name]) == 0 {
			c.errorf("limits of unknown group %q%s", name, c.hint(name, maps.Keys(c.out.members)))
		}
		c.checkGroup(name, groups[name])
		limits[name] = groups[name]
	}
	c.out.limits, c.regroup = limits, true
}

// setComposites adds, replaces and removes composites.
func (c *compiler) setComposites(changes map[string]*Composite) {
	if len(changes) == 0 {
		return
	}
	c.relink = true
	c.out.rules, c.out.added = slices.Clone(c.out.rules), maps.Clone(c.out.added)
	if c.out.added == nil {
		c.out.added = make(map[string]int32)
	}
	places := make(map[string]int, len(c.out.rules))
	for i, r := range c.out.rules {
		places[c.out.defs[r.symbol].Name] = i
	}
	gone := map[int32]bool{} // by symbol
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		at, there := places[name]
		if !there {
			at = -1
		}
		switch d := changes[name]; {
		case d != nil:
			c.setComposite(name, at, d)
		case at < 0:
			c.errorf("unknown composite %q is removed%s", name, c.hint(name, c.out.compositeNames()))
		default:
			gone[c.out.rules[at].symbol] = true
		}
	}
	if len(gone) > 0 {
		c.out.rules = slices.DeleteFunc(c.out.rules, func(r rule) bool { return gone[r.symbol] })
	}
}

// setComposite puts a composite in the place of rule at, or after all others
// where at is -1. Without a Def, or an Expression, it keeps that of the one that
// it replaces.
func (c *compiler) setComposite(name string, at int, d *Composite) {
	var r rule
	if d.Expression == "" && at >= 0 && d.Policy <= Leave {
		r = c.out.rules[at]
		r.policy = d.Policy
	} else {
		var err error
		if r, err = parseRule(name, d); err != nil {
			c.errs = append(c.errs, err)
			return
		}
		r.own = !d.Unknown
	}
	def := d.Def
	switch {
	case def != nil && def.Name != name:
		c.errorf("composite %s: its symbol is named %q", name, def.Name)
		return
	case def == nil && at < 0:
		c.errorf("composite %s has no symbol", name)
		return
	case at < 0:
		var ok bool
		if r.symbol, ok = c.declare(def); ok {
			c.out.rules, c.regroup = append(c.out.rules, r), true
		}
		return
	}
	r.symbol = c.out.rules[at].symbol
	if def != nil {
		c.redefine(r.symbol, def)
	}
	c.out.rules[at] = r
}

// redefine gives a composite's symbol another Def, with all that it says.
func (c *compiler) redefine(id int32, d *symbols.Def) {
	c.checkDef(d)
	mine(c, &c.cloned.defs, &c.out.defs)[id] = d
	c.out.added[d.Name] = id
	mine(c, &c.cloned.weights, &c.out.weights)[id] = signed(d, d.Weight)
	mine(c, &c.cloned.groups, &c.out.groups)[id] = d.Groups
	mine(c, &c.cloned.own, &c.out.own)[id] = c.shots(d)
	c.regroup = true
}

// Knows tells whether a symbol, a group and a family have that name.
func (c *Compiled) Knows(name string) (symbol, group, family bool) {
	_, symbol = c.id(name)
	_, family = c.families[name]
	return symbol, len(c.members[name]) > 0, family
}

// SymbolsOf returns the names of a group's symbols, sorted; nil if there is no
// such group.
func (c *Compiled) SymbolsOf(group string) []string {
	var names []string
	for _, id := range c.members[group] {
		names = append(names, c.defs[id].Name)
	}
	slices.Sort(names)
	return names
}

// allNames yields the names that Disable and Enable may use.
func (c *Compiled) allNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, names := range []iter.Seq[string]{c.symbolNames(), maps.Keys(c.members), maps.Keys(c.families)} {
			for n := range names {
				if !yield(n) {
					return
				}
			}
		}
	}
}
