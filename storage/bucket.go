package storage

import (
	"fmt"
	"math"
	"time"
)

// DefaultLasts is how long an unused bucket is kept where Lasts is 0.
const DefaultLasts = 48 * time.Hour

// Check returns an error for a draw that no bucket can serve.
func (d Draw) Check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"rate", d.Rate}, {"burst", d.Burst}, {"n", d.N}} {
		if !(f.value >= 0) || math.IsInf(f.value, 1) {
			return fmt.Errorf("storage: draw: %s %v is not a number of at least 0", f.name, f.value)
		}
	}
	if d.Lasts < 0 {
		return fmt.Errorf("storage: draw: lasts %v is below 0", d.Lasts)
	}
	return nil
}

// Keep returns how long the bucket is kept from now on.
func (d Draw) Keep() time.Duration { return keep(d.Lasts) }

// Check returns an error for a tuning that no bucket can take.
func (t Tuning) Check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"rate", t.Rate}, {"burst", t.Burst}, {"max rate", t.MaxRate}, {"max burst", t.MaxBurst}} {
		if !(f.value >= 0) || math.IsInf(f.value, 1) {
			return fmt.Errorf("storage: tuning: %s %v is not a number of at least 0", f.name, f.value)
		}
	}
	if t.Lasts < 0 {
		return fmt.Errorf("storage: tuning: lasts %v is below 0", t.Lasts)
	}
	return nil
}

// Keep returns how long the bucket is kept from now on.
func (t Tuning) Keep() time.Duration { return keep(t.Lasts) }

func keep(d time.Duration) time.Duration {
	if d == 0 {
		return DefaultLasts
	}
	return d
}

// Take returns the bucket after one step of Buckets.Take, of which it is the
// arithmetic. The zero Bucket is one that is not there yet. The draw has passed
// its Check.
func (b Bucket) Take(d Draw, now time.Time) Bucket {
	b = b.made(now)
	if gone := now.Sub(b.Time); gone > 0 {
		b.Level = max(0, b.Level-gone.Seconds()*d.Rate*b.RateFactor)
		b.Time = now
	}
	b.OK = b.Level+d.N <= d.Burst*b.BurstFactor
	if b.OK {
		b.Level += d.N
	}
	return b
}

// Tune returns the bucket after one step of Buckets.Tune. The tuning has passed
// its Check.
func (b Bucket) Tune(t Tuning, now time.Time) Bucket {
	b = b.made(now)
	b.RateFactor = tuned(b.RateFactor, t.Rate, t.MaxRate)
	b.BurstFactor = tuned(b.BurstFactor, t.Burst, t.MaxBurst)
	b.OK = true
	return b
}

func (b Bucket) made(now time.Time) Bucket {
	if b.RateFactor == 0 && b.BurstFactor == 0 {
		return Bucket{RateFactor: 1, BurstFactor: 1, Time: now}
	}
	return b
}

func tuned(factor, by, most float64) float64 {
	if by == 0 {
		by = 1
	}
	most = max(1, most)
	return min(max(factor*by, 1/most), most)
}
