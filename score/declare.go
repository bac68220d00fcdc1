package score

import (
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// declare adds a symbol; ok is false when that is an error, or when the same
// Def is there already.
func (c *compiler) declare(d *symbols.Def) (id int32, ok bool) {
	switch {
	case d == nil:
		c.errorf("a symbol is nil")
		return 0, false
	case d.Name == "":
		c.errorf("a symbol has no name")
		return 0, false
	}
	if known, ok := c.out.ids[d]; ok {
		return known, false
	}
	if other, taken := c.out.id(d.Name); taken {
		c.share(other, d)
		return other, false
	}
	id = int32(len(c.out.defs))
	if c.fresh {
		c.out.ids[d], c.out.names[d.Name] = id, id
	} else {
		c.out.added[d.Name] = id
	}
	c.out.defs = append(c.out.defs, d)
	c.out.weights = append(c.out.weights, signed(d, d.Weight))
	c.out.groups = append(c.out.groups, d.Groups)
	c.out.own = append(c.out.own, c.shots(d))
	c.out.off = append(c.out.off, 0)
	c.checkDef(d)
	return id, true
}

// share makes d another Def of a symbol. One that is not shared says what it is.
func (c *compiler) share(id int32, d *symbols.Def) {
	out := c.out
	known := out.defs[id]
	if !c.fresh || !known.Shared && !d.Shared {
		c.errorf("symbol %s is declared twice", d.Name)
		return
	}
	c.checkDef(d)
	out.ids[d] = id
	groups := known.Groups
	if !d.Shared {
		out.defs[id], out.weights[id], out.own[id], groups = d, signed(d, d.Weight), c.shots(d), d.Groups
	}
	for _, g := range slices.Concat(out.groups[id], d.Groups) {
		if !slices.Contains(groups, g) {
			groups = append(slices.Clip(groups), g)
		}
	}
	out.groups[id] = groups
}

// signed is a weight of a symbol with the sign that it counts with.
func signed(d *symbols.Def, w float64) float64 {
	if d.Lowers && w > 0 {
		return -w
	}
	return w
}

func (c *compiler) checkDef(d *symbols.Def) {
	if !within(d.Weight) {
		c.errorf("symbol %s: weight %v", d.Name, d.Weight)
	}
	if d.MaxShots < 0 || d.MaxShots > maxShots {
		c.errorf("symbol %s: MaxShots is %d", d.Name, d.MaxShots)
	}
}
