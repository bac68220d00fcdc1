package redis_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

func TestServerIsKilledAndRestarted(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendonly", "yes")
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Timeout: timeout})
	l := startLoad(t, s)
	for range 2 {
		l.more(t, 200)
		server.Kill()
		down(t, s)
		refusedAtOnce(t, s)
		server.Restart()
		up(t, s)
	}
	l.more(t, 200)
	l.check(t)
}

func refusedAtOnce(t *testing.T, s *redis.Store) {
	t.Helper()
	before := s.Stats().Refused
	if _, err := s.Get(t.Context(), "k"); !errors.Is(err, storage.ErrUnavailable) {
		t.Errorf("Get while the server is down: %v", err)
	}
	if s.Stats().Refused <= before {
		t.Errorf("the call was not refused: %+v", s.Stats())
	}
}

func TestServerIsPaused(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Timeout: timeout})
	l := startLoad(t, s)
	l.more(t, 200)
	server.Pause()
	down(t, s)
	refusedAtOnce(t, s)
	server.Resume()
	up(t, s)
	l.more(t, 200)
	l.check(t)
}

func TestCancelEndsACallToAPausedServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	// A call that waits for the time-out does not end.
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Timeout: time.Hour, Connect: true})
	server.Pause()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	value := []byte("value")
	go func() { done <- s.Set(ctx, "k", value, 0) }()
	for s.Stats().Calls == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Set: %v", err)
	}
	value[0] = 'X' // The call that still waits has a copy.
	if st := s.Stats(); !st.Up {
		t.Errorf("a canceled call counts against the server: %+v", st)
	}
	server.Resume()
}

func TestOpenBeforeTheServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Kill()
	o := redis.Options{Addrs: []string{server.Addr}}
	s := open(t, o)
	down(t, s)
	refusedAtOnce(t, s)
	o.Connect = true
	if _, err := redis.Open(t.Context(), o); err == nil {
		t.Error("Open with Connect succeeded without a server")
	}
	server.Restart()
	up(t, s)
	if err := s.Set(t.Context(), "k", nil, 0); err != nil {
		t.Error(err)
	}
}

func TestMemoryIsFull(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Connect: true})
	if err := s.Set(t.Context(), "old", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	server.Must("CONFIG", "SET", "maxmemory", "1")
	_, learn := s.Learn(t.Context(), "t", storage.Lesson{Message: "m", Class: "spam", IDs: []uint64{1}})
	_, appended := s.Append(t.Context(), "log", "", []byte("x"))
	set := s.Set(t.Context(), "new", []byte("1"), 0)
	_, take := s.Take(t.Context(), "b", storage.Draw{Rate: 1, Burst: 1, N: 1}, time.Now())
	for i, err := range []error{learn, appended, set, take, s.Push(t.Context(), "l", nil, 0)} {
		if !errors.Is(err, storage.ErrFull) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if counts, err := s.Counts(t.Context(), "t", []uint64{1}); err != nil || len(counts.Lessons)+len(counts.Tokens) != 0 {
		t.Errorf("half of a lesson was learned: %+v, %v", counts, err)
	}
	if v, err := s.Get(t.Context(), "old"); err != nil || string(v) != "1" {
		t.Errorf("Get: %q, %v", v, err)
	}
	if ok, err := s.CompareAndSwap(t.Context(), "old", []byte("1"), nil, 0); err != nil || !ok {
		t.Errorf("CompareAndSwap that removes: %v, %v", ok, err)
	}
	if err := s.Delete(t.Context(), "old", "new"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if st := s.Stats(); !st.Up || st.Refused != 0 {
		t.Errorf("%+v", st)
	}
}

func TestScriptsAreForgotten(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}})
	many := make([]storage.Lesson, 200)
	for i := range many {
		many[i] = storage.Lesson{Message: fmt.Sprint(i), Class: "ham", IDs: []uint64{7}}
	}
	for range 3 {
		server.Must("SCRIPT", "FLUSH")
		if _, err := s.Add(t.Context(), "k", nil, 0); err != nil {
			t.Error(err)
		}
		if _, err := s.LearnMany(t.Context(), "t", many); err != nil {
			t.Error(err)
		}
	}
	counts, err := s.Counts(t.Context(), "t", []uint64{7})
	if err != nil || counts.Lessons["ham"] != 200 || counts.Tokens["ham"][0] != 200 {
		t.Errorf("%+v, %v", counts, err)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "s3cret", "--user", "winnow", "on", ">0ther", "~w:*", "+@all", "-config")
	for _, o := range []redis.Options{
		{Password: "wr0ng"}, {}, {Username: "winnow", Password: "wr0ng"},
	} {
		o.Addrs, o.Connect = []string{server.Addr}, true
		_, err := redis.Open(t.Context(), o)
		if err == nil || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("Open as %q with %q: %v", o.Username, o.Password, err)
		}
		o.Connect = false
		s := open(t, o)
		down(t, s)
		if st := fmt.Sprintf("%+v", s.Stats()); strings.Contains(st, "wr0ng") {
			t.Errorf("Stats have the password: %s", st)
		}
	}
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Username: "winnow", Password: "0ther", Prefix: "w:", Connect: true})
	if err := s.Set(t.Context(), "k", nil, 0); err != nil {
		t.Error(err)
	}
	redistest.Await(t, "a warning that CONFIG is forbidden", func() bool { return warned(s, "can't be told whether appendonly") })
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory-policy", "allkeys-lru")
	s := open(t, redis.Options{Addrs: []string{server.Addr}})
	redistest.Await(t, "two warnings", func() bool {
		return warned(s, "maxmemory-policy is allkeys-lru") && warned(s, "appendonly is no")
	})
	well := redistest.Start(t, "--appendonly", "yes")
	s = open(t, redis.Options{Addrs: []string{well.Addr}, Connect: true})
	if w := s.Stats().Warnings; len(w) != 0 {
		t.Errorf("warnings about a good server: %q", w)
	}
}
