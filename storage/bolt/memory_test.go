package bolt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// TestLikeMemory does the same on a file and in memory, call by call, and
// wants the same answers; now and then the file is opened again.
func TestLikeMemory(t *testing.T) {
	t.Parallel()
	path, c := filepath.Join(t.TempDir(), "state"), newClock()
	const lessons = 20
	m := storage.NewMemory(storage.MemoryOptions{Clock: c.Now, Lessons: lessons})
	s := reopened(t, path, Options{Clock: c.Now, Lessons: lessons, NoSync: true})
	r := rand.New(rand.NewPCG(3, 4))
	calls := slices.Concat(keyCalls(r), limitCalls(r, c), tokenCalls(r), logCalls(r, c), listCalls(r))
	for i := range 10_000 {
		switch r.IntN(300) {
		case 0:
			sound(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = reopened(t, path, Options{Clock: c.Now, Lessons: lessons, NoSync: true})
		case 1:
			s.sweepAll(t)
		}
		if r.IntN(3) == 0 {
			c.pass(time.Duration(r.IntN(2000)) * time.Millisecond)
		}
		call := calls[r.IntN(len(calls))]()
		want, wantErr := call(m)
		got, err := call(s)
		if fmt.Sprint(got) != fmt.Sprint(want) || !sameError(err, wantErr) {
			t.Fatalf("call %d: %v, %v, want %v, %v", i, got, err, want, wantErr)
		}
	}
}

// sweepAll has the writer sweep.
func (s *Store) sweepAll(t *testing.T) {
	if _, err := write(t.Context(), s, 0, func(t *tx) (int, error) { return t.sweep() }); err != nil {
		t.Fatal(err)
	}
}

func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	for _, e := range []error{storage.ErrNotFound, storage.ErrNotNumber, storage.ErrBadKey, storage.ErrTrimmed} {
		if errors.Is(a, e) != errors.Is(b, e) {
			return false
		}
	}
	return true
}

// bg is the context of calls that nobody ends.
var bg = context.Background()

// A call does one thing to a store and returns its answer.
type call = func(storage.Store) (any, error)

func name(r *rand.Rand) string {
	return []string{"a", "b", "c\x00\xff", strings.Repeat("long", 100)}[r.IntN(4)]
}

func keyCalls(r *rand.Rand) []func() call {
	ttl := func() time.Duration { return time.Duration(r.IntN(5)-1) * time.Second }
	value := func() []byte {
		return [][]byte{{}, []byte("1"), []byte("-5"), []byte("x"), []byte("9223372036854775807")}[r.IntN(5)]
	}
	return []func() call{
		func() call {
			k := name(r)
			return func(s storage.Store) (any, error) { return s.Get(bg, k) }
		},
		func() call {
			k, v, d := name(r), value(), ttl()
			return func(s storage.Store) (any, error) { return nil, s.Set(bg, k, v, d) }
		},
		func() call {
			k, v, d := name(r), value(), ttl()
			return func(s storage.Store) (any, error) { return s.Add(bg, k, v, d) }
		},
		func() call {
			k, n, d := name(r), r.Int64N(20)-10, ttl()
			return func(s storage.Store) (any, error) { return s.Increment(bg, k, n, d) }
		},
		func() call {
			k, old, v, d := name(r), value(), value(), ttl()
			if r.IntN(3) == 0 {
				old = nil
			}
			if r.IntN(3) == 0 {
				v = nil
			}
			return func(s storage.Store) (any, error) { return s.CompareAndSwap(bg, k, old, v, d) }
		},
		func() call {
			a, b := name(r), name(r)
			return func(s storage.Store) (any, error) { return nil, s.Delete(bg, a, b) }
		},
		func() call {
			return func(s storage.Store) (any, error) {
				keys, _, err := s.Scan(bg, "", "", 100)
				slices.Sort(keys)
				return fmt.Sprintf("%q", keys), err
			}
		},
	}
}

func limitCalls(r *rand.Rand, c *clock) []func() call {
	return []func() call{
		func() call {
			k, now := name(r), c.Now()
			d := storage.Draw{Rate: 1.5, Burst: 4, N: float64(1 + r.IntN(2)), Lasts: 3 * time.Second}
			return func(s storage.Store) (any, error) {
				b, err := s.Take(bg, k, d, now)
				b.Time = b.Time.UTC()
				b.Level = float64(int(b.Level*1e6+0.5)) / 1e6
				return b, err
			}
		},
		func() call {
			k, now := name(r), c.Now()
			return func(s storage.Store) (any, error) {
				b, err := s.Tune(bg, k, storage.Tuning{Rate: 2, Burst: 1.1, MaxRate: 8, MaxBurst: 2}, now)
				return []any{b.RateFactor, b.BurstFactor}, err
			}
		},
		func() call {
			k := name(r)
			return func(s storage.Store) (any, error) { return nil, s.Forget(bg, k) }
		},
	}
}

func tokenCalls(r *rand.Rand) []func() call {
	ids := func() []uint64 {
		ids := make([]uint64, r.IntN(60))
		for i := range ids {
			ids[i] = r.Uint64N(300) << (r.IntN(2) * 55)
		}
		return ids
	}
	lesson := func() storage.Lesson {
		return storage.Lesson{
			Message: fmt.Sprint(r.IntN(40)), Class: []string{"ham", "spam", ""}[r.IntN(3)], IDs: ids(), Weight: r.Int64N(3),
		}
	}
	one := func() call {
		k, l := name(r), lesson()
		return func(s storage.Store) (any, error) { return s.Learn(bg, k, l) }
	}
	return []func() call{
		one, one, one,
		func() call {
			k, ls := name(r), []storage.Lesson{lesson(), lesson(), lesson()}
			return func(s storage.Store) (any, error) { return s.LearnMany(bg, k, ls) }
		},
		func() call {
			k, ids := name(r), ids()
			return func(s storage.Store) (any, error) { return s.Counts(bg, k, ids) }
		},
		func() call {
			k, m := name(r), fmt.Sprint(r.IntN(40))
			return func(s storage.Store) (any, error) { return s.Lesson(bg, k, m) }
		},
		func() call {
			k := name(r)
			if r.IntN(10) > 0 {
				k = "none"
			}
			return func(s storage.Store) (any, error) { return nil, s.DropTable(bg, k) }
		},
	}
}

func logCalls(r *rand.Rand, c *clock) []func() call {
	plain := func(es []storage.Entry, err error) (any, error) {
		for i := range es {
			es[i].Time = es[i].Time.UTC()
		}
		return es, err
	}
	return []func() call{
		func() call {
			k, id := name(r), ""
			if r.IntN(3) > 0 {
				id = fmt.Sprint(r.IntN(50))
			}
			return func(s storage.Store) (any, error) { return s.Append(bg, k, id, []byte(id)) }
		},
		func() call {
			k, from, n := name(r), r.Uint64N(60), r.IntN(20)
			return func(s storage.Store) (any, error) { return plain(s.ReadLog(bg, k, from, n)) }
		},
		func() call {
			k, before, n := name(r), r.Uint64N(60), r.IntN(20)
			return func(s storage.Store) (any, error) { return plain(s.NewestLog(bg, k, before, n)) }
		},
		func() call {
			k := name(r)
			return func(s storage.Store) (any, error) { return s.LogState(bg, k) }
		},
		func() call {
			k, trim := name(r), storage.Trim{Keep: r.IntN(10)}
			switch r.IntN(3) {
			case 0:
				trim.Floor = r.Uint64N(30)
			case 1:
				trim.Before = c.Now().Add(-10 * time.Second)
			}
			return func(s storage.Store) (any, error) { return s.TrimLog(bg, k, trim) }
		},
	}
}

func listCalls(r *rand.Rand) []func() call {
	return []func() call{
		func() call {
			k, item, keep := name(r), []byte(fmt.Sprint(r.IntN(9))), r.IntN(6)
			return func(s storage.Store) (any, error) { return nil, s.Push(bg, k, item, keep) }
		},
		func() call {
			k, skip, n := name(r), r.IntN(9)-1, r.IntN(9)-1
			return func(s storage.Store) (any, error) { return s.Items(bg, k, skip, n) }
		},
		func() call {
			k, m, score := name(r), fmt.Sprint(r.IntN(9)), float64(r.IntN(5)-2)/3
			keep, ttl := r.IntN(6), time.Duration(r.IntN(12)-1)*time.Second
			return func(s storage.Store) (any, error) { return nil, s.Rank(bg, k, m, score, keep, ttl) }
		},
		func() call {
			k, m := name(r), fmt.Sprint(r.IntN(9))
			return func(s storage.Store) (any, error) { return s.RankOf(bg, k, m) }
		},
		func() call {
			k, skip, n := name(r), r.IntN(4)-1, r.IntN(9)
			return func(s storage.Store) (any, error) { return s.Members(bg, k, skip, n) }
		},
		func() call {
			k, a, b := name(r), fmt.Sprint(r.IntN(9)), fmt.Sprint(r.IntN(9))
			return func(s storage.Store) (any, error) { return nil, s.Unrank(bg, k, a, b) }
		},
	}
}
