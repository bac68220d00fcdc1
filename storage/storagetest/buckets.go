package storagetest

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

func bucketCases() []testCase[storage.Buckets] {
	return []testCase[storage.Buckets]{
		{"Take", take},
		{"Look", look},
		{"LookChangesNothing", lookOnly},
		{"ClockGoesBack", takeBack},
		{"Tune", tune},
		{"Lasts", lasts},
		{"Forget", forget},
		{"Names", bucketNames},
		{"BadDraws", badDraws},
		{"Concurrent", takeConcurrent},
		{"Incident", incident},
		{"Over", over},
		{"Fixed", fixed},
		{"TakeAll", takeAll},
		{"TakeAllConcurrent", takeAllConcurrent},
		{"Settle", settle},
		{"BadClaims", badClaims},
	}
}

// start is when the tests of buckets begin: stores get the time from the
// caller.
func start() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// near checks a level or factor; stores may round to a thousandth.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.001 || math.IsNaN(got) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// drawn takes from the bucket "b" at a time after the start.
func drawn(t *testing.T, b storage.Buckets, d storage.Draw, after time.Duration, level float64, ok bool) {
	t.Helper()
	drawnYet(t, b, d, after, level, ok, func() {})
}

// drawnYet is drawn for a bucket that does not last long.
func drawnYet(t *testing.T, b storage.Buckets, d storage.Draw, after time.Duration, level float64, ok bool, inTime func()) {
	t.Helper()
	got, err := b.Take(t.Context(), "b", d, start().Add(after))
	must(t, err)
	inTime()
	near(t, fmt.Sprintf("level %v after the start", after), got.Level, level)
	eq(t, fmt.Sprintf("OK %v after the start", after), got.OK, ok)
}

func take(t *testing.T, _ Store, b storage.Buckets) {
	d := storage.Draw{Rate: 0.5, Burst: 4, N: 1}
	for i := range 4 {
		drawn(t, b, d, 0, float64(i+1), true)
	}
	drawn(t, b, d, 0, 4, false)
	drawn(t, b, d, time.Second, 3.5, false)
	drawn(t, b, d, 1500*time.Millisecond, 3.25, false)
	drawn(t, b, d, 2*time.Second, 4, true)
	d.N = 2.5
	drawn(t, b, d, 5*time.Second, 2.5, false)
	drawn(t, b, d, 7*time.Second, 4, true)
	drawn(t, b, d, time.Hour, 2.5, true)
	got, err := b.Take(t.Context(), "b", d, start().Add(time.Hour))
	must(t, err)
	if want := start().Add(time.Hour); !got.Time.Equal(want) {
		t.Errorf("the bucket's time: %v, want %v", got.Time, want)
	}
	eq(t, "factors", [2]float64{got.RateFactor, got.BurstFactor}, [2]float64{1, 1})
	more, err := b.Take(t.Context(), "more than it ever holds", storage.Draw{Rate: 1, Burst: 2, N: 3}, start())
	must(t, err)
	eq(t, "more than the burst", more.OK, false)
	near(t, "level", more.Level, 0)
}

func look(t *testing.T, _ Store, b storage.Buckets) {
	d := storage.Draw{Burst: 2}
	drawn(t, b, d, 0, 0, true)
	d.N = 2
	drawn(t, b, d, 0, 2, true)
	d.N = 0
	drawn(t, b, d, time.Hour, 2, true) // it has no rate
	drawn(t, b, storage.Draw{}, time.Hour, 2, false)
}

// lookOnly: a look neither lets a bucket leak for good nor prolongs its life.
func lookOnly(t *testing.T, s Store, b storage.Buckets) {
	d := storage.Draw{Rate: 1, Burst: 9, N: 4, Lasts: 4 * s.Tick}
	made := s.lives(d.Lasts)
	drawn(t, b, d, 0, 4, true)
	s.Pass(3 * s.Tick)
	d.N = 0
	drawnYet(t, b, d, time.Minute, 0, true, made)
	drawnYet(t, b, d, time.Second, 3, true, made)
	s.Pass(2 * s.Tick)
	drawn(t, b, d, time.Second, 0, true)
}

func takeBack(t *testing.T, _ Store, b storage.Buckets) {
	d := storage.Draw{Rate: 1, Burst: 5, N: 1}
	drawn(t, b, d, time.Minute, 1, true)
	drawn(t, b, d, time.Minute, 2, true)
	drawn(t, b, d, 0, 3, true)
	drawn(t, b, d, time.Minute, 4, true) // no time has passed since the latest
	drawn(t, b, d, time.Minute+2*time.Second, 3, true)
}

func tune(t *testing.T, _ Store, b storage.Buckets) {
	tuned := func(tu storage.Tuning, rate, burst float64) {
		t.Helper()
		got, err := b.Tune(t.Context(), "b", tu, start())
		must(t, err)
		near(t, "rate factor", got.RateFactor, rate)
		near(t, "burst factor", got.BurstFactor, burst)
	}
	tuned(storage.Tuning{Rate: 2, Burst: 0.5, MaxRate: 10, MaxBurst: 10}, 2, 0.5)
	d := storage.Draw{Rate: 1, Burst: 4, N: 1}
	drawn(t, b, d, 0, 1, true)
	drawn(t, b, d, 0, 2, true)
	drawn(t, b, d, 0, 2, false)
	drawn(t, b, d, 500*time.Millisecond, 2, true)
	tuned(storage.Tuning{Rate: 3, Burst: 0.5, MaxRate: 5, MaxBurst: 3}, 5, 1.0/3)
	tuned(storage.Tuning{}, 1, 1) // a Max below 1 means 1
	tuned(storage.Tuning{Rate: 1.5, Burst: 1.5, MaxRate: 2, MaxBurst: 2}, 1.5, 1.5)
	tuned(storage.Tuning{MaxRate: 2, MaxBurst: 2}, 1.5, 1.5) // 0 leaves a factor
	d.N = 4
	drawn(t, b, d, 500*time.Millisecond, 6, true)
}

func lasts(t *testing.T, s Store, b storage.Buckets) {
	d := storage.Draw{Burst: 9, N: 1, Lasts: 4 * s.Tick}
	first := s.lives(d.Lasts)
	drawn(t, b, d, 0, 1, true)
	s.Pass(3 * s.Tick)
	second := s.lives(d.Lasts)
	drawnYet(t, b, d, 0, 2, true, first)
	s.Pass(3 * s.Tick)
	drawnYet(t, b, d, 0, 3, true, second)
	s.Pass(5 * s.Tick)
	drawn(t, b, d, 0, 1, true)
	tu := storage.Tuning{Rate: 2, Burst: 2, MaxRate: 9, MaxBurst: 9, Lasts: 4 * s.Tick}
	_, err := b.Tune(t.Context(), "b", tu, start())
	must(t, err)
	s.Pass(5 * s.Tick)
	got, err := b.Tune(t.Context(), "b", tu, start())
	must(t, err)
	near(t, "rate factor of a bucket that expired", got.RateFactor, 2)
}

func forget(t *testing.T, _ Store, b storage.Buckets) {
	must(t, b.Forget(t.Context(), "b"))
	d := storage.Draw{Burst: 2, N: 2}
	_, err := b.Tune(t.Context(), "b", storage.Tuning{Rate: 2, Burst: 2, MaxRate: 4, MaxBurst: 4}, start())
	must(t, err)
	drawn(t, b, d, 0, 2, true)
	drawn(t, b, d, 0, 4, true)
	must(t, b.Forget(t.Context(), "b"))
	drawn(t, b, d, 0, 2, true)
	drawn(t, b, d, 0, 2, false)
}

func bucketNames(t *testing.T, s Store, b storage.Buckets) {
	for i, name := range s.oddKeys() {
		_, err := b.Take(t.Context(), name, storage.Draw{Burst: 100, N: float64(i + 1)}, start())
		must(t, err)
	}
	for i, name := range s.oddKeys() {
		got, err := b.Take(t.Context(), name, storage.Draw{Burst: 100}, start())
		must(t, err)
		near(t, fmt.Sprintf("level of %q", name), got.Level, float64(i+1))
	}
	for _, name := range badKeys() {
		_, take := b.Take(t.Context(), name, storage.Draw{Burst: 1}, start())
		_, tune := b.Tune(t.Context(), name, storage.Tuning{}, start())
		allAre(t, storage.ErrBadKey, take, tune, b.Forget(t.Context(), name))
	}
}

func badDraws(t *testing.T, _ Store, b storage.Buckets) {
	drawn(t, b, storage.Draw{Burst: 5, N: 2}, 0, 2, true)
	for _, bad := range []float64{-1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, d := range []storage.Draw{{Rate: bad, Burst: 5, N: 1}, {Burst: bad, N: 1}, {Burst: 5, N: bad}} {
			if got, err := b.Take(t.Context(), "b", d, start()); err == nil {
				t.Errorf("%+v: %+v, want an error", d, got)
			}
		}
		for _, tu := range []storage.Tuning{{Rate: bad, MaxRate: 2}, {Burst: bad, MaxBurst: 2}} {
			if got, err := b.Tune(t.Context(), "b", tu, start()); err == nil {
				t.Errorf("%+v: %+v, want an error", tu, got)
			}
		}
	}
	drawn(t, b, storage.Draw{Burst: 5, N: 3}, 0, 5, true)
}

func takeConcurrent(t *testing.T, _ Store, b storage.Buckets) {
	var ok atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 5 {
				got, err := b.Take(t.Context(), "b", storage.Draw{Rate: 1, Burst: 100, N: 1}, start())
				if err != nil {
					t.Error(err)
					return
				}
				if got.OK {
					ok.Add(1)
				}
			}
		})
	}
	wg.Wait()
	eq(t, "of 320 draws that many found room", ok.Load(), 100)
	drawn(t, b, storage.Draw{Rate: 1, Burst: 100}, 0, 100, true)
}
