package storagetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/winnowmail/winnow/storage"
)

func wholeCases() []testCase[storage.KV] {
	return []testCase[storage.KV]{
		{"Context", contexts},
		{"OneNameOfEachKind", oneName},
		{"Stats", stats},
		{"Reopen", reopen},
	}
}

func closerCases() []testCase[io.Closer] { return []testCase[io.Closer]{{"Close", closes}} }

// allAre checks that each error wraps the wanted one.
func allAre(t *testing.T, want error, errs ...error) {
	t.Helper()
	for i, err := range errs {
		if !errors.Is(err, want) {
			t.Errorf("call %d: %v, want %v", i, err, want)
		}
	}
}

// A call is one method of a store with good arguments, all named x.
type call struct {
	name string
	run  func(ctx context.Context) error
}

// calls are all methods that a store has.
func calls(store storage.KV) []call {
	x, v := "x", []byte("1")
	all := []call{
		{"Get", func(ctx context.Context) error { _, err := store.Get(ctx, x); return err }},
		{"GetMany", func(ctx context.Context) error { _, err := store.GetMany(ctx, []string{x}); return err }},
		{"Set", func(ctx context.Context) error { return store.Set(ctx, x, v, 0) }},
		{"Add", func(ctx context.Context) error { _, err := store.Add(ctx, x, v, 0); return err }},
		{"CompareAndSwap", func(ctx context.Context) error { _, err := store.CompareAndSwap(ctx, x, nil, v, 0); return err }},
		{"Increment", func(ctx context.Context) error { _, err := store.Increment(ctx, x, 1, 0); return err }},
		{"Delete", func(ctx context.Context) error { return store.Delete(ctx, x) }},
		{"Scan", func(ctx context.Context) error { _, _, err := store.Scan(ctx, "", "", 0); return err }},
	}
	if b, ok := store.(storage.Buckets); ok {
		all = append(all,
			call{"Take", func(ctx context.Context) error { _, err := b.Take(ctx, x, storage.Draw{Burst: 1}, start()); return err }},
			call{"Tune", func(ctx context.Context) error { _, err := b.Tune(ctx, x, storage.Tuning{}, start()); return err }},
			call{"TakeAll", func(ctx context.Context) error {
				_, err := b.TakeAll(ctx, []storage.Claim{{Name: x, Draw: storage.Draw{Burst: 1, N: 1}}}, start())
				return err
			}},
			call{"Settle", func(ctx context.Context) error {
				return b.Settle(ctx, []storage.Settlement{{Name: x, Back: 1}}, start())
			}},
			call{"Forget", func(ctx context.Context) error { return b.Forget(ctx, x) }})
	}
	if a, ok := store.(storage.Averages); ok {
		all = append(all,
			call{"Observe", func(ctx context.Context) error {
				return a.Observe(ctx, []storage.Observation{{Series: x, Value: 1, Windows: month()}}, start())
			}},
			call{"Observed", func(ctx context.Context) error {
				_, err := a.Observed(ctx, []storage.SeriesOf{{Name: x, Windows: []string{"1m"}}})
				return err
			}})
	}
	if k, ok := store.(storage.Tokens); ok {
		l := storage.Lesson{Message: x, Class: x, IDs: []uint64{1}}
		all = append(all,
			call{"Counts", func(ctx context.Context) error { _, err := k.Counts(ctx, x, []uint64{1}); return err }},
			call{"Learn", func(ctx context.Context) error { _, err := k.Learn(ctx, x, l); return err }},
			call{"LearnMany", func(ctx context.Context) error { _, err := k.LearnMany(ctx, x, []storage.Lesson{l}); return err }},
			call{"Lesson", func(ctx context.Context) error { _, err := k.Lesson(ctx, x, x); return err }},
			call{"DropTable", func(ctx context.Context) error { return k.DropTable(ctx, x) }})
	}
	if l, ok := store.(storage.Log); ok {
		all = append(all,
			call{"Append", func(ctx context.Context) error { _, err := l.Append(ctx, x, x, v); return err }},
			call{"ReadLog", func(ctx context.Context) error { _, err := l.ReadLog(ctx, x, 1, 1); return err }},
			call{"NewestLog", func(ctx context.Context) error { _, err := l.NewestLog(ctx, x, 0, 1); return err }},
			call{"LogState", func(ctx context.Context) error { _, err := l.LogState(ctx, x); return err }},
			call{"TrimLog", func(ctx context.Context) error { _, err := l.TrimLog(ctx, x, storage.Trim{}); return err }})
	}
	return append(all, listCalls(store, x, v)...)
}

func listCalls(store storage.KV, x string, v []byte) []call {
	var all []call
	if r, ok := store.(storage.Recent); ok {
		all = append(all,
			call{"Push", func(ctx context.Context) error { return r.Push(ctx, x, v, 0) }},
			call{"Items", func(ctx context.Context) error { _, err := r.Items(ctx, x, 0, 1); return err }})
	}
	if r, ok := store.(storage.Ranked); ok {
		all = append(all,
			call{"Rank", func(ctx context.Context) error { return r.Rank(ctx, x, x, 1, 0, 0) }},
			call{"RankOf", func(ctx context.Context) error { _, err := r.RankOf(ctx, x, x); return err }},
			call{"Members", func(ctx context.Context) error { _, err := r.Members(ctx, x, 0, 1); return err }},
			call{"Unrank", func(ctx context.Context) error { return r.Unrank(ctx, x, x) }})
	}
	return all
}

// failAll checks that every method gives the error and that none does anything.
func failAll(t *testing.T, ctx context.Context, store storage.KV, want error) {
	t.Helper()
	for _, c := range calls(store) {
		if err := c.run(ctx); !errors.Is(err, want) && !errors.Is(err, storage.ErrUnsupported) {
			t.Errorf("%s: %v, want %v", c.name, err, want)
		}
	}
}

func contexts(t *testing.T, _ Store, kv storage.KV) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	failAll(t, ctx, kv, context.Canceled)
	untouched(t, kv)
}

// untouched checks that nothing has the name x.
func untouched(t *testing.T, kv storage.KV) {
	t.Helper()
	holds(t, kv, "x", "-")
	if a, ok := kv.(storage.Averages); ok {
		got, err := a.Observed(t.Context(), []storage.SeriesOf{{Name: "x", Windows: []string{"1m"}}})
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || got[0].Count != 0) {
			t.Errorf("series x: %+v, %v", got, err)
		}
	}
	if k, ok := kv.(storage.Tokens); ok {
		c, err := k.Counts(t.Context(), "x", []uint64{1})
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || len(c.Lessons) != 0) {
			t.Errorf("table x: %+v, %v", c, err)
		}
	}
	if l, ok := kv.(storage.Log); ok {
		s, err := l.LogState(t.Context(), "x")
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || s.Next != 1) {
			t.Errorf("log x: %+v, %v", s, err)
		}
	}
	if r, ok := kv.(storage.Recent); ok {
		items, err := r.Items(t.Context(), "x", 0, 1)
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || len(items) != 0) {
			t.Errorf("list x: %q, %v", items, err)
		}
	}
	if r, ok := kv.(storage.Ranked); ok {
		members, err := r.Members(t.Context(), "x", 0, 1)
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || len(members) != 0) {
			t.Errorf("set x: %v, %v", members, err)
		}
	}
}

// fillX puts something of each kind under the name x; fullX checks that it is
// there.
func fillX(t *testing.T, kv storage.KV) {
	t.Helper()
	for _, c := range calls(kv) {
		switch c.name {
		case "Set", "Learn", "Append", "Push", "Rank", "Observe":
			if err := c.run(t.Context()); err != nil && !errors.Is(err, storage.ErrUnsupported) {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	}
	if b, ok := kv.(storage.Buckets); ok {
		if _, err := b.Take(t.Context(), "x", storage.Draw{Burst: 5, N: 2}, start()); err != nil && !errors.Is(err, storage.ErrUnsupported) {
			t.Fatalf("Take: %v", err)
		}
	}
}

func fullX(t *testing.T, kv storage.KV) {
	t.Helper()
	holds(t, kv, "x", "1")
	if b, ok := kv.(storage.Buckets); ok {
		got, err := b.Take(t.Context(), "x", storage.Draw{Burst: 5}, start())
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || got.Level != 2) {
			t.Errorf("bucket x: %+v, %v", got, err)
		}
	}
	if a, ok := kv.(storage.Averages); ok {
		got, err := a.Observed(t.Context(), []storage.SeriesOf{{Name: "x", Windows: []string{"1m"}}})
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || got[0].Count != 1 || got[0].Values["1m"] != 1) {
			t.Errorf("series x: %+v, %v", got, err)
		}
	}
	if k, ok := kv.(storage.Tokens); ok {
		got, err := k.Counts(t.Context(), "x", []uint64{1})
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || got.Lessons["x"] != 1 || len(got.Tokens["x"]) != 1 || got.Tokens["x"][0] != 1) {
			t.Errorf("table x: %+v, %v", got, err)
		}
	}
	if l, ok := kv.(storage.Log); ok {
		got, err := l.ReadLog(t.Context(), "x", 1, 9)
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || len(got) != 1 || got[0].ID != "x" || string(got[0].Data) != "1") {
			t.Errorf("log x: %+v, %v", got, err)
		}
	}
	if r, ok := kv.(storage.Recent); ok {
		got, err := r.Items(t.Context(), "x", 0, 9)
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || len(got) != 1 || string(got[0]) != "1") {
			t.Errorf("list x: %q, %v", got, err)
		}
	}
	if r, ok := kv.(storage.Ranked); ok {
		got, err := r.RankOf(t.Context(), "x", "x")
		if !errors.Is(err, storage.ErrUnsupported) && (err != nil || got != 1) {
			t.Errorf("set x: %v, %v", got, err)
		}
	}
}

// oneName holds that each kind has names of its own.
func oneName(t *testing.T, _ Store, kv storage.KV) {
	fillX(t, kv)
	fullX(t, kv)
	if got := scanned(t, kv, "", 0, nil); len(got) != 1 || !got["x"] {
		t.Errorf("the keys are %v, want x alone", got)
	}
	if err := kv.Delete(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	set(t, kv, "x", "1", 0)
	fullX(t, kv)
}

func stats(t *testing.T, _ Store, kv storage.KV) {
	s, ok := kv.(interface{ Stats() storage.Stats })
	if !ok {
		t.Skip("the store has no Stats")
	}
	before := s.Stats()
	if before.Kind == "" || !before.Up || before.Err != nil {
		t.Errorf("%+v", before)
	}
	set(t, kv, "x", "1", 0)
	holds(t, kv, "x", "1")
	if after := s.Stats(); after.Calls < before.Calls+2 || after.Failed != before.Failed || after.Refused != before.Refused {
		t.Errorf("before two calls %+v, after them %+v", before, after)
	}
}

func reopen(t *testing.T, s Store, kv storage.KV) {
	if s.Reopen == nil {
		t.Skip("the store keeps nothing")
	}
	fillX(t, kv)
	set(t, kv, "short", "1", s.Tick)
	inTime := s.lives(1000 * s.Tick)
	set(t, kv, "long", "1", 1000*s.Tick)
	kv = s.Reopen(t)
	fullX(t, kv)
	holdsYet(t, kv, "long", "1", inTime)
	s.Pass(s.Tick + s.Tick/2)
	holds(t, kv, "short", "-")
}

func closes(t *testing.T, s Store, c io.Closer) {
	fillX(t, s.KV)
	must(t, c.Close())
	failAll(t, t.Context(), s.KV, storage.ErrClosed)
	must(t, c.Close())
}
