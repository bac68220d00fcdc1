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

func BenchmarkMemory(b *testing.B) {
	m := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 20})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := m.Increment(b.Context(), fmt.Sprint(i%10_000), 1, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
