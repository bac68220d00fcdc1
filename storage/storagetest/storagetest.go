// Package storagetest checks that an implementation of a storage interface
// does what the interface promises. Implementers call it from a test:
//
//	func TestKV(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storagetest.Store { … })
//	}
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// A Store is an implementation under test, empty at first.
type Store struct {
	KV storage.KV
	// Pass lets d pass on the clock that the store's TTLs run by; nil means
	// that the test sleeps.
	Pass func(d time.Duration)
	// Tick is the finest TTL the store knows; 0 means a second.
	Tick time.Duration
}

// Run runs the suite; open gives a new, empty store for each test and cleans
// up after it with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"GetSet", getSet},
		{"Values", values},
		{"Copies", copies},
		{"GetMany", getMany},
		{"Delete", deletes},
		{"TTL", ttl},
		{"Add", add},
		{"Increment", increment},
		{"IncrementTTL", incrementTTL},
		{"Keys", keys},
		{"Context", contexts},
		{"Concurrent", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			if s.Tick == 0 {
				s.Tick = time.Second
			}
			if s.Pass == nil {
				s.Pass = time.Sleep
			}
			c.test(t, s)
		})
	}
}

func set(t *testing.T, s Store, key, value string, ttl time.Duration) {
	t.Helper()
	if err := s.KV.Set(t.Context(), key, []byte(value), ttl); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

// holds checks that key has a value; "-" stands for none.
func holds(t *testing.T, s Store, key, want string) {
	t.Helper()
	got, err := s.KV.Get(t.Context(), key)
	switch {
	case want == "-":
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get(%q) = %q, %v, want ErrNotFound", key, got, err)
		}
	case err != nil || string(got) != want:
		t.Errorf("Get(%q) = %q, %v, want %q", key, got, err, want)
	}
}

func getSet(t *testing.T, s Store) {
	holds(t, s, "a", "-")
	set(t, s, "a", "1", 0)
	holds(t, s, "a", "1")
	set(t, s, "a", "two", 0)
	holds(t, s, "a", "two")
	holds(t, s, "A", "-")
}

func values(t *testing.T, s Store) {
	set(t, s, "empty", "", 0)
	if v, err := s.KV.Get(t.Context(), "empty"); err != nil || v == nil || len(v) != 0 {
		t.Errorf("an empty value came back as %v, %v", v, err)
	}
	binary := "\x00\xff\r\n\x80 "
	set(t, s, "binary", binary, 0)
	holds(t, s, "binary", binary)
	set(t, s, "key\x00\xff\n", "v", 0)
	holds(t, s, "key\x00\xff\n", "v")
	large := strings.Repeat("x", storage.MaxValue)
	set(t, s, "large", large, 0)
	holds(t, s, "large", large)
}

func copies(t *testing.T, s Store) {
	v := []byte("abc")
	if err := s.KV.Set(t.Context(), "k", v, 0); err != nil {
		t.Fatal(err)
	}
	v[0] = 'X'
	got, err := s.KV.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	got[1] = 'Y'
	many, err := s.KV.GetMany(t.Context(), []string{"k"})
	if err != nil {
		t.Fatal(err)
	}
	many[0][2] = 'Z'
	if _, err := s.KV.Add(t.Context(), "added", v, 0); err != nil {
		t.Fatal(err)
	}
	v[0] = '!'
	holds(t, s, "k", "abc")
	holds(t, s, "added", "Xbc")
}

func getMany(t *testing.T, s Store) {
	set(t, s, "a", "1", 0)
	set(t, s, "empty", "", 0)
	got, err := s.KV.GetMany(t.Context(), []string{"a", "none", "empty", "a"})
	if err != nil || len(got) != 4 {
		t.Fatalf("GetMany = %q, %v", got, err)
	}
	if string(got[0]) != "1" || got[1] != nil || got[2] == nil || len(got[2]) != 0 || string(got[3]) != "1" {
		t.Errorf("GetMany = %#v", got)
	}
	if got, err := s.KV.GetMany(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("GetMany of nothing = %q, %v", got, err)
	}
}

func deletes(t *testing.T, s Store) {
	set(t, s, "a", "1", 0)
	set(t, s, "b", "2", 0)
	set(t, s, "c", "3", 0)
	if err := s.KV.Delete(t.Context(), "a", "none", "b"); err != nil {
		t.Error(err)
	}
	if err := s.KV.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	holds(t, s, "a", "-")
	holds(t, s, "b", "-")
	holds(t, s, "c", "3")
}

func ttl(t *testing.T, s Store) {
	set(t, s, "short", "1", s.Tick)
	set(t, s, "long", "2", 100*s.Tick)
	set(t, s, "ever", "3", 0)
	set(t, s, "renewed", "4", s.Tick)
	set(t, s, "renewed", "5", 0)
	set(t, s, "gone", "6", 0)
	set(t, s, "gone", "7", -1)
	holds(t, s, "short", "1")
	holds(t, s, "gone", "-")
	s.Pass(s.Tick + s.Tick/2)
	holds(t, s, "short", "-")
	holds(t, s, "long", "2")
	holds(t, s, "ever", "3")
	holds(t, s, "renewed", "5")
	if got, err := s.KV.GetMany(t.Context(), []string{"short", "long"}); err != nil || got[0] != nil || string(got[1]) != "2" {
		t.Errorf("GetMany = %q, %v", got, err)
	}
}

func add(t *testing.T, s Store) {
	try := func(value string, ttl time.Duration, want bool) {
		t.Helper()
		if added, err := s.KV.Add(t.Context(), "k", []byte(value), ttl); err != nil || added != want {
			t.Errorf("Add(%q) = %v, %v, want %v", value, added, err, want)
		}
	}
	try("1", s.Tick, true)
	try("2", 0, false)
	holds(t, s, "k", "1")
	s.Pass(s.Tick + s.Tick/2)
	try("3", 0, true)
	holds(t, s, "k", "3")
}

func increment(t *testing.T, s Store) {
	by := func(key string, delta, want int64) {
		t.Helper()
		if n, err := s.KV.Increment(t.Context(), key, delta, 0); err != nil || n != want {
			t.Errorf("Increment(%q, %d) = %d, %v, want %d", key, delta, n, err, want)
		}
	}
	by("n", 5, 5)
	by("n", -7, -2)
	by("n", 0, -2)
	holds(t, s, "n", "-2")
	set(t, s, "n", "40", 0)
	by("n", 2, 42)
	for key, value := range map[string]string{"text": "abc", "float": "1.5", "none": ""} {
		set(t, s, key, value, 0)
		if _, err := s.KV.Increment(t.Context(), key, 1, 0); !errors.Is(err, storage.ErrNotNumber) {
			t.Errorf("Increment of %q: %v", value, err)
		}
		holds(t, s, key, value)
	}
	by("max", math.MaxInt64, math.MaxInt64)
	if _, err := s.KV.Increment(t.Context(), "max", 1, 0); !errors.Is(err, storage.ErrNotNumber) {
		t.Errorf("Increment beyond the largest number: %v", err)
	}
	by("max", 0, math.MaxInt64)
}

func incrementTTL(t *testing.T, s Store) {
	for range 2 {
		if _, err := s.KV.Increment(t.Context(), "n", 1, 2*s.Tick); err != nil {
			t.Fatal(err)
		}
		s.Pass(s.Tick + s.Tick/4)
	}
	// The second increment did not prolong the first one's time.
	holds(t, s, "n", "-")
}

func keys(t *testing.T, s Store) {
	set(t, s, strings.Repeat("k", storage.MaxKey), "v", 0)
	holds(t, s, strings.Repeat("k", storage.MaxKey), "v")
	for _, key := range []string{"", strings.Repeat("k", storage.MaxKey+1)} {
		_, get := s.KV.Get(t.Context(), key)
		_, many := s.KV.GetMany(t.Context(), []string{"a", key})
		_, added := s.KV.Add(t.Context(), key, nil, 0)
		_, inc := s.KV.Increment(t.Context(), key, 1, 0)
		set := s.KV.Set(t.Context(), key, nil, 0)
		del := s.KV.Delete(t.Context(), key)
		for i, err := range []error{get, many, added, inc, set, del} {
			if !errors.Is(err, storage.ErrBadKey) {
				t.Errorf("key of %d bytes, method %d: %v", len(key), i, err)
			}
		}
	}
}

func contexts(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, get := s.KV.Get(ctx, "k")
	_, many := s.KV.GetMany(ctx, []string{"k"})
	_, added := s.KV.Add(ctx, "k", nil, 0)
	_, inc := s.KV.Increment(ctx, "k", 1, 0)
	set := s.KV.Set(ctx, "k", nil, 0)
	del := s.KV.Delete(ctx, "k")
	for i, err := range []error{get, many, added, inc, set, del} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("method %d with a canceled context: %v", i, err)
		}
	}
	holds(t, s, "k", "-")
}

func concurrent(t *testing.T, s Store) {
	const workers, rounds = 8, 25
	var added atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				key := fmt.Sprintf("once-%d", i)
				ok, err := s.KV.Add(t.Context(), key, []byte{byte(w)}, 0)
				if err != nil {
					t.Error(err)
				}
				if ok {
					added.Add(1)
				}
				if _, err := s.KV.Increment(t.Context(), "sum", 2, 0); err != nil {
					t.Error(err)
				}
				own := fmt.Appendf(nil, "%d-%d", w, i)
				if err := s.KV.Set(t.Context(), string(own), own, 0); err != nil {
					t.Error(err)
				}
				if v, err := s.KV.Get(t.Context(), string(own)); err != nil || !bytes.Equal(v, own) {
					t.Errorf("Get(%q) = %q, %v", own, v, err)
				}
			}
		})
	}
	wg.Wait()
	if added.Load() != rounds {
		t.Errorf("%d of %d keys were added", added.Load(), rounds)
	}
	holds(t, s, "sum", fmt.Sprint(2*workers*rounds))
}
