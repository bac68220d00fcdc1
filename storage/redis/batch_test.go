package redis_test

import (
	"errors"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestBatchWithoutScripts: a server that has lost its scripts does what was not done,
// and that once.
func TestBatchWithoutScripts(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Timeout: timeout, Connect: true})
	for n := 1.0; n <= 2; n++ {
		server.Must("script", "flush")
		take := &storage.TakeCall{Claims: []storage.Claim{{Name: "b", Draw: storage.Draw{Burst: 9, N: 1}}}, Now: time.Unix(1e9, 0)}
		add := &storage.RankCall{Rankings: []storage.Ranking{{Set: "s", Member: "m", Score: 1, Add: true}}}
		push := &storage.PushCall{List: "l", Item: []byte("x")}
		calls := []storage.Call{&storage.SetCall{Values: []storage.Value{{Key: "k"}}}, take, add, push}
		before := s.Stats().Calls
		storage.Batch(t.Context(), s, calls)
		for _, c := range calls {
			if c.Failed() != nil {
				t.Errorf("%T: %v", c, c.Failed())
			}
		}
		if made := s.Stats().Calls - before; made != 1 {
			t.Errorf("%d trips", made)
		}
		score, err := s.RankOf(t.Context(), "s", "m")
		items, err2 := s.Items(t.Context(), "l", 0, 9)
		if err := errors.Join(err, err2); err != nil || take.Buckets[0].Level != n || score != n || len(items) != int(n) {
			t.Errorf("round %v: %+v, %v, %d items, %v", n, take.Buckets, score, len(items), err)
		}
	}
}

// TestBatchToADeadServer: every call learns of it, by the scan's time, and nothing is
// written twice when the server is back.
func TestBatchToADeadServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addrs: []string{server.Addr}, Timeout: time.Hour, Connect: true})
	calls := func() []storage.Call {
		return []storage.Call{&storage.GetCall{Keys: []string{"k"}}, &storage.PushCall{List: "l", Item: []byte("x")}}
	}
	server.Pause()
	late := calls()
	storage.Batch(t.Context(), storage.Timed(s, 200*time.Millisecond), late) // returns although the server hangs
	server.Kill()
	dead := calls()
	storage.Batch(t.Context(), storage.Timed(s, time.Hour), dead)
	for _, c := range append(late, dead...) {
		if !errors.Is(c.Failed(), storage.ErrUnavailable) {
			t.Errorf("%T: %v", c, c.Failed())
		}
	}
}
