package bolt

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/storagetest"
)

// A clock is moved by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// opened opens a store in a directory of the test.
func opened(t testing.TB, o Options) *Store {
	t.Helper()
	return reopened(t, filepath.Join(t.TempDir(), "state"), o)
}

func reopened(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// underTest opens a store for storagetest.
func underTest(t *testing.T) storagetest.Store {
	c, path := newClock(), filepath.Join(t.TempDir(), "state")
	s := reopened(t, path, Options{Clock: c.Now})
	return storagetest.Store{
		KV: s, Pass: c.pass, Tick: time.Nanosecond,
		Lessons: func(t *testing.T, n int) storage.KV { return opened(t, Options{Clock: c.Now, Lessons: n}) },
		Reopen: func(t *testing.T) storage.KV {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = reopened(t, path, Options{Clock: c.Now})
			return s
		},
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, underTest)
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) storagetest.Store {
		part := func(kv storage.KV) storage.KV { return storage.Prefix(kv.(storage.Store), "p/") }
		u := underTest(t)
		lessons, reopen := u.Lessons, u.Reopen
		u.KV, u.MaxKey = part(u.KV), storage.MaxKey-2
		u.Lessons = func(t *testing.T, n int) storage.KV { return part(lessons(t, n)) }
		u.Reopen = func(t *testing.T) storage.KV { return part(reopen(t)) }
		return u
	})
}

// sound checks that the pages of a file are what they must be.
func sound(t *testing.T, s *Store) {
	t.Helper()
	if err := check(s); err != nil {
		t.Error(err)
	}
}

func check(s *Store) error {
	return s.db.View(func(btx *bbolt.Tx) (err error) {
		for e := range btx.Check() {
			err = errors.Join(err, e)
		}
		return err
	})
}

func TestLookTakesNothing(t *testing.T) {
	c := newClock()
	s := opened(t, Options{Clock: c.Now})
	d := storage.Draw{Rate: 1, Burst: 5, N: 3, Lasts: time.Minute}
	if _, err := s.Take(t.Context(), "b", d, c.Now()); err != nil {
		t.Fatal(err)
	}
	look := d
	look.N = 0
	for _, want := range []float64{3, 2, 1} {
		if b, err := s.Take(t.Context(), "b", look, c.Now()); err != nil || b.Level != want || !b.OK {
			t.Errorf("a look gives %+v, %v, want level %v", b, err, want)
		}
		c.pass(time.Second)
	}
	if b, err := s.Take(t.Context(), "b", d, c.Now()); err != nil || b.Level != 3 {
		t.Errorf("after looking: %+v, %v, want level 3", b, err)
	}
	if b, err := s.Take(t.Context(), "none", look, c.Now()); err != nil || b.Level != 0 || b.RateFactor != 1 || size(t, s, inBuckets) != 1 {
		t.Errorf("a look at no bucket gives %+v, %v", b, err)
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "state"), Options{Lessons: -1}); err == nil {
		t.Error("a negative number of lessons is taken")
	}
}
