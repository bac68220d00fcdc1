package storage_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/storagetest"
)

// opened is Memory under test, seen through a wrapper.
func opened(wrap func(*storage.Memory) storage.KV, maxKey int) func(*testing.T) storagetest.Store {
	return func(*testing.T) storagetest.Store {
		c := &clock{t: time.Unix(1e9, 0)}
		return storagetest.Store{
			KV:   wrap(storage.NewMemory(storage.MemoryOptions{Clock: c.now})),
			Pass: c.pass, Tick: time.Millisecond, MaxKey: maxKey,
		}
	}
}

func TestPrefix(t *testing.T) {
	const prefix = "\x00p*:"
	storagetest.Run(t, opened(func(m *storage.Memory) storage.KV {
		for _, other := range []string{"x", prefix[:2] + "x", "k1"} {
			if err := storage.Full(m).Push(t.Context(), other, []byte("other"), 0); err != nil {
				t.Fatal(err)
			}
			if err := m.Set(t.Context(), other, []byte("other"), 0); err != nil {
				t.Fatal(err)
			}
		}
		return storage.Prefix(m, prefix)
	}, storage.MaxKey-len(prefix)))
}

func TestPrefixesAdd(t *testing.T) {
	m := storage.NewMemory(storage.MemoryOptions{})
	p := storage.Prefix(storage.Prefix(m, "a/"), "b/")
	if err := p.Set(t.Context(), "k", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Set(t.Context(), "a/b/", []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	if v, err := m.Get(t.Context(), "a/b/k"); err != nil || string(v) != "v" {
		t.Errorf("%q, %v", v, err)
	}
	if keys, _, err := p.Scan(t.Context(), "", "", 0); err != nil || !slices.Equal(keys, []string{"k"}) {
		t.Errorf("%q, %v", keys, err)
	}
	if _, err := p.Get(t.Context(), ""); !errors.Is(err, storage.ErrBadKey) {
		t.Errorf("an empty key under a prefix: %v", err)
	}
}

// kvOnly hides everything of a store but KV.
type kvOnly struct{ storage.KV }

// some is a KV with two of the other interfaces.
type some struct {
	storage.KV
	storage.Buckets
	storage.Log
}

func TestFull(t *testing.T) {
	for name, wrap := range map[string]func(*storage.Memory) storage.KV{
		"KV":   func(m *storage.Memory) storage.KV { return storage.Full(kvOnly{m}) },
		"some": func(m *storage.Memory) storage.KV { return storage.Full(some{m, m, m}) },
		"ranked": func(m *storage.Memory) storage.KV {
			return storage.Full(struct {
				storage.KV
				storage.Ranked
			}{m, m})
		},
		"bare": func(m *storage.Memory) storage.KV { return kvOnly{m} },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "bare" {
				storagetest.Run(t, opened(wrap, 0))
				return
			}
			// What has no Close can't be closed: the suite is run on the rest.
			storagetest.Run(t, opened(func(m *storage.Memory) storage.KV {
				return struct {
					storage.KV
					storage.Buckets
					storage.Tokens
					storage.Log
					storage.Recent
					storage.Ranked
				}{wrap(m), wrap(m).(storage.Store), wrap(m).(storage.Store), wrap(m).(storage.Store), wrap(m).(storage.Store), wrap(m).(storage.Store)}
			}, 0))
		})
	}
	if storage.Full(nil) != nil {
		t.Error("Full(nil) is not nil")
	}
	m := storage.NewMemory(storage.MemoryOptions{})
	if storage.Full(m) != storage.Store(m) {
		t.Error("Full changed a Store")
	}
	f := storage.Full(kvOnly{m})
	if _, err := f.Take(t.Context(), "b", storage.Draw{}, time.Now()); !errors.Is(err, storage.ErrUnsupported) {
		t.Errorf("Take of a KV: %v", err)
	}
	if s := f.Stats(); !s.Up || s.Keys != -1 {
		t.Errorf("%+v", s)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Set(t.Context(), "k", nil, 0); err != nil {
		t.Errorf("a KV without a Close was closed: %v", err)
	}
}
