package score

import (
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// A cause is a name by which a symbol is off, and the place of one more: names
// of several layers may have turned it off.
type cause struct {
	name string
	next int32
}

// because returns the place of a cause.
func (c *compiler) because(name string, next int32) int32 {
	why := cause{name, next}
	if i := slices.Index(c.out.causes, why); i > 0 {
		return int32(i)
	}
	c.out.causes = append(slices.Clip(c.out.causes), why)
	return int32(len(c.out.causes) - 1)
}

// The ranks of names, the narrowest last.
const (
	unnamed int8 = iota
	byAll
	byFamily
	byGroup
	bySymbol
)

// A switching is what one layer's Disable and Enable say of the symbols.
type switching struct {
	off, on []int8   // by symbol, the narrowest rank at which it is named
	offName []string // the name of that rank
	enabled map[string]bool
}

// disable applies the Disable and Enable of a layer.
func (c *compiler) disable(disable, enable []string) {
	if len(disable)+len(enable) == 0 {
		return
	}
	n := len(c.out.defs)
	s := &switching{off: make([]int8, n), on: make([]int8, n), offName: make([]string, n), enabled: make(map[string]bool, len(enable))}
	families := slices.Clone(c.out.familyOff)
	for _, name := range disable {
		c.each("disabled", name, func(id int32, rank int8) {
			if rank > s.off[id] {
				s.off[id], s.offName[id] = rank, name
			}
		})
		if _, ok := c.out.families[name]; ok && !slices.Contains(families, name) {
			families = append(families, name)
		}
	}
	for _, name := range enable {
		s.enabled[name] = true
		c.each("enabled", name, func(id int32, rank int8) { s.on[id] = max(s.on[id], rank) })
		families = slices.DeleteFunc(families, func(f string) bool { return f == name })
	}
	slices.Sort(families)
	c.out.familyOff = families
	table := mine(c, &c.cloned.off, &c.out.off)
	for id := range table {
		table[id] = c.turn(table[id], s, id)
	}
}

// turn returns the causes why a symbol is off after a layer's Disable and
// Enable.
func (c *compiler) turn(why int32, s *switching, id int) int32 {
	if s.on[id] > unnamed {
		why = c.without(why, s, s.on[id] == bySymbol)
	}
	if s.off[id] > s.on[id] {
		why = c.because(s.offName[id], why)
	}
	return why
}

// without takes away the causes that a layer's Enable lifts.
func (c *compiler) without(why int32, s *switching, all bool) int32 {
	if why == 0 || all {
		return 0
	}
	this := c.out.causes[why]
	next := c.without(this.next, s, false)
	if s.enabled[this.name] {
		return next
	}
	return c.because(this.name, next)
}

// each calls f for the symbols that a name stands for.
func (c *compiler) each(what, name string, f func(id int32, rank int8)) {
	if name == "*" {
		for id := range c.out.defs {
			f(int32(id), byAll)
		}
		return
	}
	family, known := c.out.families[name]
	for _, id := range family {
		f(id, byFamily)
	}
	for _, id := range c.out.members[name] {
		f(id, byGroup)
		known = true
	}
	if id, ok := c.out.id(name); ok {
		f(id, bySymbol)
		known = true
	}
	if !known {
		c.errorf("unknown name %q is %s%s", name, what, c.hint(name, c.out.allNames()))
	}
}

// FamilyOff reports whether a family is off by its own name; one of its
// symbols may be on all the same.
func (c *Compiled) FamilyOff(name string) bool {
	_, off := slices.BinarySearch(c.familyOff, name)
	return off
}

// Without returns the metric with one symbol off.
func (c *Compiled) Without(d *symbols.Def) *Compiled {
	id, ok := c.idOf(d)
	if !ok || c.off[id] != 0 {
		return c
	}
	out := *c
	out.off = slices.Clone(c.off)
	out.off[id] = (&compiler{out: &out}).because(d.Name, 0)
	return &out
}
