package winnow_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
)

// askers are a family whose checks ask for a key each, and leave what they got as
// the option of a symbol of theirs.
func askers(name string, start *storage.Store, keys ...string) *checks.Family {
	f := &checks.Family{Name: name, Doc: "asks", Config: name}
	for _, key := range keys {
		c := calling(name+"_"+key, checks.Main, func(ctx context.Context, s storage.Store) error {
			if s == nil {
				return nil
			}
			values, err := s.GetMany(ctx, []string{key})
			if err == nil && string(values[0]) != name {
				panic("the value is not the family's")
			}
			return err
		})
		f.Checks = append(f.Checks, c)
	}
	f.Checks[0].Start = func(_ context.Context, env *checks.Env) error {
		*start = env.Store
		return nil
	}
	return f
}

// TestStores: families have stores of their own, which are asked in one trip each,
// and a store that fails takes only its family's results.
func TestStores(t *testing.T) {
	kept := func(text string) *storage.Memory {
		m := storage.NewMemory(storage.MemoryOptions{})
		for _, key := range []string{"a", "b", "c", "d"} {
			if err := m.Set(t.Context(), key, []byte(text), 0); err != nil {
				t.Fatal(err)
			}
		}
		return m
	}
	main, own := statetest.Wrap(kept("main")), statetest.Wrap(kept("own"))
	var fromMain, fromOwn storage.Store
	o := options()
	o.Families = []*checks.Family{askers("main", &fromMain, "a", "b"), askers("own", &fromOwn, "c", "d")}
	o.Store, o.Stores = main, map[string]storage.KV{"own": own}
	s := newScanner(t, o)
	defer closeNow(t, s)
	if fromMain != storage.Store(main) || fromOwn != storage.Store(own) {
		t.Error("a family began with another store than its own")
	}
	main.Trips()
	own.Trips()
	res := scanned(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	for name, store := range map[string]*statetest.Store{"main": main, "own": own} {
		if got := store.Trips(); !slices.Equal(got, []string{"GetMany+GetMany"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(res.Incomplete) > 0 {
		t.Errorf("%+v", res.Incomplete)
	}
	own.Be(statetest.Dead)
	res = scanned(t, s, &winnow.Message{Record: true, Body: winnow.FromBytes([]byte(plain))})
	if len(res.Incomplete) != 2 || !strings.HasPrefix(res.Incomplete[0].Check, "own_") || !strings.HasPrefix(res.Incomplete[1].Check, "own_") {
		t.Errorf("%+v", res.Incomplete)
	}
	again, err := res.Transcript.Replay(t.Context(), s)
	if err != nil || len(again.Incomplete) != 2 {
		t.Errorf("%v, %v", again, err)
	}
}

// Without a store for all, families may have one.
func TestOnlyStore(t *testing.T) {
	own := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
	var first, second storage.Store
	o := options()
	o.Families = []*checks.Family{askers("none", &first, "a"), askers("own", &second, "x")}
	o.Families[1].Checks[0].Run = func(ctx context.Context, t *checks.Task) error {
		return t.Store().Set(ctx, "x", []byte("y"), 0)
	}
	o.Stores = map[string]storage.KV{"own": own}
	s := newScanner(t, o)
	defer closeNow(t, s)
	scanned(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if v, err := own.Get(t.Context(), "x"); err != nil || string(v) != "y" || first != nil || second == nil {
		t.Errorf("%q, %v, %v, %v", v, err, first, second)
	}
	for name, want := range map[string]string{"owm": `Stores: there is no family "owm"`, "own": "Stores: the store of own is nil"} {
		o.Stores = map[string]storage.KV{name: nil}
		if _, err := winnow.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
