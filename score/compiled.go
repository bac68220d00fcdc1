package score

import (
	"iter"
	"slices"

	"github.com/winnowmail/winnow/symbols"
)

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

// maxOptions returns the bytes that a symbol's options may have.
func (c *Compiled) maxOptions() int {
	if c.metric.MaxOptionsLen == 0 {
		return 4096
	}
	return c.metric.MaxOptionsLen
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
