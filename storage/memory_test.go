package storage_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/storagetest"
)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func TestMemory(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storagetest.Store {
		c := &clock{t: time.Unix(1e9, 0)}
		return storagetest.Store{
			KV:   storage.NewMemory(storage.MemoryOptions{Clock: c.now}),
			Pass: c.pass, Tick: time.Millisecond,
			Lessons: func(_ *testing.T, n int) storage.KV {
				return storage.NewMemory(storage.MemoryOptions{Clock: c.now, Lessons: n})
			},
		}
	})
}

func TestMemoryForgetsWhatWasNotUsed(t *testing.T) {
	m := storage.NewMemory(storage.MemoryOptions{MaxBytes: 10_000})
	value := []byte(strings.Repeat("v", 1000))
	if err := m.Set(t.Context(), "kept", value, 0); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := m.Set(t.Context(), fmt.Sprint(i), value, time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Get(t.Context(), "kept"); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
		if size := m.Stats().Bytes; size > 10_000 {
			t.Fatalf("%d bytes", size)
		}
	}
	if _, err := m.Get(t.Context(), "1"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("an old key: %v", err)
	}
	if err := m.Set(t.Context(), "big", make([]byte, 10_000), 0); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("a value above the bound: %v", err)
	}
}

func TestMemoryDropsWhatExpired(t *testing.T) {
	c := &clock{t: time.Unix(1e9, 0)}
	m := storage.NewMemory(storage.MemoryOptions{Clock: c.now})
	for i := range 1000 {
		if err := m.Set(t.Context(), fmt.Sprint(i), nil, time.Duration(1+i%7)*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	c.pass(8 * time.Second)
	if s := m.Stats(); s.Keys != 0 || s.Bytes != 0 {
		t.Errorf("%d keys, %d bytes left", s.Keys, s.Bytes)
	}
}

// TestMemoryKeepsWhatIsLearned: tables, logs, lists and sets are not evicted;
// they take three quarters at most and leave the rest to keys and buckets.
func TestMemoryKeepsWhatIsLearned(t *testing.T) {
	const limit = 100_000
	data := make([]byte, 1000)
	for name, add := range map[string]func(m *storage.Memory, i int) error{
		"Append": func(m *storage.Memory, i int) error {
			_, err := m.Append(t.Context(), "l", fmt.Sprint(i), data)
			return err
		},
		"Learn": func(m *storage.Memory, i int) error {
			_, err := m.Learn(t.Context(), "t", storage.Lesson{Message: fmt.Sprint(i), Class: "c", IDs: []uint64{1, uint64(i)}})
			return err
		},
		"Push": func(m *storage.Memory, i int) error { return m.Push(t.Context(), "r", data, 0) },
		"Rank": func(m *storage.Memory, i int) error { return m.Rank(t.Context(), "s", fmt.Sprint(i), 1, 0, 0) },
	} {
		m := storage.NewMemory(storage.MemoryOptions{MaxBytes: limit})
		n := 0
		for ; n < limit; n++ {
			if err := m.Set(t.Context(), fmt.Sprint(n), data, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Take(t.Context(), fmt.Sprint(n), storage.Draw{Burst: 1}, time.Now()); err != nil {
				t.Fatal(err)
			}
			err := add(m, n)
			if errors.Is(err, storage.ErrFull) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		s := m.Stats()
		if n < 50 || n == limit || s.Bytes > limit || s.Bytes < limit*3/4 || s.Failed != 1 {
			t.Errorf("%s: full after %d: %+v", name, n, s)
		}
		if _, err := m.Get(t.Context(), fmt.Sprint(n)); err != nil {
			t.Errorf("%s: the newest key: %v", name, err)
		}
		if err := m.Set(t.Context(), "big", make([]byte, limit/2), 0); !errors.Is(err, storage.ErrFull) {
			t.Errorf("%s: a key for which there is no room: %v", name, err)
		}
	}
}

// TestMemoryGivesBack: what is removed does not count any more.
func TestMemoryGivesBack(t *testing.T) {
	ctx := t.Context()
	c := &clock{t: time.Unix(1e9, 0)}
	m := storage.NewMemory(storage.MemoryOptions{Clock: c.now, Lessons: 2})
	for i := range 9 {
		name := fmt.Sprint(i % 3)
		_, learn := m.Learn(ctx, "t", storage.Lesson{Message: fmt.Sprint(i), Class: name, IDs: []uint64{1, uint64(i)}})
		_, move := m.Learn(ctx, "t", storage.Lesson{Message: fmt.Sprint(i), Class: "moved"})
		_, back := m.Learn(ctx, "t", storage.Lesson{Message: fmt.Sprint(i - i%2)})
		rank := m.Rank(ctx, "s", name, float64(i), 2, time.Minute)
		gone := m.Rank(ctx, "gone", name, float64(i), 0, 0)
		_, take := m.Take(ctx, name, storage.Draw{Lasts: time.Minute}, c.now())
		if err := errors.Join(learn, move, back, rank, gone, take, m.Set(ctx, name, nil, time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(m.DropTable(ctx, "t"), m.Unrank(ctx, "gone", "0", "1", "2")); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Hour)
	if s := m.Stats(); s.Bytes != 0 || s.Keys != 0 {
		t.Errorf("%+v", s)
	}
	held := func(what string, change func(i int) error) {
		t.Helper()
		if err := change(0); err != nil {
			t.Fatal(err)
		}
		before := m.Stats().Bytes
		for i := range 9 {
			if err := change(i + 1); err != nil {
				t.Fatal(err)
			}
		}
		if now := m.Stats().Bytes; now != before {
			t.Errorf("%s: %d bytes, then %d", what, before, now)
		}
	}
	held("a list", func(int) error { return m.Push(ctx, "r", []byte("item"), 1) })
	held("a log", func(i int) error {
		_, err := m.Append(ctx, "l", fmt.Sprint(i), []byte("entry"))
		_, err2 := m.TrimLog(ctx, "l", storage.Trim{Keep: 1})
		return errors.Join(err, err2)
	})
}

func BenchmarkMemory(b *testing.B) {
	m := storage.NewMemory(storage.MemoryOptions{MaxBytes: 256 << 20})
	ids := make([]uint64, 300)
	lesson := func(i int) storage.Lesson {
		for k := range ids {
			ids[k] = uint64(i*7+k*k) % 50_000
		}
		return storage.Lesson{Message: fmt.Sprint(i), Class: "spam", IDs: ids}
	}
	now, data := time.Now(), make([]byte, 3000)
	for _, c := range []struct {
		name string
		run  func(i int) error
	}{
		{"Increment", func(i int) error {
			_, err := m.Increment(b.Context(), fmt.Sprint(i%10_000), 1, time.Minute)
			return err
		}},
		{"CompareAndSwap", func(i int) error {
			_, err := m.CompareAndSwap(b.Context(), "swap", nil, data[:10], -1)
			return err
		}},
		{"Take", func(i int) error {
			_, err := m.Take(b.Context(), "b", storage.Draw{Rate: 1, Burst: 10, N: 1}, now)
			return err
		}},
		{"Learn300", func(i int) error { _, err := m.Learn(b.Context(), "t", lesson(i%10_000)); return err }},
		{"Counts300", func(i int) error { _, err := m.Counts(b.Context(), "t", ids); return err }},
		{"Append3k", func(i int) error {
			_, err := m.Append(b.Context(), "l", "", data)
			if err == nil && i%1000 == 0 {
				_, err = m.TrimLog(b.Context(), "l", storage.Trim{Keep: 1000})
			}
			return err
		}},
		{"Push", func(i int) error { return m.Push(b.Context(), "r", data[:300], 200) }},
		{"Rank", func(i int) error {
			return m.Rank(b.Context(), "s", fmt.Sprint(i%10_000), float64(i), 5000, time.Hour)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := c.run(i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
