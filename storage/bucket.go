package storage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Buckets are leaky buckets: what limits of rates count in.
type Buckets interface {
	// Take leaks the bucket up to now and then adds N if the sum does not
	// exceed the burst; all of it in one atomic step, which Bucket.Take is the
	// arithmetic of. Without an error the Bucket is as the step left it. A time
	// before the bucket's last leaks nothing. A draw that fails its Check is an
	// error.
	Take(ctx context.Context, name string, d Draw, now time.Time) (Bucket, error)
	// Tune multiplies the bucket's factors within bounds (Rspamd's dynamic
	// limits), as Bucket.Tune does. A bucket that is not there is made, empty.
	// A tuning that fails its Check is an error.
	Tune(ctx context.Context, name string, t Tuning, now time.Time) (Bucket, error)
	// TakeAll is Take for several buckets, whose names differ, in one step: if
	// one of them has no room, nothing is added to any, except that a draw with
	// Over keeps the others from nothing. The Buckets are in the order of the
	// claims. A store that spreads over several servers, as a Redis Cluster does,
	// may take several trips and take back what it has added; others may see that.
	TakeAll(ctx context.Context, claims []Claim, now time.Time) ([]Bucket, error)
	// Settle gives back what was taken, and tunes, several buckets in one step, as
	// Bucket.Settle does. A bucket that is not there is not made to give back.
	Settle(ctx context.Context, ss []Settlement, now time.Time) error
	// Forget empties a bucket and sets its factors to 1.
	Forget(ctx context.Context, name string) error
}

// A Claim is what TakeAll asks of one bucket.
type Claim struct {
	Name string
	Draw
}

// A Settlement is what Settle does to one bucket.
type Settlement struct {
	Name string
	Back float64 // taken out of the bucket, at most all of it
	Tuning
}

// A Draw is what one Take asks for. Its numbers are finite and at least 0.
type Draw struct {
	Rate  float64 // leaks per second, at least 0
	Burst float64 // what the bucket holds
	// N is what is added. 0 only looks: the Bucket is as a draw would have left
	// it, and the store neither makes nor changes nor prolongs anything.
	N float64
	// Lasts is how long the bucket is kept from now on, by the store's clock; 0
	// means DefaultLasts.
	Lasts time.Duration
	// Over adds N also where there is no room.
	Over bool
	// Fixed takes the bucket's factors for 1.
	Fixed bool
	// Label is for operators: where there is no room it is kept with the bucket,
	// which otherwise may have no name but a digest. It has at most MaxLabel bytes.
	Label string
}

// MaxLabel is the longest label of a draw in bytes.
const MaxLabel = 512

// A Bucket is the state of a leaky bucket.
type Bucket struct {
	Level       float64
	RateFactor  float64 // multiplies Draw.Rate; 1 unless tuned
	BurstFactor float64 // multiplies Draw.Burst
	Time        time.Time
	// OK is false when the Take found no room; nothing was added then, unless the
	// draw had Over.
	OK bool
	// Filled is when a draw last found no room, zero if none did, and Label what
	// that draw said.
	Filled time.Time
	Label  string
	// First tells that this draw is the first of an incident that found no room.
	// An incident is over when no draw has found the bucket full for as long as
	// a full one takes to empty.
	First bool
}

// A Tuning multiplies a bucket's factors, 0 leaving one as it is; the results
// stay within [1/Max, Max] of their kind. A Max below 1 means 1. The numbers are
// finite and at least 0.
type Tuning struct {
	Rate, Burst       float64
	MaxRate, MaxBurst float64
	Lasts             time.Duration // as in Draw
}

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
