package redis_test

import (
	"bytes"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// goroutines counts those that run code of this package or of the client
// library for a Store, which tests beside this one have too; so it is run
// alone.
func goroutines() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	n := 0
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("redis/go-redis")) || bytes.Contains(stack, []byte("storage/redis.(*")) {
			n++
		}
	}
	return n
}

func TestCloseLeavesNothing(t *testing.T) {
	server := redistest.Start(t)
	group := redistest.Sentinel(t)
	cluster := redistest.Cluster(t, 3)
	for name, o := range map[string]redis.Options{
		"server":   {Addrs: []string{server.Addr}},
		"sentinel": {Addrs: []string{group.Sentinel.Addr}, Master: "mymaster"},
		"cluster":  {Addrs: addrs(cluster)},
	} {
		t.Run(name, func(t *testing.T) {
			o.Timeout = time.Hour // a Close that waits for it does not end
			s, err := redis.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Set(t.Context(), "k", nil, 0); err != nil {
				t.Error(err)
			}
			// Some calls wait for an answer that does not come.
			for _, p := range append(cluster, server, group.Master) {
				p.Pause()
				defer p.Resume()
			}
			before := s.Stats().Calls
			var wg sync.WaitGroup
			for range workers {
				wg.Go(func() {
					if err := s.Set(t.Context(), "k", nil, 0); !errors.Is(err, storage.ErrClosed) {
						t.Errorf("Set: %v", err)
					}
				})
			}
			redistest.Await(t, "calls in progress", func() bool { return s.Stats().Calls == before+workers })
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			wg.Wait()
			redistest.Await(t, "the end of all goroutines", func() bool { return goroutines() == 0 })
		})
	}
}
