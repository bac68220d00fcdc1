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
	e := m.buckets[name]
	if e == nil {
		e = &entry{home: m.buckets, key: name, state: &Bucket{}, size: cost(name, nil) + bucketSize}
		if err := m.fits(e.size); err != nil {
			return Bucket{}, err
		}
		m.enter(e)
	} else {
		m.used.MoveToFront(e.place)
	}
	b := e.state.(*Bucket)
	*b = step(*b)
	m.live(e, lasts)
	return *b, nil
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
