package quarantine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/quarantine"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestStoreFails: a store that is dead or slow costs copies, which are counted. The
// reply is that of the verdict, and comes within the store's budget; where copies
// are not durable it comes at once. Copies are kept again when the store is back.
func TestStoreFails(t *testing.T) {
	for _, durable := range []bool{true, false} {
		for state, most := range map[statetest.State]time.Duration{statetest.Dead: 0, statetest.Slow: winnow.DefaultStoreBudget} {
			synctest.Test(t, func(t *testing.T) {
				store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
				public, private := pair(t)
				s, err := winnow.New(winnow.Options{
					Families: []*checks.Family{}, Checks: []*checks.Check{refuse},
					After: []winnow.After{quarantine.After(quarantine.Options{Store: store, Keys: []string{public}, Durable: durable})},
				})
				if err != nil {
					t.Fatal(err)
				}
				if !durable {
					most = 0
				}
				send := func(most time.Duration) {
					t.Helper()
					begun := time.Now()
					res, err := s.Scan(t.Context(), &winnow.Message{
						Envelope: mail.Envelope{From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.net"}}, Body: winnow.FromBytes([]byte(offer)),
					})
					if err != nil || res.Reply != (winnow.Reply{Code: 554, Enhanced: "5.7.1", Text: "no"}) || time.Since(begun) != most || len(res.Incomplete) > 0 {
						t.Errorf("state %d, durable %v: %v after %v, %+v, %v", state, durable, res.Reply, time.Since(begun), res.Incomplete, err)
					}
					time.Sleep(time.Minute) // what is not durable is done or given up
				}
				store.Be(state)
				send(most)
				store.Be(statetest.Up)
				send(0)
				if st := s.AfterStats()[0]; st.Done != 1 || st.Failed != 1 {
					t.Errorf("state %d, durable %v: %+v", state, durable, st)
				}
				if all := list(t, reader(t, quarantine.Open(store), private), quarantine.Query{}); len(all) != 1 {
					t.Errorf("state %d, durable %v: %d copies, want 1", state, durable, len(all))
				}
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestTwoMachines: both keep their copies in one Redis, under common bounds, and a
// reader of either has those of both.
func TestTwoMachines(t *testing.T) {
	server := redistest.Start(t)
	public, private := pair(t)
	for i, want := range []int{1, 2, 2} {
		store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}})
		scan(t, scanner(t, quarantine.Options{Store: store, Keys: []string{public}, Durable: true, MaxMessages: 2}, nil), offer, "bob@example.net")
		if all := list(t, reader(t, quarantine.Open(store), private), quarantine.Query{}); len(all) != want {
			t.Errorf("after machine %d: %d copies, want %d", i, len(all), want)
		}
	}
}
