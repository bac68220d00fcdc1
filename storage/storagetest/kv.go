package storagetest

import (
	"bytes"
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

func kvCases() []testCase[storage.KV] {
	return []testCase[storage.KV]{
		{"GetSet", getSet},
		{"Values", values},
		{"Copies", copies},
		{"GetMany", getMany},
		{"SetMany", setMany},
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
		{"Concurrent", concurrent},
		{"Snapshot", snapshot},
	}
}

func set(t *testing.T, kv storage.KV, key, value string, ttl time.Duration) {
	t.Helper()
	if err := kv.Set(t.Context(), key, []byte(value), ttl); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

// holds checks that key has a value; "-" stands for none.
func holds(t *testing.T, kv storage.KV, key, want string) {
	t.Helper()
	holdsYet(t, kv, key, want, func() {})
}

// holdsYet is holds for a key with a TTL.
func holdsYet(t *testing.T, kv storage.KV, key, want string, inTime func()) {
	t.Helper()
	got, err := kv.Get(t.Context(), key)
	inTime()
	switch {
	case want == "-":
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("Get(%q) = %q, %v, want ErrNotFound", key, got, err)
		}
	case err != nil || string(got) != want:
		t.Errorf("Get(%q) = %q, %v, want %q", key, got, err, want)
	}
}

func getSet(t *testing.T, _ Store, kv storage.KV) {
	holds(t, kv, "a", "-")
	set(t, kv, "a", "1", 0)
	holds(t, kv, "a", "1")
	set(t, kv, "a", "two", 0)
	holds(t, kv, "a", "two")
	holds(t, kv, "A", "-")
}

func values(t *testing.T, _ Store, kv storage.KV) {
	set(t, kv, "empty", "", 0)
	if v, err := kv.Get(t.Context(), "empty"); err != nil || v == nil || len(v) != 0 {
		t.Errorf("an empty value came back as %v, %v", v, err)
	}
	binary := "\x00\xff\r\n\x80 "
	set(t, kv, "binary", binary, 0)
	holds(t, kv, "binary", binary)
	set(t, kv, "key\x00\xff\n", "v", 0)
	holds(t, kv, "key\x00\xff\n", "v")
	large := strings.Repeat("x", storage.MaxValue)
	set(t, kv, "large", large, 0)
	holds(t, kv, "large", large)
}

// setMany is as many calls of Set.
func setMany(t *testing.T, _ Store, kv storage.KV) {
	set(t, kv, "b", "old", 0)
	must(t, storage.SetMany(t.Context(), kv, []storage.Value{{Key: "a", Data: []byte("1")}, {Key: "b"}, {Key: "a", Data: []byte("2")}}, 0))
	holds(t, kv, "a", "2")
	holds(t, kv, "b", "")
	must(t, storage.SetMany(t.Context(), kv, nil, 0))
	must(t, storage.SetMany(t.Context(), kv, []storage.Value{{Key: "a"}}, -1))
	holds(t, kv, "a", "-")
	err := storage.SetMany(t.Context(), kv, []storage.Value{{Key: "c", Data: []byte("3")}, {}, {Key: "d"}}, 0)
	if !errors.Is(err, storage.ErrBadKey) {
		t.Errorf("a key that is empty: %v", err)
	}
	holds(t, kv, "d", "-")
	var large []storage.Value
	for i := range 9 {
		large = append(large, storage.Value{Key: fmt.Sprint("large", i), Data: bytes.Repeat([]byte{byte(i)}, storage.MaxValue)})
	}
	must(t, storage.SetMany(t.Context(), kv, large, 0))
	for _, v := range large {
		holds(t, kv, v.Key, string(v.Data))
	}
}

func copies(t *testing.T, _ Store, kv storage.KV) {
	v := []byte("abc")
	if err := kv.Set(t.Context(), "k", v, 0); err != nil {
		t.Fatal(err)
	}
	v[0] = 'X'
	got, err := kv.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	got[1] = 'Y'
	many, err := kv.GetMany(t.Context(), []string{"k"})
	if err != nil {
		t.Fatal(err)
	}
	many[0][2] = 'Z'
	if _, err := kv.Add(t.Context(), "added", v, 0); err != nil {
		t.Fatal(err)
	}
	v[0] = '!'
	holds(t, kv, "k", "abc")
	holds(t, kv, "added", "Xbc")
}

func getMany(t *testing.T, _ Store, kv storage.KV) {
	set(t, kv, "a", "1", 0)
	set(t, kv, "empty", "", 0)
	got, err := kv.GetMany(t.Context(), []string{"a", "none", "empty", "a"})
	if err != nil || len(got) != 4 {
		t.Fatalf("GetMany = %q, %v", got, err)
	}
	if string(got[0]) != "1" || got[1] != nil || got[2] == nil || len(got[2]) != 0 || string(got[3]) != "1" {
		t.Errorf("GetMany = %#v", got)
	}
	if got, err := kv.GetMany(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("GetMany of nothing = %q, %v", got, err)
	}
}

func deletes(t *testing.T, _ Store, kv storage.KV) {
	set(t, kv, "a", "1", 0)
	set(t, kv, "b", "2", 0)
	set(t, kv, "c", "3", 0)
	if err := kv.Delete(t.Context(), "a", "none", "b"); err != nil {
		t.Error(err)
	}
	if err := kv.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	holds(t, kv, "a", "-")
	holds(t, kv, "b", "-")
	holds(t, kv, "c", "3")
}

func ttl(t *testing.T, s Store, kv storage.KV) {
	inTime, longer := s.lives(s.Tick), s.lives(100*s.Tick)
	set(t, kv, "short", "1", s.Tick)
	set(t, kv, "long", "2", 100*s.Tick)
	set(t, kv, "ever", "3", 0)
	set(t, kv, "renewed", "4", s.Tick)
	set(t, kv, "renewed", "5", 0)
	set(t, kv, "gone", "6", 0)
	set(t, kv, "gone", "7", -1)
	holdsYet(t, kv, "short", "1", inTime)
	holds(t, kv, "gone", "-")
	s.Pass(s.Tick + s.Tick/2)
	holds(t, kv, "short", "-")
	holdsYet(t, kv, "long", "2", longer)
	holds(t, kv, "ever", "3")
	holds(t, kv, "renewed", "5")
	got, err := kv.GetMany(t.Context(), []string{"short", "long"})
	longer()
	if err != nil || got[0] != nil || string(got[1]) != "2" {
		t.Errorf("GetMany = %q, %v", got, err)
	}
}

func add(t *testing.T, s Store, kv storage.KV) {
	inTime := s.lives(s.Tick)
	try := func(key, value string, ttl time.Duration, want []byte) {
		t.Helper()
		was, err := kv.Add(t.Context(), key, []byte(value), ttl)
		inTime()
		if err != nil || (was == nil) != (want == nil) || !bytes.Equal(was, want) {
			t.Errorf("Add(%q, %q) = %#v, %v, want %#v", key, value, was, err, want)
		}
	}
	try("k", "1", s.Tick, nil)
	try("k", "2", 0, []byte("1"))
	holdsYet(t, kv, "k", "1", inTime)
	s.Pass(s.Tick + s.Tick/2)
	inTime = func() {}
	try("k", "3", 0, nil)
	holds(t, kv, "k", "3")
	try("empty", "", 0, nil)
	try("empty", "x", 0, []byte{})
	holds(t, kv, "empty", "")
	try("gone", "x", -1, nil)
	holds(t, kv, "gone", "-")
}

func increment(t *testing.T, _ Store, kv storage.KV) {
	by := func(key string, delta, want int64) {
		t.Helper()
		if n, err := kv.Increment(t.Context(), key, delta, 0); err != nil || n != want {
			t.Errorf("Increment(%q, %d) = %d, %v, want %d", key, delta, n, err, want)
		}
	}
	by("n", 5, 5)
	by("n", -7, -2)
	by("n", 0, -2)
	holds(t, kv, "n", "-2")
	set(t, kv, "n", "40", 0)
	by("n", 2, 42)
	for i, value := range []string{"abc", "1.5", "", "+5", "007", "-0", " 5", "5\n", "9223372036854775808"} {
		key := fmt.Sprint("no number ", i)
		set(t, kv, key, value, 0)
		if _, err := kv.Increment(t.Context(), key, 1, 0); !errors.Is(err, storage.ErrNotNumber) {
			t.Errorf("Increment of %q: %v", value, err)
		}
		holds(t, kv, key, value)
	}
	by("max", math.MaxInt64, math.MaxInt64)
	if _, err := kv.Increment(t.Context(), "max", 1, 0); !errors.Is(err, storage.ErrNotNumber) {
		t.Errorf("Increment beyond the largest number: %v", err)
	}
	by("max", 0, math.MaxInt64)
}

func incrementTTL(t *testing.T, s Store, kv storage.KV) {
	inTime := s.lives(2 * s.Tick)
	for i := range 2 {
		n, err := kv.Increment(t.Context(), "n", 1, 2*s.Tick)
		must(t, err)
		inTime()
		eq(t, "sum", n, int64(i+1))
		s.Pass(s.Tick + s.Tick/4)
	}
	// The second increment did not prolong the first one's time.
	holds(t, kv, "n", "-")
}

func keys(t *testing.T, s Store, kv storage.KV) {
	set(t, kv, strings.Repeat("k", s.MaxKey), "v", 0)
	holds(t, kv, strings.Repeat("k", s.MaxKey), "v")
	for _, key := range []string{"", strings.Repeat("k", s.MaxKey+1)} {
		_, get := kv.Get(t.Context(), key)
		_, many := kv.GetMany(t.Context(), []string{"a", key})
		_, added := kv.Add(t.Context(), key, nil, 0)
		_, cas := kv.CompareAndSwap(t.Context(), key, nil, []byte("v"), 0)
		_, inc := kv.Increment(t.Context(), key, 1, 0)
		set := kv.Set(t.Context(), key, nil, 0)
		del := kv.Delete(t.Context(), key)
		for i, err := range []error{get, many, added, cas, inc, set, del} {
			if !errors.Is(err, storage.ErrBadKey) {
				t.Errorf("key of %d bytes, method %d: %v", len(key), i, err)
			}
		}
	}
}

func concurrent(t *testing.T, _ Store, kv storage.KV) {
	const workers, rounds = 8, 25
	var added atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				key := fmt.Sprintf("once-%d", i)
				was, err := kv.Add(t.Context(), key, []byte{byte(w)}, 0)
				if err != nil {
					t.Error(err)
				}
				if was == nil {
					added.Add(1)
				}
				if _, err := kv.Increment(t.Context(), "sum", 2, 0); err != nil {
					t.Error(err)
				}
				own := fmt.Appendf(nil, "%d-%d", w, i)
				if err := kv.Set(t.Context(), string(own), own, 0); err != nil {
					t.Error(err)
				}
				if v, err := kv.Get(t.Context(), string(own)); err != nil || !bytes.Equal(v, own) {
					t.Errorf("Get(%q) = %q, %v", own, v, err)
				}
			}
		})
	}
	wg.Wait()
	if added.Load() != rounds {
		t.Errorf("%d of %d keys were added", added.Load(), rounds)
	}
	holds(t, kv, "sum", fmt.Sprint(2*workers*rounds))
}

// snapshot holds that storage's snapshots work over the store.
func snapshot(t *testing.T, _ Store, kv storage.KV) {
	var want storage.Snapshot
	for i := range 3 {
		want.Data, want.Mark = bytes.Repeat([]byte{byte(i), 0xff, 0}, 100_000+i), uint64(i)
		version, err := storage.WriteSnapshot(t.Context(), kv, "s\x00", want)
		must(t, err)
		eq(t, "version", version, uint64(i+1))
		got, err := storage.ReadSnapshot(t.Context(), kv, "s\x00")
		must(t, err)
		if !bytes.Equal(got.Data, want.Data) || got.Mark != want.Mark || got.Version != version {
			t.Errorf("version %d, mark %d, %d bytes; want %d, %d, %d", got.Version, got.Mark, len(got.Data), version, want.Mark, len(want.Data))
		}
	}
	removed, err := storage.SweepSnapshots(t.Context(), kv, "s\x00", time.Now().Add(time.Hour))
	must(t, err)
	eq(t, "keys that the sweep removed", removed, 10)
	got, err := storage.ReadSnapshot(t.Context(), kv, "s\x00")
	must(t, err)
	if !bytes.Equal(got.Data, want.Data) {
		t.Error("the sweep changed the snapshot in force")
	}
}
