package score

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

// Compiled is a Metric made ready for a set of symbols. It is immutable and
// safe for concurrent use.
type Compiled struct {
	symbols    []symbol
	ids        map[*symbols.Def]int32
	names      map[string]int32
	caps       []groupCap
	composites []composite // each after those it names
	always     []int32     // composites that are true of no symbol at all
	unknown    []string
	grow       float64
	maxOptions int
}

// A symbol is a Def with what the Metric says of it.
type symbol struct {
	def    *symbols.Def
	groups []string
	weight float64
	shots  int
	off    bool
	caps   []int32 // capped groups, in the order of groups
	users  []int32 // composites that name it
}

type groupCap struct {
	name     string
	max, min float64
}

// Compile checks the Metric against the symbols there are and prepares it.
// The same Def may be listed often. late are the symbols that are raised only
// after the first pass of composites: those that name one, directly or
// through others, wait for the second pass.
func (m *Metric) Compile(defs []*symbols.Def, late ...*symbols.Def) (*Compiled, error) {
	c := &compiler{m: m, out: &Compiled{
		ids: make(map[*symbols.Def]int32), names: make(map[string]int32),
		grow: m.GrowFactor, maxOptions: m.MaxOptionsLen,
	}}
	c.checkNumbers()
	for _, d := range defs {
		c.declare(d)
	}
	for i := range m.Composites {
		c.declareComposite(&m.Composites[i])
	}
	c.weights()
	c.groups()
	c.disable()
	c.composites(late)
	if err := errors.Join(c.errs...); err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	return c.out, nil
}

// UnknownAtoms lists the symbols and groups that composites name and nobody
// declares, sorted.
func (c *Compiled) UnknownAtoms() []string { return slices.Clone(c.unknown) }

// Enabled reports whether the Metric lets d be raised: it is declared and
// neither it nor one of its groups is disabled.
func (c *Compiled) Enabled(d *symbols.Def) bool {
	id, ok := c.ids[d]
	return ok && !c.symbols[id].off
}

// Weight returns the score of one hit of d with factor 1.
func (c *Compiled) Weight(d *symbols.Def) float64 {
	if id, ok := c.ids[d]; ok {
		return c.symbols[id].weight
	}
	return 0
}

type compiler struct {
	m    *Metric
	out  *Compiled
	errs []error
}

func (c *compiler) errorf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func (c *compiler) checkNumbers() {
	if g := c.m.GrowFactor; !finite(g) || g < 0 || g > 0 && g < 1 {
		c.errorf("grow factor %v is not 0 or at least 1", g)
	}
	if c.m.MaxShots < 0 {
		c.errorf("negative MaxShots %d", c.m.MaxShots)
	}
	if c.m.MaxOptionsLen < 0 {
		c.errorf("negative MaxOptionsLen %d", c.m.MaxOptionsLen)
	}
	if c.out.maxOptions == 0 {
		c.out.maxOptions = 4096
	}
}

// declare adds a symbol; ok is false when it can't be or is known already.
func (c *compiler) declare(d *symbols.Def) (ok bool) {
	switch {
	case d == nil:
		c.errorf("a symbol is nil")
		return false
	case d.Name == "":
		c.errorf("a symbol has no name")
		return false
	}
	if _, known := c.out.ids[d]; known {
		return false
	}
	if _, taken := c.out.names[d.Name]; taken {
		c.errorf("symbol %s is declared twice", d.Name)
		return false
	}
	if !finite(d.Weight) {
		c.errorf("symbol %s: weight %v", d.Name, d.Weight)
	}
	shots := d.MaxShots
	switch {
	case shots < 0:
		c.errorf("symbol %s: negative MaxShots %d", d.Name, shots)
	case d.OneShot || c.m.OneShot:
		shots = 1
	case shots == 0 && c.m.MaxShots > 0:
		shots = c.m.MaxShots
	case shots == 0:
		shots = 100
	}
	id := int32(len(c.out.symbols))
	c.out.ids[d], c.out.names[d.Name] = id, id
	c.out.symbols = append(c.out.symbols, symbol{def: d, groups: d.Groups, weight: d.Weight, shots: shots})
	if own, ok := c.m.Base.SymbolGroups[d.Name]; ok {
		c.out.symbols[id].groups = own
	}
	return true
}

// weights applies the profile's weights, then the Metric's own.
func (c *compiler) weights() {
	for name, w := range c.m.Base.Weights {
		if id, ok := c.out.names[name]; ok {
			c.out.symbols[id].weight = w
		}
		if !finite(w) {
			c.errorf("weight of %s is %v", name, w)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.m.Weights)) {
		w := c.m.Weights[name]
		id, ok := c.out.names[name]
		switch {
		case !ok:
			c.errorf("weight of unknown symbol %q", name)
		case !finite(w):
			c.errorf("weight of %s is %v", name, w)
		default:
			c.out.symbols[id].weight = w
		}
	}
}

// groups resolves caps, one-shot and disabled groups.
func (c *compiler) groups() {
	members := make(map[string]bool)
	for i := range c.out.symbols {
		for _, g := range c.out.symbols[i].groups {
			members[g] = true
		}
	}
	all := maps.Clone(c.m.Base.Groups)
	if all == nil {
		all = make(map[string]Group)
	}
	for _, name := range slices.Sorted(maps.Keys(c.m.Groups)) {
		if !members[name] {
			c.errorf("limits of unknown group %q", name)
		}
		all[name] = c.m.Groups[name]
	}
	caps := make(map[string]int32)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		g := all[name]
		if !finite(g.Max) || g.Max < 0 {
			c.errorf("group %s: maximum %v is not positive", name, g.Max)
		}
		if !finite(g.Min) || g.Min > 0 {
			c.errorf("group %s: minimum %v is not negative", name, g.Min)
		}
		if g.Max > 0 || g.Min < 0 {
			caps[name] = int32(len(c.out.caps))
			c.out.caps = append(c.out.caps, groupCap{name, g.Max, g.Min})
		}
	}
	for i := range c.out.symbols {
		s := &c.out.symbols[i]
		for _, name := range s.groups {
			g := all[name]
			if id, ok := caps[name]; ok && !slices.Contains(s.caps, id) {
				s.caps = append(s.caps, id)
			}
			if g.OneShot {
				s.shots = 1
			}
			s.off = s.off || g.Disabled
		}
	}
}

func (c *compiler) disable() {
	for _, name := range c.m.Base.Disabled {
		if id, ok := c.out.names[name]; ok {
			c.out.symbols[id].off = true
		}
	}
	for _, name := range c.m.Disabled {
		if id, ok := c.out.names[name]; ok {
			c.out.symbols[id].off = true
		} else {
			c.errorf("unknown symbol %q is disabled", name)
		}
	}
}
