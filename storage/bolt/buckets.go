package bolt

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Take implements storage.Buckets. One that only looks writes nothing, and so
// does not prolong the bucket's life.
func (s *Store) Take(ctx context.Context, name string, d storage.Draw, now time.Time) (storage.Bucket, error) {
	if err := d.Check(); err != nil {
		return storage.Bucket{}, err
	}
	if d.N == 0 {
		if err := storage.CheckKey(name); err != nil {
			return storage.Bucket{}, err
		}
		return read(ctx, s, func(v view) (storage.Bucket, error) {
			b, _, err := bucketOf(v.Bucket([]byte(inBuckets)), name, v.now)
			return b.Take(d, now), err
		})
	}
	return s.step(ctx, name, d.Keep(), func(b storage.Bucket) storage.Bucket { return b.Take(d, now) })
}

// Tune implements storage.Buckets.
func (s *Store) Tune(ctx context.Context, name string, t storage.Tuning, now time.Time) (storage.Bucket, error) {
	if err := t.Check(); err != nil {
		return storage.Bucket{}, err
	}
	return s.step(ctx, name, t.Keep(), func(b storage.Bucket) storage.Bucket { return b.Tune(t, now) })
}

// step replaces a bucket by what a step makes of it.
func (s *Store) step(ctx context.Context, name string, lasts time.Duration, step func(storage.Bucket) storage.Bucket) (storage.Bucket, error) {
	if err := storage.CheckKey(name); err != nil {
		return storage.Bucket{}, err
	}
	return write(ctx, s, 128, func(t *tx) (storage.Bucket, error) {
		was, st, err := bucketOf(t.root(inBuckets), name, t.now)
		if err != nil {
			return storage.Bucket{}, err
		}
		b := step(was)
		return b, t.putBucket(name, b, st, lasts)
	})
}

// TakeAll implements storage.Buckets.
func (s *Store) TakeAll(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	if err := storage.CheckClaims(claims); err != nil {
		return nil, err
	}
	claims = slices.Clone(claims)
	return write(ctx, s, 128*len(claims), func(t *tx) ([]storage.Bucket, error) { return t.takeAll(claims, now) })
}

func (t *tx) takeAll(claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	in := t.root(inBuckets)
	was, stamps := make([]storage.Bucket, len(claims)), make([]stamp, len(claims))
	for i, c := range claims {
		var err error
		if was[i], stamps[i], err = bucketOf(in, c.Name, t.now); err != nil {
			return nil, err
		}
	}
	is, taken := storage.TakeAll(was, claims, now)
	for i, c := range claims {
		if !taken && is[i].OK {
			continue
		}
		if err := t.putBucket(c.Name, is[i], stamps[i], c.Keep()); err != nil {
			return nil, err
		}
	}
	return is, nil
}

// Settle implements storage.Buckets.
func (s *Store) Settle(ctx context.Context, ss []storage.Settlement, now time.Time) error {
	if err := storage.CheckSettlements(ss); err != nil {
		return err
	}
	ss = slices.Clone(ss)
	_, err := write(ctx, s, 128*len(ss), func(t *tx) (bool, error) { return true, t.settle(ss, now) })
	return err
}

func (t *tx) settle(ss []storage.Settlement, now time.Time) error {
	in := t.root(inBuckets)
	for _, settle := range ss {
		was, st, err := bucketOf(in, settle.Name, t.now)
		if err != nil {
			return err
		}
		if was.Time.IsZero() && !settle.Tunes() {
			continue
		}
		if err := t.putBucket(settle.Name, was.Settle(settle, now), st, settle.Keep()); err != nil {
			return err
		}
	}
	return nil
}

// putBucket stores a bucket.
func (t *tx) putBucket(name string, b storage.Bucket, st stamp, lasts time.Duration) error {
	st, err := t.schedule(kindBucket, []byte(name), st, until(t.now, lasts))
	if err != nil {
		return err
	}
	return t.put(t.root(inBuckets), []byte(name), appendBucket(appendStamp(nil, st), b))
}

// Forget implements storage.Buckets.
func (s *Store) Forget(ctx context.Context, name string) error {
	if err := storage.CheckKey(name); err != nil {
		return err
	}
	_, err := write(ctx, s, 128, func(t *tx) (bool, error) {
		in := t.root(inBuckets)
		raw := in.Get([]byte(name))
		if raw == nil {
			return false, nil
		}
		f := fields{rest: raw}
		if err := t.unlist(kindBucket, []byte(name), f.stamp()); err != nil {
			return false, err
		}
		return true, t.del(in, []byte(name))
	})
	return err
}

// bucketOf returns the bucket of that name, the zero one if it is not there,
// and its stamp, also if its time is over.
func bucketOf(in *bbolt.Bucket, name string, now time.Time) (storage.Bucket, stamp, error) {
	raw := in.Get([]byte(name))
	if raw == nil {
		return storage.Bucket{}, stamp{}, nil
	}
	b, st, err := parseBucket(raw)
	if st.over(now) {
		b = storage.Bucket{}
	}
	return b, st, err
}

func appendBucket(b []byte, v storage.Bucket) []byte {
	for _, f := range []float64{v.Level, v.RateFactor, v.BurstFactor} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(f))
	}
	b = binary.BigEndian.AppendUint64(b, uint64(v.Time.UnixNano()))
	if v.Filled.IsZero() {
		return b
	}
	return append(binary.BigEndian.AppendUint64(b, uint64(v.Filled.UnixNano())), v.Label...)
}

func parseBucket(raw []byte) (storage.Bucket, stamp, error) {
	f := fields{rest: raw}
	st := f.stamp()
	b := storage.Bucket{Level: f.float(), RateFactor: f.float(), BurstFactor: f.float(), Time: time.Unix(0, int64(f.fixed()))}
	if len(f.rest) > 0 {
		b.Filled = time.Unix(0, int64(f.fixed()))
		b.Label, f.rest = string(f.rest), nil
	}
	if !(b.Level >= 0 && b.RateFactor > 0 && b.BurstFactor > 0) {
		f.bad = true
	}
	return b, st, f.end("a bucket of a limit")
}
