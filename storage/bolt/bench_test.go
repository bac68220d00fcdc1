package bolt

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// tokens gives the ids that the benchmarks draw from.
func benchTokens() []uint64 {
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]uint64, 500_000)
	for i := range ids {
		ids[i] = r.Uint64()
	}
	return ids
}

func draw(r *rand.Rand, from []uint64, n int) []uint64 {
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = from[r.IntN(len(from))]
	}
	return ids
}

// filled opens a store whose table "t" has 500,000 tokens.
func filled(b *testing.B, tokens []uint64) *Store {
	s := benchStore(b)
	for i := 0; i < len(tokens); i += 5000 {
		_, err := s.Learn(b.Context(), "t", storage.Lesson{
			Message: fmt.Sprintf("fill %d", i), Class: []string{"ham", "spam"}[i/5000%2], IDs: tokens[i : i+5000],
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func benchStore(b *testing.B) *Store {
	s, err := Open(filepath.Join(b.TempDir(), "state"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// together runs f in 64 goroutines, b.N times in all.
func together(b *testing.B, f func(i int, r *rand.Rand) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 3))
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := f(int(i), r); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func perSecond(b *testing.B, n int) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "/s")
}

func BenchmarkCounts300(b *testing.B) {
	tokens := benchTokens()
	s := filled(b, tokens)
	r := rand.New(rand.NewPCG(5, 6))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		ids := draw(r, tokens, 300)
		b.StartTimer()
		if _, err := s.Counts(b.Context(), "t", ids); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLearnOne(b *testing.B) {
	tokens := benchTokens()
	s := filled(b, tokens)
	r := rand.New(rand.NewPCG(5, 6))
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		l := storage.Lesson{Message: fmt.Sprint("m", i), Class: "spam", IDs: draw(r, tokens, 300)}
		if _, err := s.Learn(b.Context(), "t", l); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLearn64(b *testing.B) {
	tokens := benchTokens()
	s := filled(b, tokens)
	b.ReportAllocs()
	b.ResetTimer()
	together(b, func(i int, r *rand.Rand) error {
		_, err := s.Learn(b.Context(), "t", storage.Lesson{Message: fmt.Sprint("m", i), Class: "spam", IDs: draw(r, tokens, 300)})
		return err
	})
	perSecond(b, b.N)
}

func BenchmarkLearnMany512(b *testing.B) {
	tokens := benchTokens()
	s := filled(b, tokens)
	r := rand.New(rand.NewPCG(5, 6))
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		ls := make([]storage.Lesson, 512)
		for i := range ls {
			n++
			ls[i] = storage.Lesson{Message: fmt.Sprint("m", n), Class: "ham", IDs: draw(r, tokens, 300)}
		}
		b.StartTimer()
		if _, err := s.LearnMany(b.Context(), "t", ls); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, n)
}

func BenchmarkAppendOne(b *testing.B) { benchAppend(b, 1) }

func BenchmarkAppend64(b *testing.B) { benchAppend(b, 64) }

func benchAppend(b *testing.B, goroutines int) {
	s := benchStore(b)
	data := make([]byte, 3000)
	run := func(i int, r *rand.Rand) error {
		_, err := s.Append(b.Context(), "journal", fmt.Sprintf("%016x", r.Uint64()), data)
		return err
	}
	b.ReportAllocs()
	b.ResetTimer()
	if goroutines > 1 {
		together(b, run)
	} else {
		r := rand.New(rand.NewPCG(7, 8))
		for i := range b.N {
			if err := run(i, r); err != nil {
				b.Fatal(err)
			}
		}
	}
	perSecond(b, b.N)
}

func BenchmarkTake64(b *testing.B) {
	s := benchStore(b)
	b.ReportAllocs()
	b.ResetTimer()
	together(b, func(i int, r *rand.Rand) error {
		_, err := s.Take(b.Context(), "client", storage.Draw{Rate: 1, Burst: 1e9, N: 1}, time.Now())
		return err
	})
	perSecond(b, b.N)
}

func BenchmarkGet(b *testing.B) {
	s := benchStore(b)
	if err := s.Set(b.Context(), "key", []byte("value"), 0); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(b.Context(), "key"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSize reports the size of a file after 10,000 lessons of 300 ids.
func BenchmarkSize(b *testing.B) {
	tokens := benchTokens()
	for b.Loop() {
		s := benchStore(b)
		r := rand.New(rand.NewPCG(5, 6))
		ls := make([]storage.Lesson, 10_000)
		for i := range ls {
			ls[i] = storage.Lesson{Message: fmt.Sprintf("%032x", i), Class: []string{"ham", "spam"}[i%2], IDs: draw(r, tokens, 300)}
		}
		if _, err := s.LearnMany(b.Context(), "t", ls); err != nil {
			b.Fatal(err)
		}
		st := s.Stats()
		b.ReportMetric(float64(st.Bytes)/1e6, "MB")
		b.ReportMetric(float64(st.Bytes-st.Free)/1e6, "MB-used")
		dst := filepath.Join(b.TempDir(), "compact")
		if err := s.Compact(b.Context(), dst); err != nil {
			b.Fatal(err)
		}
		if st, err := os.Stat(dst); err == nil {
			b.ReportMetric(float64(st.Size())/1e6, "MB-compacted")
		}
	}
}
