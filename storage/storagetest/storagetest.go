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
	"maps"
	"math"
	"strconv"
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
		{"CompareAndSwap", swap},
		{"CompareAndSwapConcurrent", swapConcurrent},
		{"Scan", scan},
		{"ScanChanged", scanChanged},
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
	try := func(key, value string, ttl time.Duration, want []byte) {
		t.Helper()
		was, err := s.KV.Add(t.Context(), key, []byte(value), ttl)
		if err != nil || (was == nil) != (want == nil) || !bytes.Equal(was, want) {
			t.Errorf("Add(%q, %q) = %#v, %v, want %#v", key, value, was, err, want)
		}
	}
	try("k", "1", s.Tick, nil)
	try("k", "2", 0, []byte("1"))
	holds(t, s, "k", "1")
	s.Pass(s.Tick + s.Tick/2)
	try("k", "3", 0, nil)
	holds(t, s, "k", "3")
	try("empty", "", 0, nil)
	try("empty", "x", 0, []byte{})
	holds(t, s, "empty", "")
	try("gone", "x", -1, nil)
	holds(t, s, "gone", "-")
}

func swap(t *testing.T, s Store) {
	try := func(key string, old, value []byte, ttl time.Duration, want bool) {
		t.Helper()
		if ok, err := s.KV.CompareAndSwap(t.Context(), key, old, value, ttl); err != nil || ok != want {
			t.Errorf("CompareAndSwap(%q, %#v, %#v) = %v, %v, want %v", key, old, value, ok, err, want)
		}
	}
	bin := []byte("\x00\xff\r\n%s ")
	try("k", []byte("x"), bin, 0, false)
	try("k", []byte{}, bin, 0, false)
	holds(t, s, "k", "-")
	try("k", nil, nil, 0, true)
	try("k", nil, bin, 0, true)
	try("k", nil, []byte("2"), 0, false)
	try("k", []byte{}, []byte("2"), 0, false)
	holds(t, s, "k", string(bin))
	try("k", bin, []byte{}, 0, true)
	holds(t, s, "k", "")
	try("k", nil, []byte("3"), 0, false)
	try("k", []byte{}, []byte("3"), s.Tick, true)
	holds(t, s, "k", "3")
	s.Pass(s.Tick + s.Tick/2)
	try("k", []byte("3"), []byte("4"), 0, false)
	try("k", nil, []byte("5"), s.Tick, true)
	try("k", []byte("5"), []byte("5"), 0, true)
	s.Pass(s.Tick + s.Tick/2)
	holds(t, s, "k", "5")
	try("k", []byte("5"), nil, 0, true)
	holds(t, s, "k", "-")
	set(t, s, "n", "10", 0)
	try("n", []byte("10"), []byte("11"), -1, true)
	holds(t, s, "n", "-")
}

// swapConcurrent counts by CompareAndSwap: no step is lost.
func swapConcurrent(t *testing.T, s Store) {
	var wg sync.WaitGroup
	var sum atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 20 {
				old, err := s.KV.Get(t.Context(), "k")
				if err != nil && !errors.Is(err, storage.ErrNotFound) {
					t.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(old))
				ok, err := s.KV.CompareAndSwap(t.Context(), "k", old, []byte(strconv.Itoa(n+1)), 0)
				if err != nil {
					t.Error(err)
					return
				}
				if ok {
					sum.Add(1)
				}
			}
		})
	}
	wg.Wait()
	holds(t, s, "k", fmt.Sprint(sum.Load()))
}

// scanned lists the keys with a prefix, n at a time; between is called after
// each call.
func scanned(t *testing.T, s Store, prefix string, n int, between func()) map[string]bool {
	t.Helper()
	seen, cursor := map[string]bool{}, ""
	for range 100_000 {
		keys, next, err := s.KV.Scan(t.Context(), prefix, cursor, n)
		if err != nil {
			t.Fatalf("Scan(%q, %q, %d): %v", prefix, cursor, n, err)
		}
		for _, key := range keys {
			if !strings.HasPrefix(key, prefix) {
				t.Errorf("Scan(%q) gave %q", prefix, key)
			}
			seen[key] = true
		}
		if between != nil {
			between()
		}
		if next == "" {
			return seen
		}
		cursor = next
	}
	t.Fatalf("Scan(%q) does not end", prefix)
	return nil
}

func scan(t *testing.T, s Store) {
	want := map[string]bool{}
	for i := range 300 {
		key := fmt.Sprintf("a*[\x00\xff?%d", i)
		set(t, s, key, "v", 0)
		set(t, s, fmt.Sprintf("aX\x00\xff?%d", i), "v", 0)
		want[key] = true
	}
	for _, n := range []int{0, 1, 7, 10_000} {
		if got := scanned(t, s, "a*[\x00\xff?", n, nil); !maps.Equal(got, want) {
			t.Errorf("%d at a time: %d keys, want %d", n, len(got), len(want))
		}
	}
	if got := scanned(t, s, "", 50, nil); len(got) != 600 {
		t.Errorf("%d keys in all, want 600", len(got))
	}
	if got := scanned(t, s, "b", 50, nil); len(got) != 0 {
		t.Errorf("keys with a prefix that none has: %d", len(got))
	}
	set(t, s, "b1", "v", s.Tick)
	s.Pass(s.Tick + s.Tick/2)
	if got := scanned(t, s, "b", 0, nil); len(got) != 0 {
		t.Errorf("keys that are gone: %v", got)
	}
}

// scanChanged holds that keys that are there all the time are seen, whatever
// else comes and goes.
func scanChanged(t *testing.T, s Store) {
	for i := range 200 {
		set(t, s, fmt.Sprintf("k%d", i), "v", 0)
	}
	round := 0
	seen := scanned(t, s, "k", 10, func() {
		for i := range 4 {
			if n := round*4 + i; n < 100 {
				if err := s.KV.Delete(t.Context(), fmt.Sprintf("k%d", n*2)); err != nil {
					t.Fatal(err)
				}
				set(t, s, fmt.Sprintf("k%d", 199-n*2), "changed", 0)
				set(t, s, fmt.Sprintf("new%d", n), "v", 0)
			}
		}
		round++
	})
	for i := 1; i < 200; i += 2 {
		if key := fmt.Sprintf("k%d", i); !seen[key] {
			t.Errorf("%s was not seen", key)
		}
	}
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
		_, cas := s.KV.CompareAndSwap(t.Context(), key, nil, []byte("v"), 0)
		_, inc := s.KV.Increment(t.Context(), key, 1, 0)
		set := s.KV.Set(t.Context(), key, nil, 0)
		del := s.KV.Delete(t.Context(), key)
		for i, err := range []error{get, many, added, cas, inc, set, del} {
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
	_, cas := s.KV.CompareAndSwap(ctx, "k", nil, []byte("v"), 0)
	_, _, scan := s.KV.Scan(ctx, "", "", 0)
	_, inc := s.KV.Increment(ctx, "k", 1, 0)
	set := s.KV.Set(ctx, "k", nil, 0)
	del := s.KV.Delete(ctx, "k")
	for i, err := range []error{get, many, added, cas, scan, inc, set, del} {
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
				was, err := s.KV.Add(t.Context(), key, []byte{byte(w)}, 0)
				if err != nil {
					t.Error(err)
				}
				if was == nil {
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
