package bolt

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// Tokens are kept in cells of some 50, ordered by id. A cell's key is the
// greatest id that it may hold, so a seek for an id finds its cell; the last
// cell's key is the greatest id there is. For each token a cell has
//
//	varint id, less the one before (the first: the id)
//	for each class: varint 2*class, plus 1 if another class follows; varint count
//
// with ids and classes rising and counts above 0: some 9 bytes where a key of
// bbolt's own would take 28. A transaction that learns many messages touches
// most pages of the file; with a third of the pages it is three times faster.
const (
	maxCell  = 512 // bytes; a cell that outgrows it is split
	fullCell = 340 // bytes of what a split leaves, about
)

// A delta is a change of one count.
type delta struct {
	id    uint64
	class uint64
	n     int64
}

// merged sorts deltas by id and class, and adds up those of the same.
func merged(ds []delta) []delta {
	slices.SortFunc(ds, func(a, b delta) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.class, b.class))
	})
	to := 0
	for i, d := range ds {
		if i > 0 && ds[to-1].id == d.id && ds[to-1].class == d.class {
			ds[to-1].n = plus(ds[to-1].n, d.n)
			continue
		}
		ds[to] = d
		to++
	}
	return ds[:to]
}

// plus adds without leaving int64.
func plus(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// A cellReader goes through a cell's tokens.
type cellReader struct {
	rest    []byte
	id      uint64
	started bool
	bad     bool
}

// next returns the next token and its counts as they are encoded; ok is false
// at the end, and where the cell is damaged.
func (r *cellReader) next() (id uint64, counts []byte, ok bool) {
	if r.bad || len(r.rest) == 0 {
		return 0, nil, false
	}
	f := fields{rest: r.rest}
	step := f.varint()
	if f.bad || r.started && (step == 0 || r.id+step < r.id) {
		r.bad = true
		return 0, nil, false
	}
	r.id, r.started = r.id+step, true
	counts = f.rest
	last := int64(-1)
	for more := true; more; {
		class, n := f.varint(), f.varint()
		more = class&1 == 1
		if f.bad || class>>1 > math.MaxInt32 || int64(class>>1) <= last || n == 0 || n > math.MaxInt64 {
			r.bad = true
			return 0, nil, false
		}
		last = int64(class >> 1)
	}
	r.rest = f.rest
	return r.id, counts[:len(counts)-len(f.rest)], true
}

// forEachCount calls f for the counts that next returned.
func forEachCount(counts []byte, f func(class uint64, n int64)) {
	for len(counts) > 0 {
		class, size := binary.Uvarint(counts)
		n, more := binary.Uvarint(counts[size:])
		counts = counts[size+more:]
		f(class>>1, int64(n))
	}
}

// addCounts appends what counts become with the deltas of the same token,
// nothing if no class has a count above 0.
func addCounts(b, counts []byte, ds []delta) []byte {
	pending, held := uint64(0), int64(0) // the class to be written next
	emit := func(class uint64, n int64) {
		if n <= 0 {
			return
		}
		if held > 0 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, pending<<1|1), uint64(held))
		}
		pending, held = class, n
	}
	forEachCount(counts, func(class uint64, n int64) {
		for len(ds) > 0 && ds[0].class < class {
			emit(ds[0].class, ds[0].n)
			ds = ds[1:]
		}
		if len(ds) > 0 && ds[0].class == class {
			n = plus(n, ds[0].n)
			ds = ds[1:]
		}
		emit(class, n)
	})
	for _, d := range ds {
		emit(d.class, d.n)
	}
	if held > 0 {
		b = binary.AppendUvarint(binary.AppendUvarint(b, pending<<1), uint64(held))
	}
	return b
}

// A mill merges deltas into cells; it is used again to save allocations.
type mill struct {
	ids    []uint64
	ends   []int // of each id's counts
	counts []byte
}

// merge returns the cells that a cell becomes with deltas that are sorted and
// lie within it. All but the last are keyed by their last id; there is none if
// no token is left.
func (m *mill) merge(cell []byte, ds []delta, greatest uint64) ([]keyedCell, error) {
	m.ids, m.ends, m.counts = m.ids[:0], m.ends[:0], m.counts[:0]
	r := cellReader{rest: cell}
	for id, counts, ok := r.next(); ok; id, counts, ok = r.next() {
		for len(ds) > 0 && ds[0].id < id {
			ds = m.add(ds[0].id, nil, ds)
		}
		if len(ds) > 0 && ds[0].id == id {
			ds = m.add(id, counts, ds)
			continue
		}
		m.counts = append(m.counts, counts...)
		m.ids, m.ends = append(m.ids, id), append(m.ends, len(m.counts))
	}
	if r.bad || r.id > greatest {
		return nil, damaged("a cell of tokens")
	}
	for len(ds) > 0 {
		ds = m.add(ds[0].id, nil, ds)
	}
	return m.cells(), nil
}

// add adds a token with the deltas that are its own, and returns the others.
func (m *mill) add(id uint64, counts []byte, ds []delta) []delta {
	n := 0
	for n < len(ds) && ds[n].id == id {
		n++
	}
	was := len(m.counts)
	if m.counts = addCounts(m.counts, counts, ds[:n]); len(m.counts) > was {
		m.ids, m.ends = append(m.ids, id), append(m.ends, len(m.counts))
	}
	return ds[n:]
}

type keyedCell struct {
	last uint64
	data []byte
}

// cells encodes the mill's tokens.
func (m *mill) cells() (cells []keyedCell) {
	if len(m.ids) == 0 {
		return nil
	}
	size := len(m.counts) + binary.MaxVarintLen64 + 8*len(m.ids)
	data := make([]byte, 0, size+2*binary.MaxVarintLen64) // never moves: cells share it
	limit := math.MaxInt
	if size > maxCell {
		limit = fullCell
	}
	from, prev, begin := 0, uint64(0), 0
	for i, id := range m.ids {
		data = binary.AppendUvarint(data, id-prev)
		data = append(data, m.counts[from:m.ends[i]]...)
		prev, from = id, m.ends[i]
		if len(data)-begin >= limit && i < len(m.ids)-1 {
			cells = append(cells, keyedCell{id, data[begin:len(data):len(data)]})
			begin, prev = len(data), 0
		}
	}
	return append(cells, keyedCell{prev, data[begin:]})
}
