package bolt

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// listed returns how many entries the list of what expires has, and how many
// keys a bucket of the file.
func size(t *testing.T, s *Store, bucket string) int {
	t.Helper()
	n, err := read(t.Context(), s, func(v view) (n int, err error) {
		err = v.Bucket([]byte(bucket)).ForEach(func([]byte, []byte) error {
			n++
			return nil
		})
		return n, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweep(t *testing.T) {
	c := newClock()
	s := opened(t, Options{Clock: c.Now, SweepEvery: -1})
	ctx := t.Context()
	for i := range 50 {
		if err := s.Set(ctx, fmt.Sprint("short ", i), nil, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"long", "removed", "made endless"} {
		if err := s.Set(ctx, key, []byte("1"), 2*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(ctx, "removed"); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(ctx, "made endless", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	draw := storage.Draw{Rate: 0, Burst: 10, N: 1, Lasts: time.Minute}
	if _, err := s.Take(ctx, "bucket", draw, c.Now()); err != nil {
		t.Fatal(err)
	}
	if err := s.Rank(ctx, "set", "m", 1, 0, time.Minute); err != nil {
		t.Fatal(err)
	}
	seen := []storage.Observation{{Series: "series", Windows: []storage.Window{{Name: "w", Span: time.Hour}}, TTL: time.Minute}}
	if err := s.Observe(ctx, seen, c.Now()); err != nil {
		t.Fatal(err)
	}
	if n := size(t, s, inExpiry); n != 54 {
		t.Errorf("%d things are listed, want 54", n)
	}
	c.pass(50 * time.Second)
	for range 3 { // prolonged without being listed anew
		if _, err := s.Take(ctx, "bucket", draw, c.Now()); err != nil {
			t.Fatal(err)
		}
		if err := s.Rank(ctx, "set", "m", 1, 0, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.Observe(ctx, seen, c.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if s.sweep(); size(t, s, inExpiry) != 54 || size(t, s, inKV) != 52 {
		t.Error("something was swept before its time")
	}
	c.pass(10 * time.Second)
	s.sweep()
	if n, keys := size(t, s, inExpiry), size(t, s, inKV); n != 4 || keys != 2 || s.Stats().Keys != 2 {
		t.Errorf("after the sweep %d things are listed and %d keys (%d counted) are left, want 4 and 2", n, keys, s.Stats().Keys)
	}
	if b, err := s.Take(ctx, "bucket", draw, c.Now()); err != nil || b.Level != 5 {
		t.Errorf("the bucket in use has level %v, %v, want 5", b.Level, err)
	}
	c.pass(time.Hour)
	s.sweep()
	if n, b, sets, series := size(t, s, inExpiry), size(t, s, inBuckets), size(t, s, inSets), size(t, s, inSeries); n+b+sets+series != 0 {
		t.Errorf("%d listed, %d buckets, %d sets and %d series are left", n, b, sets, series)
	}
	holds(t, s, "made endless", "1")
}

// TestSweepGoesInSteps holds that a sweep of many keys leaves the writer to
// others in between, and that the store sweeps by itself.
func TestSweepGoesInSteps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	synctest.Test(t, func(t *testing.T) {
		s := reopened(t, path, Options{})
		if _, err := write(t.Context(), s, 0, func(t *tx) (int, error) {
			for i := range maxSweep + 10 {
				if err := t.store(fmt.Sprint("key ", i), item{}, nil, time.Second); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		n, err := write(t.Context(), s, 0, func(t *tx) (int, error) { return t.sweep() })
		if err != nil || n != maxSweep {
			t.Errorf("one step swept %d, %v", n, err)
		}
		if n := size(t, s, inKV); n != 10 {
			t.Errorf("%d keys are left, want 10", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := size(t, s, inKV) + size(t, s, inExpiry); n != 0 {
			t.Errorf("%d keys are left after a minute", n)
		}
	})
}

func TestUntil(t *testing.T) {
	now := time.Unix(100, 0)
	for _, c := range []struct {
		ttl  time.Duration
		want int64
	}{
		{0, 0}, {time.Second, 101e9}, {math.MaxInt64, 0}, {-time.Second, 99e9}, {math.MinInt64, 1},
	} {
		if got := until(now, c.ttl); got != c.want {
			t.Errorf("until(%v) = %d, want %d", c.ttl, got, c.want)
		}
	}
}
