package ratelimit_test

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/ratelimit"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

func hello(t *testing.T, s *winnow.Scanner) *winnow.Result {
	t.Helper()
	res, err := s.Scan(t.Context(), &winnow.Message{
		Envelope: mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.7"), From: "ann@example.org", HasFrom: true, Rcpts: []string{"bob@example.com"}},
		Body:     winnow.FromBytes([]byte("From: ann@example.org\r\n\r\nhello\r\n")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// A store that is slow costs its budget and puts nothing off, and the limit holds
// again when it is back.
func TestSlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := statetest.Wrap(storage.NewMemory(storage.MemoryOptions{}))
		s, err := winnow.New(winnow.Options{Families: []*checks.Family{ratelimit.New(limit(t, "to", "1 / 1h"))}, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		steps := []struct {
			state statetest.State
			want  string
			took  time.Duration
		}{
			{statetest.Up, "no action", 0}, {statetest.Slow, "no action !ratelimit_check", winnow.DefaultStoreBudget}, {statetest.Up, limited, 0},
			{statetest.Dead, "no action !ratelimit_check", 0}, {statetest.Up, limited, 0},
		}
		for i, step := range steps {
			store.Be(step.state)
			begun := time.Now()
			if got := told(hello(t, s)); got != step.want || time.Since(begun) != step.took {
				t.Errorf("mail %d: %s after %v, want %s", i, got, time.Since(begun), step.want)
			}
		}
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// What a bucket had taken in outlives the process.
func TestKilled(t *testing.T) {
	store := statetest.Crash(t, func(store storage.Store) {
		hello(t, openOn(t, store, limit(t, "to", "1 / 1h")))
	})
	if got := told(hello(t, openOn(t, store, limit(t, "to", "1 / 1h")))); got != limited {
		t.Errorf("after the crash: %s", got)
	}
}
