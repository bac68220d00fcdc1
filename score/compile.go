package score

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/symbols"
)

// Symbols are the symbols that a Metric is compiled for.
type Symbols struct {
	// Defs lists all of them. The same Def may be listed often.
	Defs []*symbols.Def
	// Late are the symbols that are raised only after the first pass of
	// composites: a composite that names one of them, directly or through other
	// composites, waits for the second pass.
	Late []*symbols.Def
	// Families are names for many symbols, for Layer.Disable and Enable. A
	// family may be without symbols.
	Families map[string][]*symbols.Def
}

// Limit bounds weights, limits of groups and what one hit may add: a larger
// number is a mistake, and the sum of huge ones need not be a number.
const Limit = 1e9

func within(f float64) bool { return math.Abs(f) <= Limit } // false for NaN

// Compile checks the Metric against the symbols there are and prepares it.
func (m *Metric) Compile(set Symbols) (*Compiled, error) {
	c := &compiler{out: &Compiled{
		metric: m, ids: make(map[*symbols.Def]int32, len(set.Defs)), names: make(map[string]int32, len(set.Defs)),
		limits: m.Groups, late: make(map[int32]bool), causes: make([]cause, 1),
	}, fresh: true, regroup: true, relink: true}
	c.checkNumbers(m)
	for _, d := range set.Defs {
		c.declare(d)
	}
	for i := range m.Composites {
		c.declareComposite(m, &m.Composites[i])
	}
	c.base(m)
	c.insertion(m)
	c.family(set)
	return c.end()
}

// A compiler makes a Compiled, a new one or a changed one.
type compiler struct {
	out     *Compiled
	fresh   bool // all tables are its own
	regroup bool // groups or their limits changed
	relink  bool // what composites refer to changed
	errs    []error
	cloned  cloned
	named   map[namedAtom]bool // by composites that are no operator's, for heardOf
}

// maxErrors bounds the mistakes that are reported at once.
const maxErrors = 20

func (c *compiler) errorf(format string, args ...any) {
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
	}
}

// hint suggests the known name that was probably meant.
func (c *compiler) hint(name string, known iter.Seq[string]) string {
	if len(c.errs) >= maxErrors {
		return ""
	}
	return nearest.Hint(name, known)
}

// end derives what depends on other tables.
func (c *compiler) end() (*Compiled, error) {
	if c.regroup {
		c.join()
		c.limit()
	}
	if c.relink {
		c.link()
	}
	if err := errors.Join(c.errs...); err != nil {
		return nil, fmt.Errorf("score: %w", err)
	}
	return c.out, nil
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func (c *compiler) checkNumbers(m *Metric) {
	if g := m.GrowFactor; !within(g) || g < 0 || g > 0 && g < 1 {
		c.errorf("grow factor %v is not 0 or at least 1", g)
	}
	if m.MaxShots < 0 {
		c.errorf("negative MaxShots %d", m.MaxShots)
	}
	if m.MaxOptionsLen < 0 {
		c.errorf("negative MaxOptionsLen %d", m.MaxOptionsLen)
	}
}

// maxShots bounds how often a symbol may count.
const maxShots = 1 << 20

// shots says how often a symbol counts where no group limits it.
func (c *compiler) shots(d *symbols.Def) int32 {
	m := c.out.metric
	switch {
	case d.OneShot || m.OneShot:
		return 1
	case d.MaxShots > 0:
		return int32(min(d.MaxShots, maxShots))
	case m.MaxShots > 0:
		return int32(min(m.MaxShots, maxShots))
	}
	return 100
}

// base applies what the profile says; it may speak of symbols that are not
// there.
func (c *compiler) base(m *Metric) {
	for name, w := range m.Weights {
		if id, ok := c.out.names[name]; ok {
			c.out.weights[id] = signed(c.out.defs[id], w)
		}
		if !within(w) {
			c.errorf("weight of %s is %v", name, w)
		}
	}
	for name, groups := range m.SymbolGroups {
		if id, ok := c.out.names[name]; ok {
			c.out.groups[id] = groups
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Groups)) {
		c.checkGroup(name, m.Groups[name])
	}
	for _, name := range m.Disabled {
		if id, ok := c.out.names[name]; ok {
			c.out.off[id] = c.because(name, 0)
		}
	}
}

// insertion notes the places of the symbols that Metric.Order names and that are
// there.
func (c *compiler) insertion(m *Metric) {
	if m.Order == nil {
		return
	}
	c.out.rank = make(map[*symbols.Def]int, len(m.Order))
	place := make(map[int32]int, len(m.Order))
	for i, name := range m.Order {
		if id, ok := c.out.names[name]; ok {
			place[id] = i + 1
		}
	}
	for d, id := range c.out.ids {
		if n := place[id]; n > 0 {
			c.out.rank[d] = n
		}
	}
}

func (c *compiler) checkGroup(name string, g Group) {
	if !within(g.Max) || g.Max < 0 {
		c.errorf("group %s: maximum %v is not positive", name, g.Max)
	}
	if !within(g.Min) || g.Min > 0 {
		c.errorf("group %s: minimum %v is not negative", name, g.Min)
	}
}

// family notes the families' and the late symbols.
func (c *compiler) family(set Symbols) {
	c.out.families = make(map[string][]int32, len(set.Families))
	for name, defs := range set.Families {
		ids := make([]int32, 0, len(defs))
		for _, d := range defs {
			if id, ok := c.out.ids[d]; ok {
				ids = append(ids, id)
			}
		}
		slices.Sort(ids)
		c.out.families[name] = ids
	}
	for _, d := range set.Late {
		if id, ok := c.out.ids[d]; ok {
			c.out.late[id] = true
		}
	}
}

// limit finds for each symbol the capped groups and how often it counts.
func (c *compiler) limit() {
	out := c.out
	capped := make(map[string]int32)
	out.groupCaps = nil
	for _, name := range slices.Sorted(maps.Keys(out.limits)) {
		if g := out.limits[name]; g.Max > 0 || g.Min < 0 {
			capped[name] = int32(len(out.groupCaps))
			out.groupCaps = append(out.groupCaps, groupCap{name, g.Max, g.Min})
		}
	}
	out.caps, out.shots = make([][]int32, len(out.defs)), slices.Clone(out.own)
	for i := range out.defs {
		for _, name := range out.groups[i] {
			if id, ok := capped[name]; ok && !slices.Contains(out.caps[i], id) {
				out.caps[i] = append(out.caps[i], id)
			}
			if out.limits[name].OneShot {
				out.shots[i] = 1
			}
		}
	}
}

// join lists the members of each group.
func (c *compiler) join() {
	c.out.members = make(map[string][]int32)
	for id, groups := range c.out.groups {
		for i, g := range groups {
			if !slices.Contains(groups[:i], g) {
				c.out.members[g] = append(c.out.members[g], int32(id))
			}
		}
	}
}
