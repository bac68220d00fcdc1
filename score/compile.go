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

// Compiled is a Metric made ready for a set of symbols. It is immutable and
// safe for concurrent use. Those that With makes of it share the tables that
// did not change.
type Compiled struct {
	metric *Metric

	// The names: fixed ones, and those that layers added.
	ids   map[*symbols.Def]int32
	names map[string]int32
	added map[string]int32

	// By symbol.
	defs    []*symbols.Def
	weights []float64
	groups  [][]string
	own     []int32   // shots before groups limit them
	shots   []int32   // shots that count
	caps    [][]int32 // capped groups, in the order of groups
	off     []int32   // place in causes why the symbol is off, 0: it is on
	users   [][]int32 // composites that name it

	members    map[string][]int32 // symbols by group name
	limits     map[string]Group   // by group name
	groupCaps  []groupCap
	families   map[string][]int32
	causes     []cause
	familyOff  []string    // families that are off by name, sorted
	rules      []rule      // composites in the order of their declaration
	composites []composite // each after those it names
	always     []int32     // composites that can be true without any symbol
	late       map[int32]bool
	unknown    []string
	rank       map[*symbols.Def]int // place in Metric.Order, from 1
}

type groupCap struct {
	name     string
	max, min float64
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

// maxOptions returns the bytes that a symbol's options may have.
func (c *Compiled) maxOptions() int {
	if c.metric.MaxOptionsLen == 0 {
		return 4096
	}
	return c.metric.MaxOptionsLen
}

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

// Sorted returns the hits in the order of Metric.Order; without one, in their
// own. hits itself stays as it is.
func (c *Compiled) Sorted(hits []symbols.Hit) []symbols.Hit {
	if c.rank == nil {
		return hits
	}
	var room [64]uint64
	order := room[:0] // place and index
	for i, h := range hits {
		order = append(order, uint64(c.place(h.Def))<<32|uint64(i))
	}
	slices.Sort(order)
	sorted := make([]symbols.Hit, len(hits))
	for i, o := range order {
		sorted[i] = hits[uint32(o)]
	}
	return sorted
}

func (c *Compiled) place(d *symbols.Def) int {
	if r := c.rank[d]; r > 0 {
		return r
	}
	return len(c.metric.Order) + 1
}

// Ordered reports whether there is a Metric.Order.
func (c *Compiled) Ordered() bool { return c.rank != nil }

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

// id finds a symbol by its name.
func (c *Compiled) id(name string) (int32, bool) {
	id, ok := c.names[name]
	if !ok && len(c.added) > 0 {
		id, ok = c.added[name]
	}
	return id, ok
}

// idOf finds a symbol.
func (c *Compiled) idOf(d *symbols.Def) (int32, bool) {
	id, ok := c.ids[d]
	if !ok && len(c.added) > 0 && d != nil {
		if id, ok = c.id(d.Name); ok {
			ok = c.defs[id] == d
		}
	}
	return id, ok
}

// UnknownAtoms lists, sorted, the symbols and groups that composites name but
// that are not declared.
func (c *Compiled) UnknownAtoms() []string { return slices.Clone(c.unknown) }

// Enabled reports whether d may be raised: it is declared and not off.
func (c *Compiled) Enabled(d *symbols.Def) bool {
	id, ok := c.idOf(d)
	return ok && c.off[id] == 0
}

// Defs lists the symbols, those of composites included.
func (c *Compiled) Defs() []*symbols.Def { return slices.Clone(c.defs) }

// Weight returns the score of one hit of d with factor 1.
func (c *Compiled) Weight(d *symbols.Def) float64 {
	if id, ok := c.idOf(d); ok {
		return c.weights[id]
	}
	return 0
}

// symbolNames yields all symbols' names.
func (c *Compiled) symbolNames() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, d := range c.defs {
			if !yield(d.Name) {
				return
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
