package bolt

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

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

func TestStore(t *testing.T) { storagetest.Run(t, underTest) }
