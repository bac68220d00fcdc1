package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// tokensOf reads a cell as a map from token and class to count.
func tokensOf(t *testing.T, cell []byte) map[[2]uint64]int64 {
	t.Helper()
	tokens := map[[2]uint64]int64{}
	r := cellReader{rest: cell}
	for id, counts, ok := r.next(); ok; id, counts, ok = r.next() {
		forEachCount(counts, func(class uint64, n int64) { tokens[[2]uint64{id, class}] = n })
	}
	if r.bad {
		t.Fatalf("cell %x is damaged", cell)
	}
	return tokens
}

func TestCellsHoldWhatWasAdded(t *testing.T) {
	s := opened(t, Options{})
	r := rand.New(rand.NewPCG(1, 2))
	want := map[[2]uint64]int64{}
	for range 40 {
		ds := make([]delta, r.IntN(2000))
		for i := range ds {
			id := r.Uint64() >> (r.IntN(8) * 8)
			switch {
			case r.IntN(50) == 0:
				id = math.MaxUint64 - id%3
			case r.IntN(3) == 0:
				id %= 500
			}
			ds[i] = delta{id, r.Uint64N(3), r.Int64N(5) - 1}
			if n := want[[2]uint64{id, ds[i].class}]; r.IntN(4) == 0 || n+ds[i].n < 0 {
				ds[i].n = -n
			}
			want[[2]uint64{id, ds[i].class}] += ds[i].n
		}
		maps.DeleteFunc(want, func(_ [2]uint64, n int64) bool { return n == 0 })
		if _, err := write(t.Context(), s, 0, func(t *tx) (int, error) {
			if _, err := t.within(t.root(inTokens), "t", false); err != nil {
				return 0, err
			}
			t.deltas = map[string][]delta{"t": append([]delta(nil), ds...)}
			t.changes++
			return 0, nil
		}); err != nil {
			t.Fatal(err)
		}
		got := map[[2]uint64]int64{}
		cells := 0
		if err := s.db.View(func(btx *bbolt.Tx) error {
			last := []byte(nil)
			return btx.Bucket([]byte(inTokens)).Bucket([]byte("t")).Bucket([]byte("cells")).ForEach(func(k, cell []byte) error {
				cells++
				if len(cell) > maxCell+100 {
					t.Errorf("a cell has %d bytes", len(cell))
				}
				for key, n := range tokensOf(t, cell) {
					if id := fixed(key[0]); bytes.Compare(id, k) > 0 || last != nil && bytes.Compare(id, last) <= 0 {
						t.Errorf("token %x is in the cell of %x to %x", id, last, k)
					}
					got[key] = n
				}
				last = bytes.Clone(k)
				return nil
			})
		}); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Fatalf("%d cells hold %d counts, want %d", cells, len(got), len(want))
		}
		ids := make([]uint64, 300)
		for i := range ids {
			ids[i] = r.Uint64N(600)
		}
		checkLookUp(t, s, ids, want)
	}
}

func checkLookUp(t *testing.T, s *Store, ids []uint64, want map[[2]uint64]int64) {
	t.Helper()
	found, err := read(t.Context(), s, func(v view) (map[string][]int64, error) {
		cells := v.Bucket([]byte(inTokens)).Bucket([]byte("t")).Bucket([]byte("cells"))
		return lookUp(cells, ids, map[uint64]string{0: "0", 1: "1", 2: "2"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for class := range uint64(3) {
		for i, id := range ids {
			got := int64(0)
			if ns := found[fmt.Sprint(class)]; ns != nil {
				got = ns[i]
			}
			if got != want[[2]uint64{id, class}] {
				t.Fatalf("token %d has %d in class %d, want %d", id, got, class, want[[2]uint64{id, class}])
			}
		}
	}
}

func TestCountsStayWithinBounds(t *testing.T) {
	for _, c := range []struct {
		have, add, want int64
	}{
		{1, -1, 0}, {1, -5, 0}, {0, -1, 0}, {math.MaxInt64, 5, math.MaxInt64}, {2, 3, 5},
	} {
		var m mill
		cell := []byte(nil)
		for _, n := range []int64{c.have, c.add} {
			cells, err := m.merge(cell, []delta{{7, 1, n}}, 10)
			if err != nil {
				t.Fatal(err)
			}
			if cell = nil; len(cells) > 0 {
				cell = cells[0].data
			}
		}
		if got := tokensOf(t, cell)[[2]uint64{7, 1}]; got != c.want {
			t.Errorf("%d and %d more are %d, want %d", c.have, c.add, got, c.want)
		}
	}
	if plus(math.MinInt64, -1) != math.MinInt64 || plus(math.MinInt64, math.MaxInt64) != -1 {
		t.Error("plus leaves int64")
	}
}

func TestDamagedCellIsAnError(t *testing.T) {
	s := opened(t, Options{})
	learn := func(table string) error {
		_, err := s.Learn(t.Context(), table, storage.Lesson{Message: "m2", Class: "spam", IDs: []uint64{5, 1 << 40}})
		return err
	}
	if _, err := s.Learn(t.Context(), "t", storage.Lesson{Message: "m", Class: "spam", IDs: []uint64{5}}); err != nil {
		t.Fatal(err)
	}
	for name, cell := range map[string]string{
		"cut off": "\x05\x02", "no count": "\x05\x02\x00", "classes fall": "\x05\x03\x01\x02\x01", "ids fall": "\x05\x02\x01\x00\x02\x01",
		"beyond its key": "\x05\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x01", "endless number": "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		spoil(t, s, []string{inTokens, "t", "cells"}, fixed(math.MaxUint64), []byte(cell))
		if _, err := s.Counts(t.Context(), "t", []uint64{5, math.MaxUint64 - 1}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Counts: %v, want ErrDamaged", name, err)
		}
		if err := learn("t"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Learn: %v, want ErrDamaged", name, err)
		}
	}
	if err := learn("other"); err != nil {
		t.Errorf("another table: %v", err)
	}
}

// spoil writes a value where the store would not.
func spoil(t *testing.T, s *Store, buckets []string, key, value []byte) {
	t.Helper()
	if _, err := write(t.Context(), s, 0, func(t *tx) (int, error) {
		b := t.root(buckets[0])
		for _, name := range buckets[1:] {
			var err error
			if b, err = t.within(b, name, false); err != nil {
				return 0, err
			}
		}
		return 0, t.put(b, key, value)
	}); err != nil {
		t.Fatal(err)
	}
}

func FuzzCell(f *testing.F) {
	for _, cell := range []string{"", "\x05\x02\x01", "\x05\x03\x01\x04\x09", "\x05\x02\x01\x01\x02\x01", "\x00\x00\x01", "\xff\xff\x03\x02\x80"} {
		f.Add([]byte(cell), uint64(5), int64(1))
	}
	f.Fuzz(func(t *testing.T, cell []byte, id uint64, n int64) {
		var m mill
		cells, err := m.merge(cell, []delta{{id, 1, n}}, math.MaxUint64)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		want := tokensOf(t, cell)
		if sum := max(0, plus(want[[2]uint64{id, 1}], n)); sum > 0 {
			want[[2]uint64{id, 1}] = sum
		} else {
			delete(want, [2]uint64{id, 1})
		}
		got := map[[2]uint64]int64{}
		for _, c := range cells {
			maps.Copy(got, tokensOf(t, c.data))
		}
		if !maps.Equal(got, want) {
			t.Errorf("%x became %v, want %v", cell, got, want)
		}
	})
}
