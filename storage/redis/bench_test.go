package redis_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// The benchmarks measure a server on loopback that keeps an append-only file,
// with the 64 goroutines of a busy mail server where they are parallel.

func benchStore(b *testing.B) *redis.Store {
	s := redistest.Start(b, "--appendonly", "yes", "--appendfsync", "everysec")
	store := open(b, redis.Options{Addrs: []string{s.Addr}, Connect: true})
	b.ReportAllocs()
	return store
}

// by64 runs do in 64 goroutines; i differs in each call.
func by64(b *testing.B, do func(i int) error) {
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	var n atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := do(int(n.Add(1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func BenchmarkGet(b *testing.B) {
	for name, ctx := range map[string]context.Context{"endless": context.Background(), "cancelable": b.Context()} {
		b.Run(name, func(b *testing.B) {
			s := benchStore(b)
			if err := s.Set(ctx, "k", []byte("v"), 0); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := s.Get(ctx, "k"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompareAndSwap(b *testing.B) {
	s := benchStore(b)
	by64(b, func(i int) error {
		ok, err := s.CompareAndSwap(b.Context(), fmt.Sprint("key", i), nil, []byte("value"), time.Hour)
		if err == nil && !ok {
			err = fmt.Errorf("key %d was there", i)
		}
		return err
	})
}

func BenchmarkTakeOneBucket(b *testing.B) {
	s := benchStore(b)
	by64(b, func(int) error {
		_, err := s.Take(b.Context(), "bucket", storage.Draw{Rate: 1e6, Burst: 1e6, N: 1}, time.Now())
		return err
	})
}

func BenchmarkAppend3kB(b *testing.B) {
	s := benchStore(b)
	data := bytes.Repeat([]byte("entry "), 512)
	by64(b, func(i int) error {
		_, err := s.Append(b.Context(), "log", fmt.Sprint("id", i), data)
		return err
	})
}

// lesson makes a lesson of 300 of 500,000 tokens.
func lesson(r *rand.Rand, message string) storage.Lesson {
	l := storage.Lesson{Message: message, Class: []string{"spam", "ham"}[r.IntN(2)], IDs: make([]uint64, 300)}
	for i := range l.IDs {
		l.IDs[i] = uint64(r.IntN(500_000)) * 0x9e3779b97f4a7c15
	}
	return l
}

func BenchmarkLearn300(b *testing.B) {
	s := benchStore(b)
	by64(b, func(i int) error {
		_, err := s.Learn(b.Context(), "table", lesson(rand.New(rand.NewPCG(1, uint64(i))), fmt.Sprint("message", i)))
		return err
	})
}

func BenchmarkLearnMany512(b *testing.B) {
	s := benchStore(b)
	r := rand.New(rand.NewPCG(1, 1))
	for i := 0; b.Loop(); i++ {
		many := make([]storage.Lesson, 512)
		for j := range many {
			many[j] = lesson(r, fmt.Sprint("message", i, ".", j))
		}
		if _, err := s.LearnMany(b.Context(), "table", many); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(512*float64(b.N)/b.Elapsed().Seconds(), "lessons/s")
}

func BenchmarkCounts300(b *testing.B) {
	for _, layout := range []string{"own", "rspamd"} {
		b.Run(layout, func(b *testing.B) {
			server := redistest.Start(b)
			s := open(b, redis.Options{Addrs: []string{server.Addr}, Rspamd: layout == "rspamd"})
			r := rand.New(rand.NewPCG(1, 1))
			many := make([]storage.Lesson, 1000)
			for i := range many {
				many[i] = lesson(r, fmt.Sprint("message", i))
			}
			if _, err := s.LearnMany(b.Context(), "table", many); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Counts(b.Context(), "table", lesson(r, "").IDs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
