// Package storagetest checks that an implementation of the interfaces of
// package storage does what they promise. Implementers call it from a test:
//
//	func TestStore(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storagetest.Store { … })
//	}
package storagetest

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// A Store is an implementation under test, empty at first.
type Store struct {
	// KV is the store. Whatever other interfaces of package storage it
	// implements are tested too, unless it answers ErrUnsupported.
	KV storage.KV
	// Pass lets d pass on the clock that the store's TTLs run by; nil means
	// that the test sleeps. Then a test that turns out to be slower than a TTL
	// judges nothing and begins anew with a longer Tick.
	Pass func(d time.Duration)
	// Tick is the finest TTL that the store knows; 0 means a second.
	Tick time.Duration
	// MaxKey is the longest key and name that the store takes; 0 means
	// storage.MaxKey, as of every store that is no view of another one.
	MaxKey int
	// Lessons opens another store that is empty and remembers only the newest
	// n lessons of a table; nil means that forgetting isn't tested.
	Lessons func(t *testing.T, n int) storage.KV
	// Reopen closes the store and opens one with the same data; nil means that
	// the store keeps nothing.
	Reopen func(t *testing.T) storage.KV

	sleeps bool // Pass was nil
}

// Run runs the suites of the interfaces that the store implements. open gives
// a new, empty store for each test and cleans up after it with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Store) {
	suite(t, open, "KV", func(kv storage.KV) error { return kv.Delete(t.Context(), "k") }, kvCases())
	suite(t, open, "Buckets", func(b storage.Buckets) error { return b.Forget(t.Context(), "k") }, bucketCases())
	suite(t, open, "Averages", func(a storage.Averages) error {
		_, err := a.Observed(t.Context(), []storage.SeriesOf{{Name: "k", Windows: []string{"w"}}})
		return err
	}, averageCases())
	suite(t, open, "Tokens", func(k storage.Tokens) error { return k.DropTable(t.Context(), "k") }, tokenCases())
	suite(t, open, "Log", func(l storage.Log) error {
		_, err := l.LogState(t.Context(), "k")
		return err
	}, logCases())
	suite(t, open, "Recent", func(r storage.Recent) error {
		_, err := r.Items(t.Context(), "k", 0, 1)
		return err
	}, recentCases())
	suite(t, open, "Ranked", func(r storage.Ranked) error { return r.Unrank(t.Context(), "k", "m") }, rankedCases())
	suite(t, open, "Batch", func(b storage.Batcher) error {
		c := &storage.PushCall{List: "k"}
		b.Batch(t.Context(), []storage.Call{c, &storage.GetCall{Keys: []string{"k"}}})
		return c.Err
	}, batchCases())
	suite(t, open, "Whole", func(storage.KV) error { return nil }, wholeCases())
	suite(t, open, "Closer", func(io.Closer) error { return nil }, closerCases())
}

// A testCase tests one promise of the interface T, which the Store's KV
// implements.
type testCase[T any] struct {
	name string
	test func(t *testing.T, s Store, of T)
}

// suite runs the cases, each with a store of its own, if a store is a T and
// supports it.
func suite[T any](t *testing.T, open func(t *testing.T) Store, name string, probe func(T) error, cases []testCase[T]) {
	t.Run(name, func(t *testing.T) {
		if of, ok := open(t).KV.(T); !ok || errors.Is(probe(of), storage.ErrUnsupported) {
			t.Skipf("the store does not support %s", name)
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				for slower := range 5 {
					if s := open(t).withDefaults(slower); !late(func() { c.test(t, s, s.KV.(T)) }) {
						return
					}
				}
				t.Skip("the machine is too slow to tell what a TTL does")
			})
		}
	})
}

// withDefaults fills in what the opener left out; each step of slower makes the
// Tick four times as long.
func (s Store) withDefaults(slower int) Store {
	if s.Tick == 0 {
		s.Tick = time.Second
	}
	s.Tick <<= 2 * slower
	if s.MaxKey == 0 {
		s.MaxKey = storage.MaxKey
	}
	if s.Pass == nil {
		s.Pass, s.sleeps = time.Sleep, true
	}
	return s
}

// tooLate is what a test panics with when a TTL ended before the test looked.
type tooLate struct{}

// lives is called before a write with a TTL. The test calls what it returns
// after it has read what must still be there, and before it judges that.
func (s Store) lives(ttl time.Duration) (inTime func()) {
	ends := time.Now().Add(ttl)
	return func() {
		if s.sleeps && !time.Now().Before(ends) {
			panic(tooLate{})
		}
	}
}

// late runs a test and reports whether it was too late.
func late(test func()) (was bool) {
	defer func() {
		if r := recover(); r == (tooLate{}) {
			was = true
		} else if r != nil {
			panic(r)
		}
	}()
	test()
	return false
}

// eq reports a value that is not the wanted one.
func eq[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// must ends the test at an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// badKeys are names that no store takes.
func badKeys() []string { return []string{"", string(make([]byte, storage.MaxKey+1))} }

// Names as hosts may use them: bytes that are no text, what patterns and
// protocols treat specially, and the longest one.
func (s Store) oddKeys() []string {
	return []string{"\x00", "\xff\xfe", "a\r\nb", "{x}:*?[]", "../a/b", " ", "ключ", string(append(make([]byte, s.MaxKey-1), 'z'))}
}
