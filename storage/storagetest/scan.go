package storagetest

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

func swap(t *testing.T, s Store, kv storage.KV) {
	inTime := func() {}
	try := func(key string, old, value []byte, ttl time.Duration, want bool) {
		t.Helper()
		ok, err := kv.CompareAndSwap(t.Context(), key, old, value, ttl)
		inTime()
		if err != nil || ok != want {
			t.Errorf("CompareAndSwap(%q, %#v, %#v) = %v, %v, want %v", key, old, value, ok, err, want)
		}
	}
	bin := []byte("\x00\xff\r\n%s ")
	try("k", []byte("x"), bin, 0, false)
	try("k", []byte{}, bin, 0, false)
	holds(t, kv, "k", "-")
	try("k", nil, nil, 0, true)
	try("k", nil, bin, 0, true)
	try("k", nil, []byte("2"), 0, false)
	try("k", []byte{}, []byte("2"), 0, false)
	holds(t, kv, "k", string(bin))
	try("k", bin, []byte{}, 0, true)
	holds(t, kv, "k", "")
	try("k", nil, []byte("3"), 0, false)
	inTime = s.lives(s.Tick)
	try("k", []byte{}, []byte("3"), s.Tick, true)
	holdsYet(t, kv, "k", "3", inTime)
	s.Pass(s.Tick + s.Tick/2)
	inTime = func() {}
	try("k", []byte("3"), []byte("4"), 0, false)
	inTime = s.lives(s.Tick)
	try("k", nil, []byte("5"), s.Tick, true)
	try("k", []byte("5"), []byte("5"), 0, true)
	inTime = func() {}
	s.Pass(s.Tick + s.Tick/2)
	holds(t, kv, "k", "5")
	try("k", []byte("5"), nil, 0, true)
	holds(t, kv, "k", "-")
	set(t, kv, "n", "10", 0)
	try("n", []byte("10"), []byte("11"), -1, true)
	holds(t, kv, "n", "-")
}

// swapConcurrent counts by CompareAndSwap: no step is lost.
func swapConcurrent(t *testing.T, _ Store, kv storage.KV) {
	var wg sync.WaitGroup
	var sum atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 20 {
				old, err := kv.Get(t.Context(), "k")
				if err != nil && !errors.Is(err, storage.ErrNotFound) {
					t.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(old))
				ok, err := kv.CompareAndSwap(t.Context(), "k", old, []byte(strconv.Itoa(n+1)), 0)
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
	holds(t, kv, "k", fmt.Sprint(sum.Load()))
}

// scanned lists the keys with a prefix, n at a time; between is called after
// each call.
func scanned(t *testing.T, kv storage.KV, prefix string, n int, between func()) map[string]bool {
	t.Helper()
	seen, cursor := map[string]bool{}, ""
	for range 100_000 {
		keys, next, err := kv.Scan(t.Context(), prefix, cursor, n)
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

func scan(t *testing.T, s Store, kv storage.KV) {
	want := map[string]bool{}
	for i := range 300 {
		key := fmt.Sprintf("a*[\x00\xff?%d", i)
		set(t, kv, key, "v", 0)
		set(t, kv, fmt.Sprintf("aX\x00\xff?%d", i), "v", 0)
		want[key] = true
	}
	for _, n := range []int{0, 1, 7, 10_000} {
		if got := scanned(t, kv, "a*[\x00\xff?", n, nil); !maps.Equal(got, want) {
			t.Errorf("%d at a time: %d keys, want %d", n, len(got), len(want))
		}
	}
	if got := scanned(t, kv, "", 50, nil); len(got) != 600 {
		t.Errorf("%d keys in all, want 600", len(got))
	}
	if got := scanned(t, kv, "b", 50, nil); len(got) != 0 {
		t.Errorf("keys with a prefix that none has: %d", len(got))
	}
	set(t, kv, "b1", "v", s.Tick)
	s.Pass(s.Tick + s.Tick/2)
	if got := scanned(t, kv, "b", 0, nil); len(got) != 0 {
		t.Errorf("keys that are gone: %v", got)
	}
}

// scanChanged holds that keys that are there all the time are seen, whatever
// else comes and goes.
func scanChanged(t *testing.T, _ Store, kv storage.KV) {
	for i := range 200 {
		set(t, kv, fmt.Sprintf("k%d", i), "v", 0)
	}
	round := 0
	seen := scanned(t, kv, "k", 10, func() {
		for i := range 4 {
			if n := round*4 + i; n < 100 {
				if err := kv.Delete(t.Context(), fmt.Sprintf("k%d", n*2)); err != nil {
					t.Fatal(err)
				}
				set(t, kv, fmt.Sprintf("k%d", 199-n*2), "changed", 0)
				set(t, kv, fmt.Sprintf("new%d", n), "v", 0)
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
