package storage

import (
	"errors"
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
	if len(d.Label) > MaxLabel {
		return fmt.Errorf("storage: draw: the label has more than %d bytes", MaxLabel)
	}
	return nil
}

// CheckClaims returns an error for claims that no store can serve.
func CheckClaims(claims []Claim) error {
	seen := make(map[string]bool, len(claims))
	for _, c := range claims {
		if err := CheckKey(c.Name); err != nil {
			return err
		}
		if seen[c.Name] {
			return fmt.Errorf("storage: draw: bucket %q is claimed twice", c.Name)
		}
		seen[c.Name] = true
		if err := c.Check(); err != nil {
			return err
		}
		if c.N == 0 {
			return errors.New("storage: draw: a claim of nothing")
		}
	}
	return nil
}

// CheckSettlements returns an error for settlements that no store can serve.
func CheckSettlements(ss []Settlement) error {
	for _, s := range ss {
		if err := CheckKey(s.Name); err != nil {
			return err
		}
		if err := s.Check(); err != nil {
			return err
		}
		if !(s.Back >= 0) || math.IsInf(s.Back, 1) {
			return fmt.Errorf("storage: settlement: %v is not a number of at least 0", s.Back)
		}
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
	b = b.looked(d, now)
	if b.OK || d.Over {
		b.Level += d.N
	}
	return b
}

// looked is the bucket as it is when it has leaked and before anything is added.
func (b Bucket) looked(d Draw, now time.Time) Bucket {
	b = b.made(now)
	rate, burst := d.Rate*b.RateFactor, d.Burst*b.BurstFactor
	if d.Fixed {
		rate, burst = d.Rate, d.Burst
	}
	if gone := now.Sub(b.Time); gone > 0 {
		b.Level = max(0, b.Level-gone.Seconds()*rate)
		b.Time = now
	}
	b.OK, b.First = b.Level+d.N <= burst, false
	if !b.OK && d.N > 0 {
		b.First = b.Filled.IsZero() || now.Sub(b.Filled).Seconds()*rate >= burst && rate > 0
		if b.Label = d.Label; now.After(b.Filled) {
			b.Filled = now
		}
	}
	return b
}

// TakeAll is the arithmetic of Buckets.TakeAll. The claims have passed their
// Check. taken tells whether anything was added; else only buckets without room
// have changed.
func TakeAll(was []Bucket, claims []Claim, now time.Time) (is []Bucket, taken bool) {
	is, taken = make([]Bucket, len(was)), true
	for i, c := range claims {
		is[i] = was[i].looked(c.Draw, now)
		taken = taken && (is[i].OK || c.Over)
	}
	for i, c := range claims {
		if taken {
			is[i].Level += c.N
		}
	}
	return is, taken
}

// Settle returns the bucket after one step of Buckets.Settle.
func (b Bucket) Settle(s Settlement, now time.Time) Bucket {
	b = b.Tune(s.Tuning, now)
	b.Level = max(0, b.Level-s.Back)
	return b
}

// Tunes reports whether the tuning changes anything.
func (t Tuning) Tunes() bool { return t.Rate != 0 || t.Burst != 0 }

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
	b.First = false
	return b
}

func tuned(factor, by, most float64) float64 {
	if by == 0 {
		by = 1
	}
	most = max(1, most)
	return min(max(factor*by, 1/most), most)
}
