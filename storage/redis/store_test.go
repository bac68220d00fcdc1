package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
	"github.com/winnowmail/winnow/storage/storagetest"
)

func open(t testing.TB, o redis.Options) *redis.Store {
	t.Helper()
	return redistest.Open(t, o)
}

// suite runs storagetest on one installation; each store has a prefix of its own.
func suite(t *testing.T, o redis.Options) {
	var n atomic.Int64
	fresh := func(t *testing.T, o redis.Options) storage.KV {
		o.Prefix = fmt.Sprint(n.Add(1), ":")
		o.Connect = true
		if o.Rspamd {
			return openApart(t, o)
		}
		return open(t, o)
	}
	storagetest.Run(t, func(t *testing.T) storagetest.Store {
		kv := fresh(t, o)
		s := storagetest.Store{KV: kv, Tick: 20 * time.Millisecond}
		s.Lessons = func(t *testing.T, n int) storage.KV {
			o := o
			o.Lessons = n
			return fresh(t, o)
		}
		if whole, ok := kv.(*redis.Store); ok {
			o := o
			o.Prefix = fmt.Sprint(n.Load(), ":")
			s.Reopen = func(t *testing.T) storage.KV {
				if err := whole.Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, o)
			}
		}
		return s
	})
}

// apart is a Store made of one for each kind, each with a prefix of its own: in
// Rspamd's layout the names of the kinds must differ, and those of the suite do
// not.
type apart struct {
	storage.KV
	storage.Buckets
	storage.Tokens
	storage.Log
	storage.Recent
	storage.Ranked
	all []*redis.Store
}

func openApart(t *testing.T, o redis.Options) apart {
	var a apart
	of := func(kind string) *redis.Store {
		o := o
		o.Prefix += kind
		s := open(t, o)
		a.all = append(a.all, s)
		return s
	}
	a.KV, a.Buckets, a.Tokens, a.Log, a.Recent, a.Ranked = of("k"), of("b"), of("t"), of("l"), of("r"), of("z")
	return a
}

func (a apart) Close() error {
	for _, s := range a.all {
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
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
