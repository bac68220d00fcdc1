package storage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/storagetest"
)

func TestTimed(t *testing.T) {
	storagetest.Run(t, opened(func(m *storage.Memory) storage.KV { return storage.Timed(m, time.Hour) }, 0))
}

// slow takes its time for each call, and obeys ctx if it is told to.
type slow struct {
	storage.Store
	takes time.Duration
	obeys bool
	err   error
}

func (s *slow) wait(ctx context.Context) error {
	var done <-chan struct{}
	if s.obeys {
		done = ctx.Done()
	}
	select {
	case <-time.After(s.takes):
		return s.err
	case <-done:
		return fmt.Errorf("slow: %w", ctx.Err())
	}
}

func (s *slow) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

func (s *slow) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.Store.Set(context.WithoutCancel(ctx), key, value, ttl)
}

// timed runs a test in a bubble with a slow store and a budget of 300 ms.
func timed(t *testing.T, s *slow, test func(t *testing.T, ts *storage.TimedStore)) {
	synctest.Test(t, func(t *testing.T) {
		s.Store = storage.NewMemory(storage.MemoryOptions{})
		if err := s.Store.Set(t.Context(), "k", []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		test(t, storage.Timed(s, 300*time.Millisecond))
	})
}

// after checks how much time has passed.
func after(t *testing.T, begun time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(begun); got != want {
		t.Errorf("after %v, want %v", got, want)
	}
}

func TestTimedSharesTheBudget(t *testing.T) {
	for _, obeys := range []bool{true, false} {
		timed(t, &slow{takes: 120 * time.Millisecond, obeys: obeys}, func(t *testing.T, ts *storage.TimedStore) {
			begun := time.Now()
			for range 2 {
				if v, err := ts.Get(t.Context(), "k"); err != nil || string(v) != "v" {
					t.Errorf("%q, %v", v, err)
				}
				time.Sleep(time.Second) // what is no waiting does not count
			}
			if got := ts.Spent(); got != 240*time.Millisecond {
				t.Errorf("spent %v", got)
			}
			_, err := ts.Get(t.Context(), "k")
			if !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the call that was cut off: %v", err)
			}
			after(t, begun, 2300*time.Millisecond)
			if _, err := ts.Get(t.Context(), "k"); !errors.Is(err, storage.ErrUnavailable) {
				t.Errorf("a call after the budget: %v", err)
			}
			after(t, begun, 2300*time.Millisecond)
			if n := ts.Stats().Refused; n != 1 {
				t.Errorf("%d refused", n)
			}
			if err := ts.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTimedCountsOverlapsOnce(t *testing.T) {
	timed(t, &slow{takes: 100 * time.Millisecond}, func(t *testing.T, ts *storage.TimedStore) {
		begun := time.Now()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				if _, err := ts.Get(t.Context(), "k"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		after(t, begun, 170*time.Millisecond)
		if got := ts.Spent(); got != 170*time.Millisecond {
			t.Errorf("spent %v", got)
		}
	})
}

// TestTimedOwnsWhatItWasGiven: a call that goes on unattended is awaited by
// Wait, and does not see what the caller writes meanwhile.
func TestTimedOwnsWhatItWasGiven(t *testing.T) {
	s := &slow{takes: time.Second}
	timed(t, s, func(t *testing.T, ts *storage.TimedStore) {
		value := []byte("stray")
		if err := ts.Set(t.Context(), "stray", value, 0); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		copy(value, bytes.Repeat([]byte("x"), len(value)))
		begun := time.Now()
		short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := ts.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait: %v", err)
		}
		if err := ts.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		after(t, begun, 700*time.Millisecond)
		if v, err := s.Store.Get(t.Context(), "stray"); err != nil || string(v) != "stray" {
			t.Errorf("%q, %v", v, err)
		}
	})
}

func TestTimedPassesErrorsOn(t *testing.T) {
	own := errors.New("own")
	s := &slow{err: own, obeys: true}
	timed(t, s, func(t *testing.T, ts *storage.TimedStore) {
		if _, err := ts.Get(t.Context(), "k"); !errors.Is(err, own) {
			t.Errorf("%v", err)
		}
		s.err = nil
		if _, err := ts.Get(t.Context(), "none"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%v", err)
		}
		s.takes = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := ts.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("the caller's own deadline: %v", err)
		}
		if err := ts.Close(); err != nil {
			t.Error(err)
		}
		if _, err := ts.Get(t.Context(), "k"); !errors.Is(err, storage.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if _, err := s.Store.Get(t.Context(), "k"); err != nil {
			t.Errorf("Close closed the store: %v", err)
		}
		if _, err := storage.Timed(s, 0).Get(t.Context(), "k"); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("without a budget: %v", err)
		}
	})
}

type panics struct{ storage.Store }

func (panics) Get(context.Context, string) ([]byte, error) { panic("boom") }

func TestTimedPanicsInItsCaller(t *testing.T) {
	ts := storage.Timed(panics{}, time.Hour)
	defer func() {
		if r := recover(); r != "boom" {
			t.Errorf("recovered %v", r)
		}
	}()
	ts.Get(t.Context(), "k")
}

func BenchmarkTimed(b *testing.B) {
	m := storage.NewMemory(storage.MemoryOptions{})
	if err := m.Set(b.Context(), "k", []byte("v"), 0); err != nil {
		b.Fatal(err)
	}
	ts := storage.Timed(m, time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ts.Get(b.Context(), "k"); err != nil {
			b.Fatal(err)
		}
	}
}

// The call of a store in memory that takes long obeys the budget too.
func TestTimedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time {
			time.Sleep(time.Second)
			return time.Now()
		}})
		ctx := t.Context()
		if err := m.Set(ctx, "k", []byte("v"), time.Hour); err != nil { // from now on each call looks at the clock
			t.Fatal(err)
		}
		ts := storage.Timed(storage.Prefix(m, "p"), 2500*time.Millisecond)
		ls := make([]storage.Lesson, 9)
		for i := range ls {
			ls[i] = storage.Lesson{Message: fmt.Sprint(i), Class: "spam"}
		}
		if learned, err := ts.LearnMany(ctx, "t", ls); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%v, %v, want ErrUnavailable", learned, err)
		}
		if got := ts.Spent(); got != 3*time.Second {
			t.Errorf("%v are spent, want 3s", got)
		}
		if err := ts.Wait(ctx); err != nil {
			t.Error(err)
		}
		if n, err := storage.Prefix(m, "p").Counts(ctx, "t", nil); err != nil || n.Lessons["spam"] != 3 {
			t.Errorf("%v, %v, want three lessons", n.Lessons, err)
		}
	})
}

// Only for a store that keeps to deadlines a context loses its Done.
func TestByDeadline(t *testing.T) {
	memory := storage.NewMemory(storage.MemoryOptions{})
	limited, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	short := storage.ByDeadline(limited, memory)
	want, _ := limited.Deadline()
	if end, ok := short.Deadline(); !ok || !end.Equal(want) || short.Done() != nil || short.Err() != nil {
		t.Errorf("%v, %v, %v", end, ok, short.Err())
	}
	cancel()
	if !errors.Is(short.Err(), context.Canceled) {
		t.Errorf("after its end: %v", short.Err())
	}
	if ctx := storage.ByDeadline(limited, kvOnly{memory}); ctx != limited {
		t.Error("of a store that may ignore deadlines")
	}
	if ctx := storage.ByDeadline(t.Context(), memory); ctx != t.Context() {
		t.Error("without a deadline")
	}
}
