package bayes

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage/bolt"
)

// learned returns a bolt file in which n lessons were learned, of messages whose
// features are drawn at random: so many and as various as those of mail.
func learned(b *testing.B, n int) *bolt.Store {
	store, err := bolt.Open(filepath.Join(b.TempDir(), "learn.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	l := open(b, Options{Store: store, bits: full})
	for at := 0; at < n; at += 500 {
		var list []Lesson
		for i := at; i < min(n, at+500); i++ {
			list = append(list, drawn(uint64(i)))
		}
		if _, err := l.LearnMany(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	l.Close()
	return store
}

func drawn(n uint64) Lesson {
	rnd := rand.New(rand.NewPCG(n, 3))
	view := func(n int) (v fused.View) {
		for range n {
			// The square makes some features frequent.
			x := rnd.Float64()
			v.Slots = append(v.Slots, uint32(x*x*x*(1<<fused.DefaultBits)))
		}
		return v
	}
	return Lesson{Message: fmt.Sprint(n), Features: fused.Features{Tokens: view(400), Grams: view(1100)}, Class: classOf(int(n)), Source: Trap}
}

// BenchmarkOpen is a start with 10,000 lessons in a bolt file, of which as many as
// can be are not in a snapshot.
func BenchmarkOpen(b *testing.B) {
	store := learned(b, 10_000+DefaultSnapshotEvery-1)
	b.ResetTimer()
	for b.Loop() {
		l, err := Open(b.Context(), Options{Store: store, Poll: -1})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		l.Close()
		b.ReportMetric(float64(l.since), "events")
		b.StartTimer()
	}
}

// BenchmarkLearn is a lesson that a bolt file keeps.
func BenchmarkLearn(b *testing.B) {
	l := open(b, Options{Store: learned(b, 300), bits: full})
	n := uint64(1000)
	for b.Loop() {
		n++
		if _, err := l.Learn(b.Context(), drawn(n)); err != nil {
			b.Fatal(err)
		}
	}
}
