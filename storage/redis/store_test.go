package redis_test

import (
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage/redis"
	"github.com/winnowmail/winnow/storage/storagetest"
)

func open(t testing.TB, o redis.Options) *redis.Store {
	t.Helper()
	s, err := redis.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// suite runs storagetest on one installation; each test has a prefix of its own.
func suite(t *testing.T, o redis.Options) {
	n := 0
	storagetest.Run(t, func(t *testing.T) storagetest.Store {
		o := o
		n++
		o.Prefix = string(rune('a'+n)) + ":"
		o.Connect = true
		return storagetest.Store{KV: open(t, o), Tick: 20 * time.Millisecond}
	})
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	suite(t, redis.Options{Addrs: []string{s.Addr}, DB: 3})
}

func TestSocket(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	suite(t, redis.Options{Addrs: []string{s.Socket}})
}

func TestRspamdLayout(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	suite(t, redis.Options{Addrs: []string{s.Addr}, Rspamd: true})
}

func TestCluster(t *testing.T) {
	t.Parallel()
	var addrs []string
	for _, s := range redistest.Cluster(t, 3) {
		addrs = append(addrs, s.Addr)
	}
	suite(t, redis.Options{Addrs: addrs[:1], Cluster: true})
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	g := redistest.Sentinel(t)
	suite(t, redis.Options{Addrs: []string{g.Sentinel.Addr}, Master: "mymaster", Acks: 1})
}
