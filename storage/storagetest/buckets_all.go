package storagetest

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// incident: the first draw that finds no room is told from those that follow,
// until the bucket has had the time to empty.
func incident(t *testing.T, _ Store, b storage.Buckets) {
	for _, c := range []struct {
		after     time.Duration
		ok, first bool
		label     string
	}{
		{0, true, false, ""},
		{0, false, true, "second"},
		{time.Second, false, false, "third"},
		{9 * time.Second, false, false, "fourth"},
		{10 * time.Second, true, false, "fourth"},
		{10 * time.Second, false, false, "sixth"},
		{30 * time.Second, true, false, "sixth"},
		{30 * time.Second, false, true, "eighth"},
	} {
		label := c.label
		if c.ok {
			label = "of one that is let through"
		}
		got, err := b.Take(t.Context(), "b", storage.Draw{Rate: 0.2, Burst: 2, N: 2, Label: label}, start().Add(c.after))
		must(t, err)
		eq(t, fmt.Sprintf("OK and First after %v", c.after), [2]bool{got.OK, got.First}, [2]bool{c.ok, c.first})
		eq(t, "label", got.Label, c.label)
	}
	look, err := b.Take(t.Context(), "b", storage.Draw{Rate: 0.1, Burst: 1.5}, start().Add(31*time.Second))
	must(t, err)
	eq(t, "what a look tells", [3]any{look.OK, look.First, look.Label}, [3]any{false, false, "eighth"})
	if !look.Filled.Equal(start().Add(30 * time.Second)) {
		t.Errorf("it was last full at %v", look.Filled)
	}
	must(t, b.Forget(t.Context(), "b"))
	look, err = b.Take(t.Context(), "b", storage.Draw{Burst: 1}, start())
	must(t, err)
	eq(t, "label after Forget", look.Label, "")
	eq(t, "Filled after Forget", look.Filled.IsZero(), true)
}

func over(t *testing.T, _ Store, b storage.Buckets) {
	d := storage.Draw{Rate: 1, Burst: 2, N: 2, Over: true}
	drawn(t, b, d, 0, 2, true)
	drawn(t, b, d, 0, 4, false)
	drawn(t, b, d, time.Second, 5, false)
}

func fixed(t *testing.T, _ Store, b storage.Buckets) {
	_, err := b.Tune(t.Context(), "b", storage.Tuning{Rate: 5, Burst: 5, MaxRate: 9, MaxBurst: 9}, start())
	must(t, err)
	d := storage.Draw{Rate: 1, Burst: 2, N: 2, Fixed: true}
	drawn(t, b, d, 0, 2, true)
	drawn(t, b, d, time.Second, 1, false)
	d.Fixed = false
	drawn(t, b, d, time.Second, 3, true)
}

// claims are one for each of the buckets a, b, c …, which hold 2.
func claims(ns ...float64) []storage.Claim {
	var list []storage.Claim
	for i, n := range ns {
		list = append(list, storage.Claim{Name: string(rune('a' + i)), Draw: storage.Draw{Rate: 1, Burst: 2, N: n}})
	}
	return list
}

func took(t *testing.T, b storage.Buckets, claims []storage.Claim, after time.Duration, want string) {
	t.Helper()
	got, err := b.TakeAll(t.Context(), claims, start().Add(after))
	must(t, err)
	var text strings.Builder
	for _, b := range got {
		fmt.Fprintf(&text, "%.3g:%v ", b.Level, b.OK)
	}
	eq(t, "levels and OK", strings.TrimSpace(text.String()), want)
}

func takeAll(t *testing.T, _ Store, b storage.Buckets) {
	took(t, b, claims(1, 2, 0.5), 0, "1:true 2:true 0.5:true")
	all := claims(1, 1, 1)
	all[1].Label = "ann"
	took(t, b, all, 0, "1:true 2:false 0.5:true")
	took(t, b, claims(1), 0, "2:true") // nothing was added before
	took(t, b, claims(1, 1, 1), time.Second, "2:true 2:true 1:true")
	all = claims(0.5, 1, 2)
	all[0].Over, all[1].Over = true, true
	took(t, b, all, time.Second, "2:false 2:false 1:false")
	all[2].N = 1
	took(t, b, all, time.Second, "2.5:false 3:false 2:true")
	look, err := b.Take(t.Context(), "b", storage.Draw{Burst: 1}, start())
	must(t, err)
	if !look.Filled.Equal(start().Add(time.Second)) || look.Label != "" {
		t.Errorf("%+v", look)
	}
	none, err := b.TakeAll(t.Context(), nil, start())
	must(t, err)
	eq(t, "of no claims", len(none), 0)
}

// takeAllConcurrent: of two buckets the smaller one decides, and the other has
// nothing of what it refused.
func takeAllConcurrent(t *testing.T, _ Store, b storage.Buckets) {
	var ok atomic.Int64
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			all := []storage.Claim{
				{Name: "small", Draw: storage.Draw{Rate: 1, Burst: 20, N: 1}},
				{Name: "large", Draw: storage.Draw{Rate: 1, Burst: 100, N: 1}},
			}
			if i%2 == 1 {
				all[0], all[1] = all[1], all[0]
			}
			got, err := b.TakeAll(t.Context(), all, start())
			if err != nil {
				t.Error(err)
			} else if got[0].OK && got[1].OK {
				ok.Add(1)
			}
		})
	}
	wg.Wait()
	eq(t, "of 64 draws that many found room", ok.Load(), 20)
	for _, name := range []string{"small", "large"} {
		got, err := b.Take(t.Context(), name, storage.Draw{Burst: 100}, start())
		must(t, err)
		near(t, "level of "+name, got.Level, 20)
	}
}

func settle(t *testing.T, _ Store, b storage.Buckets) {
	took(t, b, claims(2, 2), 0, "2:true 2:true")
	must(t, b.Settle(t.Context(), []storage.Settlement{
		{Name: "a", Back: 0.5},
		{Name: "b", Back: 5, Tuning: storage.Tuning{Rate: 2, Burst: 2, MaxRate: 4, MaxBurst: 4}},
		{Name: "c", Back: 1},
		{Name: "d", Back: 1, Tuning: storage.Tuning{Burst: 2, MaxBurst: 4}},
	}, start()))
	took(t, b, claims(0.5, 4, 2, 4), 0, "2:true 4:true 2:true 4:true")
	got, err := b.Take(t.Context(), "b", storage.Draw{Rate: 1, Burst: 2}, start().Add(time.Second))
	must(t, err)
	near(t, "level of b", got.Level, 2)
	near(t, "rate factor of b", got.RateFactor, 2)
	must(t, b.Settle(t.Context(), nil, start()))
}

func badClaims(t *testing.T, s Store, b storage.Buckets) {
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if got, err := b.TakeAll(t.Context(), claims(1, bad), start()); err == nil {
			t.Errorf("a claim of %v: %+v", bad, got)
		}
		if bad != 0 {
			if err := b.Settle(t.Context(), []storage.Settlement{{Name: "a", Back: bad}}, start()); err == nil {
				t.Errorf("%v goes back", bad)
			}
		}
	}
	twice := claims(1, 1)
	twice[1].Name = "a"
	if got, err := b.TakeAll(t.Context(), twice, start()); err == nil {
		t.Errorf("one bucket twice: %+v", got)
	}
	long := claims(1)
	long[0].Label = strings.Repeat("x", storage.MaxLabel+1)
	if got, err := b.TakeAll(t.Context(), long, start()); err == nil {
		t.Errorf("a long label: %+v", got)
	}
	for _, name := range badKeys() {
		_, err := b.TakeAll(t.Context(), []storage.Claim{{Name: name, Draw: storage.Draw{N: 1}}}, start())
		allAre(t, storage.ErrBadKey, err, b.Settle(t.Context(), []storage.Settlement{{Name: name}}, start()))
	}
	took(t, b, claims(2, 2), 0, "2:true 2:true")
}
