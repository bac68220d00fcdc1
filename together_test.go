package winnow_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
)

// settling is a check that commits with a call of the store.
func settling(name string) *checks.Check {
	return &checks.Check{Name: name, Doc: "commits", Needs: checks.Needs{Store: true}, Run: func(_ context.Context, t *checks.Task) error {
		t.Commit(func(ctx context.Context, _ checks.Final) error {
			return storage.SetMany(ctx, t.Store(), []storage.Value{{Key: name, Data: []byte("1")}}, time.Hour)
		})
		return nil
	}}
}

// pushing is an After that asks store with Result.Call.
func pushing(store storage.KV) winnow.After {
	return winnow.After{Name: "rows", Doc: "pushes", Durable: true, Together: true, Run: func(ctx context.Context, r *winnow.Result) error {
		return r.Call(ctx, store, &storage.PushCall{List: "l", Item: []byte("x"), Keep: 3})
	}}
}

// TestTogether: what an After asks for goes with commits, but not of another store,
// of a scan that is recorded, or where nothing is committed.
func TestTogether(t *testing.T) {
	store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
	other := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
	for _, c := range []struct {
		what   string
		checks []*checks.Check
		of     storage.KV
		record bool
		want   []string
	}{
		{"one commit", []*checks.Check{settling("a")}, store, false, []string{"Push+SetMany"}},
		{"two commits", []*checks.Check{settling("a"), settling("b")}, store, false, []string{"Push+SetMany+SetMany"}},
		{"recorded", []*checks.Check{settling("a")}, store, true, []string{"SetMany", "Push"}},
		{"no commits", []*checks.Check{raise("a", defSpam)}, store, false, []string{"Push"}},
		{"another store", []*checks.Check{settling("a")}, other, false, []string{"SetMany"}},
	} {
		o := options(c.checks...)
		o.Store, o.After, o.StoreBudget = store, []winnow.After{pushing(c.of)}, time.Minute
		s := newScanner(t, o)
		m := letterOf(plain)
		m.Record = c.record
		store.Trips()
		other.Trips()
		res := scanned(t, s, m)
		if got := store.Trips(); !slices.Equal(got, c.want) || len(res.Incomplete) > 0 {
			t.Errorf("%s: %q, want %q; %v", c.what, got, c.want, res.Incomplete)
		}
		if got := other.Trips(); (len(got) == 1) != (c.of == other) {
			t.Errorf("%s: the other store: %q", c.what, got)
		}
		if st := s.AfterStats()[0]; st.Done != 1 || st.Failed != 0 {
			t.Errorf("%s: %+v", c.what, st)
		}
		closeNow(t, s)
	}
}

// TestTogetherFails: what fails is counted with the After and named with the commit,
// and one that hangs is given up with the store's budget.
func TestTogetherFails(t *testing.T) {
	for state, want := range map[statetest.State]time.Duration{statetest.Dead: 0, statetest.Slow: winnow.DefaultStoreBudget} {
		synctest.Test(t, func(t *testing.T) {
			store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
			store.Be(state)
			o := options(settling("a"))
			o.StoreBudget = 0
			o.Store, o.After = store, []winnow.After{pushing(store)}
			s := newScanner(t, o)
			begun := time.Now()
			res := scanned(t, s, letterOf(plain))
			if took := time.Since(begun); took != want || len(res.Incomplete) == 0 || res.Incomplete[0].Check != "a" {
				t.Errorf("state %d: after %v, %v", state, took, res.Incomplete)
			}
			closeNow(t, s)
			if st := s.AfterStats()[0]; st.Failed != 1 || st.Done != 0 {
				t.Errorf("state %d: %+v", state, st)
			}
		})
	}
}

// TestTogetherHangs: an After that never asks holds up commits no longer than the
// budget lasts.
func TestTogetherHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
		a := pushing(store)
		a.Run = func(ctx context.Context, _ *winnow.Result) error {
			<-ctx.Done()
			return errors.New("slow")
		}
		o := options(settling("a"))
		o.StoreBudget = 0
		o.Store, o.After = store, []winnow.After{a}
		s := newScanner(t, o)
		begun := time.Now()
		scanned(t, s, letterOf(plain))
		if took := time.Since(begun); took != winnow.DefaultStoreBudget {
			t.Errorf("after %v", took)
		}
		closeNow(t, s)
		if st := s.AfterStats()[0]; st.Failed != 1 {
			t.Errorf("%+v", st)
		}
	})
}
