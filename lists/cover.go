package lists

import (
	"cmp"
	"slices"
)

// cover makes a table of the addresses that any of the tables has, so that one
// search tells of most addresses that none has them.
func cover(tables []*netTable) netTable {
	var four []edge[uint32]
	var six []edge[[2]uint64]
	for _, t := range tables {
		was := uint32(0)
		for _, r := range t.v4 {
			four = append(four, edges(r.start, was, r.value)...)
			was = r.value
		}
		was = 0
		for _, r := range t.v6 {
			six = append(six, edges([2]uint64{r.hi, r.lo}, was, r.value)...)
			was = r.value
		}
	}
	out := netTable{values: []string{"", ""}}
	slices.SortFunc(four, func(a, b edge[uint32]) int { return cmp.Compare(a.at, b.at) })
	sweep(four, func(at, in uint32) { out.v4 = append(out.v4, range4{at, in}) })
	slices.SortFunc(six, func(a, b edge[[2]uint64]) int {
		return cmp.Or(cmp.Compare(a.at[0], b.at[0]), cmp.Compare(a.at[1], b.at[1]))
	})
	sweep(six, func(at [2]uint64, in uint32) { out.v6 = append(out.v6, range6{at[0], at[1], in}) })
	out.v4, out.v6 = slices.Clip(out.v4), slices.Clip(out.v6)
	return out
}

// An edge is where one more table, or one less, begins to have addresses.
type edge[K comparable] struct {
	at    K
	delta int
}

// edges returns the edge between two ranges of a table, if there is one.
func edges[K comparable](at K, was, is uint32) []edge[K] {
	switch {
	case was == 0 && is != 0:
		return []edge[K]{{at, 1}}
	case was != 0 && is == 0:
		return []edge[K]{{at, -1}}
	}
	return nil
}

// sweep calls put where tables begin to have addresses, with 1, and where no table
// has them any more, with 0.
func sweep[K comparable](sorted []edge[K], put func(at K, in uint32)) {
	depth, in := 0, uint32(0)
	for i, e := range sorted {
		depth += e.delta
		if i+1 < len(sorted) && sorted[i+1].at == e.at {
			continue
		}
		if now := uint32(min(depth, 1)); now != in {
			in = now
			put(e.at, in)
		}
	}
}
