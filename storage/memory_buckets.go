package storage

import (
	"context"
	"time"
)

// bucketSize is what a Bucket takes.
const bucketSize = 80

// Take implements Buckets.
func (m *Memory) Take(ctx context.Context, name string, d Draw, now time.Time) (Bucket, error) {
	if err := d.Check(); err != nil {
		return Bucket{}, err
	}
	if d.N == 0 {
		return m.look(ctx, name, d, now)
	}
	return m.bucket(ctx, name, d.Keep(), func(b Bucket) Bucket { return b.Take(d, now) })
}

// look is a Take that adds nothing, and so changes nothing.
func (m *Memory) look(ctx context.Context, name string, d Draw, now time.Time) (Bucket, error) {
	if err := m.begin(ctx, name); err != nil {
		return Bucket{}, err
	}
	defer m.mu.Unlock()
	var b Bucket
	if e := m.buckets[name]; e != nil {
		m.used.MoveToFront(e.place)
		b = *e.state.(*Bucket)
	}
	return b.Take(d, now), nil
}

// Tune implements Buckets.
func (m *Memory) Tune(ctx context.Context, name string, t Tuning, now time.Time) (Bucket, error) {
	if err := t.Check(); err != nil {
		return Bucket{}, err
	}
	return m.bucket(ctx, name, t.Keep(), func(b Bucket) Bucket { return b.Tune(t, now) })
}

// bucket replaces a bucket by what step makes of it.
func (m *Memory) bucket(ctx context.Context, name string, lasts time.Duration, step func(Bucket) Bucket) (Bucket, error) {
	if err := m.begin(ctx, name); err != nil {
		return Bucket{}, err
	}
	defer m.mu.Unlock()
	var was Bucket
	if e := m.buckets[name]; e != nil {
		was = *e.state.(*Bucket)
	}
	b := step(was)
	return b, m.putBucket(name, b, lasts)
}

// putBucket stores a bucket.
func (m *Memory) putBucket(name string, b Bucket, lasts time.Duration) error {
	size := cost(name, nil) + bucketSize + int64(len(b.Label))
	e := m.buckets[name]
	if e == nil {
		e = &entry{home: m.buckets, key: name, state: &Bucket{}, size: size}
		if err := m.fits(e.size); err != nil {
			return err
		}
		m.enter(e)
	} else {
		m.resize(e, size)
	}
	*e.state.(*Bucket) = b
	m.live(e, lasts)
	return nil
}

// TakeAll implements Buckets.
func (m *Memory) TakeAll(ctx context.Context, claims []Claim, now time.Time) ([]Bucket, error) {
	if err := CheckClaims(claims); err != nil {
		return nil, err
	}
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	was := make([]Bucket, len(claims))
	for i, c := range claims {
		if e := m.buckets[c.Name]; e != nil {
			was[i] = *e.state.(*Bucket)
		}
	}
	is, taken := TakeAll(was, claims, now)
	for i, c := range claims {
		if taken || !is[i].OK {
			if err := m.putBucket(c.Name, is[i], c.Keep()); err != nil {
				return nil, err
			}
		}
	}
	return is, nil
}

// Settle implements Buckets.
func (m *Memory) Settle(ctx context.Context, ss []Settlement, now time.Time) error {
	if err := CheckSettlements(ss); err != nil {
		return err
	}
	if err := m.begin(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, s := range ss {
		var was Bucket
		if e := m.buckets[s.Name]; e != nil {
			was = *e.state.(*Bucket)
		} else if !s.Tunes() {
			continue
		}
		if err := m.putBucket(s.Name, was.Settle(s, now), s.Keep()); err != nil {
			return err
		}
	}
	return nil
}

// Forget implements Buckets.
func (m *Memory) Forget(ctx context.Context, name string) error {
	if err := m.begin(ctx, name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if e := m.buckets[name]; e != nil {
		m.remove(e)
	}
	return nil
}
