package bolt

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// addTokens merges a transaction's deltas into a table's cells.
func (t *tx) addTokens(table string, ds []delta) error {
	if len(ds) == 0 {
		return nil // the table need not be there
	}
	tb := t.root(inTokens).Bucket([]byte(table))
	if tb == nil {
		return damaged("a table that is gone")
	}
	cells, err := t.within(tb, "cells", false)
	if err != nil {
		return err
	}
	var m mill
	c := cells.Cursor()
	for ds = merged(ds); len(ds) > 0; {
		key, cell := c.Seek(fixed(ds[0].id))
		greatest := uint64(math.MaxUint64)
		if key != nil {
			if len(key) != 8 {
				return damaged("the key of a cell")
			}
			greatest = binary.BigEndian.Uint64(key)
		}
		n := 1
		for n < len(ds) && ds[n].id <= greatest {
			n++
		}
		if err := t.replace(cells, &m, cell, ds[:n], greatest); err != nil {
			return err
		}
		ds = ds[n:]
	}
	return nil
}

// replace puts the cells in the place of one that it becomes with deltas.
func (t *tx) replace(cells *bbolt.Bucket, m *mill, cell []byte, ds []delta, greatest uint64) error {
	become, err := m.merge(cell, ds, greatest)
	if err != nil {
		return err
	}
	if len(become) == 0 {
		return t.del(cells, fixed(greatest))
	}
	for i, k := range become {
		if i == len(become)-1 {
			k.last = greatest
		}
		if err := t.put(cells, fixed(k.last), k.data); err != nil {
			return err
		}
	}
	return nil
}

// A class is a class of a table.
type class struct {
	number  uint64
	lessons int64
}

func parseClass(raw []byte) (class, error) {
	f := fields{rest: raw}
	c := class{f.varint(), int64(f.varint())}
	if c.number > math.MaxInt32 || c.lessons < 0 {
		f.bad = true
	}
	return c, f.end("a class")
}

// classes returns a table's classes by number.
func classes(tb *bbolt.Bucket) (names map[uint64]string, lessons map[string]int64, err error) {
	names, lessons = map[uint64]string{}, map[string]int64{}
	b := tb.Bucket([]byte("classes"))
	if b == nil {
		return names, lessons, nil
	}
	err = b.ForEach(func(k, raw []byte) error {
		c, err := parseClass(raw)
		names[c.number] = string(k)
		if c.lessons > 0 {
			lessons[string(k)] = c.lessons
		}
		return err
	})
	return names, lessons, err
}

// Counts implements storage.Tokens.
func (s *Store) Counts(ctx context.Context, table string, ids []uint64) (storage.Counts, error) {
	if err := storage.CheckKey(table); err != nil {
		return storage.Counts{}, err
	}
	ids = slices.Clone(ids)
	return read(ctx, s, func(v view) (storage.Counts, error) {
		counts := storage.Counts{Lessons: map[string]int64{}, Tokens: map[string][]int64{}}
		tb := v.Bucket([]byte(inTokens)).Bucket([]byte(table))
		if tb == nil {
			return counts, nil
		}
		names, lessons, err := classes(tb)
		if err != nil {
			return counts, err
		}
		counts.Lessons = lessons
		counts.Tokens, err = lookUp(tb.Bucket([]byte("cells")), ids, names)
		return counts, err
	})
}

// lookUp returns the counts of ids by class, in their order.
func lookUp(cells *bbolt.Bucket, ids []uint64, names map[uint64]string) (map[string][]int64, error) {
	found := map[string][]int64{}
	if cells == nil {
		return found, nil
	}
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ids[a], ids[b]) })
	w := cellWalk{cursor: cells.Cursor()}
	for _, at := range order {
		counts, err := w.find(ids[at])
		if err != nil {
			return nil, err
		}
		forEachCount(counts, func(class uint64, n int64) {
			name, ok := names[class]
			if !ok {
				return
			}
			if found[name] == nil {
				found[name] = make([]int64, len(ids))
			}
			found[name][at] = n
		})
	}
	return found, nil
}

// A cellWalk finds tokens whose ids rise.
type cellWalk struct {
	cursor *bbolt.Cursor
	in     bool
	end    uint64 // the greatest id of the cell in hand
	reader cellReader
	id     uint64 // the last token that was read, if any
	counts []byte
	ok     bool
}

// find returns the counts of a token, nil if there is none.
func (w *cellWalk) find(id uint64) ([]byte, error) {
	if !w.in || id > w.end {
		key, cell := w.cursor.Seek(fixed(id))
		if key == nil {
			return nil, nil
		}
		if len(key) != 8 {
			return nil, damaged("the key of a cell")
		}
		w.in, w.end, w.reader = true, binary.BigEndian.Uint64(key), cellReader{rest: cell}
		w.id, w.counts, w.ok = w.reader.next()
	}
	for w.ok && w.id < id {
		w.id, w.counts, w.ok = w.reader.next()
	}
	if w.reader.bad {
		return nil, damaged("a cell of tokens")
	}
	if !w.ok || w.id != id {
		return nil, nil
	}
	return w.counts, nil
}

// DropTable implements storage.Tokens. A large table takes the writer a while.
func (s *Store) DropTable(ctx context.Context, table string) error {
	if err := storage.CheckKey(table); err != nil {
		return err
	}
	_, err := write(ctx, s, 0, func(t *tx) (bool, error) {
		delete(t.deltas, table)
		return true, t.drop(t.root(inTokens), table)
	})
	return err
}
