package mxcheck_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/mxcheck"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestTwoMachines: what one machine found out the other knows from their common
// Redis, and makes no connection.
func TestTwoMachines(t *testing.T) {
	server := redistest.Start(t)
	for i, dials := range []int64{2, 0} {
		w := newWorld(twoDomains)
		w.store = redistest.Open(t, redis.Options{Addrs: []string{server.Addr}})
		const want = "MX_GOOD[mx.example.org] MIME_FROM_MX_REFUSED[mx.from.example.org]"
		if got, _ := w.scan(t, "ann@example.org"); got != want || w.dials.Load() != dials {
			t.Errorf("machine %d: %s, %d connections, want %d", i, got, w.dials.Load(), dials)
		}
	}
}

// TestKilled: what was found out is known after kill -9.
func TestKilled(t *testing.T) {
	w := newWorld(twoDomains)
	w.store = statetest.Crash(t, func(store storage.Store) {
		w := newWorld(twoDomains)
		w.store = store
		w.scan(t, "ann@example.org")
	})
	if got, _ := w.scan(t, "ann@example.org"); !strings.HasPrefix(got, "MX_GOOD") || w.dials.Load() != 0 {
		t.Errorf("%s, %d connections", got, w.dials.Load())
	}
}

// TestFaults: with a store that is dead or slow nobody connects, and the Result
// says so within the store's budget; what was known is known when it is back.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(twoDomains)
		w.opt.NoFrom = true
		store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
		s, err := winnow.New(winnow.Options{
			Families: []*checks.Family{mxcheck.New(w.opt)}, Store: store, DNS: resolver.Options{Resolver: &w.dns},
		})
		if err != nil {
			t.Fatal(err)
		}
		scan := func() string {
			res, err := s.Scan(t.Context(), &winnow.Message{
				Envelope: mail.Envelope{From: "ann@example.org", HasFrom: true}, Body: winnow.FromBytes([]byte("From: ann@example.org\r\n\r\n")),
			})
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, h := range res.Symbols {
				said = append(said, fmt.Sprint(h.Name, h.Options))
			}
			for _, in := range res.Incomplete {
				said = append(said, "!"+in.Check)
			}
			return strings.Join(said, " ")
		}
		const good = "MX_GOOD[mx.example.org]"
		if got := scan(); got != good || w.dials.Load() != 1 {
			t.Errorf("%s, %d connections", got, w.dials.Load())
		}
		for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
			store.Be(state)
			if got := scan(); got != "MX_REDIS_ERROR[mx.example.org] !mx" {
				t.Errorf("state %d: %s", state, got)
			}
			store.Be(statetest.Up)
			if got := scan(); got != good || w.dials.Load() != 1 {
				t.Errorf("back from state %d: %s, %d connections", state, got, w.dials.Load())
			}
		}
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
