package greylist_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/greylist"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// on is a world whose scanner has another store, and a budget for it.
func on(t *testing.T, store storage.Store, budget time.Duration, now time.Time) *world {
	t.Helper()
	w := newWorld(t, greylist.Options{})
	w.store, w.now, w.budget = store, now, budget
	w.open(greylist.Options{})
	return w
}

// A store that is dead or slow puts nothing off and says so: mail that it can't
// remember would be put off for ever. What was known is known when it is back.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
		w := on(t, store, 0, time.Now())
		if res := w.scan("bad"); res.Action != actions.SoftReject {
			t.Fatal(res.Action)
		}
		for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
			store.Be(state)
			for _, text := range []string{"bad", "bad and new"} {
				res := w.expect(text, actions.NoAction, "none")
				if len(res.Incomplete) != 1 || res.Incomplete[0].Check != "greylist_check" {
					t.Errorf("state %d: %+v", state, res.Incomplete)
				}
			}
			store.Be(statetest.Up)
			if res := w.scan("bad"); res.Action != actions.SoftReject || len(res.Incomplete) > 0 {
				t.Errorf("back from state %d: %s, %+v", state, res.Action, res.Incomplete)
			}
		}
		w.now = w.now.Add(5 * time.Minute)
		w.expect("bad", actions.NoAction, "pass,body")
		w.close()
	})
}

// A store that dies between the two steps puts nothing off that it does not know.
func TestDiesBetween(t *testing.T) {
	w := on(t, &forgetful{storage.NewMemory(storage.MemoryOptions{})}, -1, time.Now())
	res := w.expect("bad", actions.NoAction, "none")
	if len(res.Incomplete) != 1 || res.Incomplete[0].Check != "greylist_save" {
		t.Errorf("%+v", res.Incomplete)
	}
}

// forgetful is a store that takes nothing.
type forgetful struct{ *storage.Memory }

func (forgetful) SetMany(context.Context, []storage.Value, time.Duration) error { return errDown }

// What was acknowledged outlives the process.
func TestKilled(t *testing.T) {
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	store := statetest.Crash(t, func(store storage.Store) {
		on(t, store, -1, now).expect("bad", actions.SoftReject, end+"new record")
	})
	w := on(t, store, -1, now.Add(time.Minute))
	w.expect("bad", actions.SoftReject, end+"too early")
	w.now = now.Add(5 * time.Minute)
	w.expect("bad", actions.NoAction, "pass,body")
}

// What one machine puts off the other lets through in time, and trusts its client.
func TestTwoMachines(t *testing.T) {
	server := redistest.Start(t)
	now := time.Now()
	var both [2]*world
	for i := range both {
		both[i] = on(t, redistest.Open(t, redis.Options{Addrs: []string{server.Addr}}), -1, now)
	}
	for i, w := range both {
		if res := w.scan("bad"); res.Action != actions.SoftReject || res.Symbol("GREYLIST").Options[2] != [2]string{"new record", "too early"}[i] {
			t.Errorf("machine %d, at once: %s, %q", i, res.Action, res.Symbol("GREYLIST").Options)
		}
		w.now = now.Add(5 * time.Minute)
	}
	both[1].expect("bad", actions.NoAction, "pass,body")
	both[0].env.From = "eve@example.org"
	both[0].expect("bad and new", actions.NoAction, "pass,host")
}
