package bolt

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Get implements storage.KV.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	values, err := s.GetMany(ctx, []string{key})
	if err != nil {
		return nil, err
	}
	if values[0] == nil {
		return nil, storage.ErrNotFound
	}
	return values[0], nil
}

// GetMany implements storage.KV.
func (s *Store) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := checkKeys(keys...); err != nil {
		return nil, err
	}
	if len(keys) > 1 {
		keys = append([]string(nil), keys...)
	}
	return read(ctx, s, func(v view) ([][]byte, error) { return v.values(keys) })
}

func (v view) values(keys []string) ([][]byte, error) {
	values := make([][]byte, len(keys))
	b := v.Bucket([]byte(inKV))
	for i, key := range keys {
		it, err := liveItem(b, key, v.now)
		if err != nil {
			return nil, err
		}
		if it.there {
			values[i] = append([]byte{}, it.value...)
		}
	}
	return values, nil
}

func checkKeys(keys ...string) error {
	for _, key := range keys {
		if err := storage.CheckKey(key); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(value []byte) error {
	if len(value) > storage.MaxValue {
		return storage.ErrTooLarge
	}
	return nil
}

// An item is what kv holds under a key. Its value points into the file.
type item struct {
	there bool // and its time is not over
	is    bool // there, or there with its time over
	stamp stamp
	value []byte
}

func liveItem(b *bbolt.Bucket, key string, now time.Time) (item, error) {
	raw := b.Get([]byte(key))
	if raw == nil {
		return item{}, nil
	}
	f := fields{rest: raw}
	it := item{is: true, stamp: f.stamp()}
	if f.bad {
		return item{}, damaged("the value of a key")
	}
	it.there, it.value = !it.stamp.over(now), f.rest
	return it, nil
}

// store puts a value in the place of an item; a ttl below 0 removes it.
func (t *tx) store(key string, was item, value []byte, ttl time.Duration) error {
	if ttl < 0 {
		return t.remove(key, was)
	}
	return t.keep(key, was, value, until(t.now, ttl))
}

func (t *tx) keep(key string, was item, value []byte, expires int64) error {
	st, err := t.schedule(kindKV, []byte(key), was.stamp, expires)
	if err != nil {
		return err
	}
	if !was.is {
		t.keys++
	}
	return t.put(t.root(inKV), []byte(key), append(appendStamp(make([]byte, 0, 17+len(value)), st), value...))
}

func (t *tx) remove(key string, was item) error {
	if !was.is {
		return nil
	}
	t.keys--
	if err := t.unlist(kindKV, []byte(key), was.stamp); err != nil {
		return err
	}
	return t.del(t.root(inKV), []byte(key))
}

// change runs a step on what a key holds.
func change[T any](ctx context.Context, s *Store, key string, size int, step func(*tx, item) (T, error)) (T, error) {
	if err := storage.CheckKey(key); err != nil {
		var zero T
		return zero, err
	}
	return write(ctx, s, size+len(key), func(t *tx) (T, error) {
		it, err := liveItem(t.root(inKV), key, t.now)
		if err != nil {
			var zero T
			return zero, err
		}
		return step(t, it)
	})
}

// Set implements storage.KV.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := checkValue(value); err != nil {
		return err
	}
	value = bytes.Clone(value)
	_, err := change(ctx, s, key, len(value), func(t *tx, it item) (bool, error) {
		return true, t.store(key, it, value, ttl)
	})
	return err
}

// SetMany implements storage.ManySetter, 4 MiB or a little more in a transaction.
func (s *Store) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	for len(values) > 0 {
		size, n := 0, 0
		var part []storage.Value
		for ; n < len(values) && size < 4<<20; n++ {
			v := values[n]
			if err := errors.Join(storage.CheckKey(v.Key), checkValue(v.Data)); err != nil {
				values = values[:n+1]
				if n > 0 {
					break // once those before it are set
				}
				return err
			}
			part = append(part, storage.Value{Key: v.Key, Data: bytes.Clone(v.Data)})
			size += len(v.Key) + len(v.Data)
		}
		if err := s.setAll(ctx, part, size, ttl); err != nil {
			return err
		}
		values = values[n:]
	}
	return ctx.Err()
}

func (s *Store) setAll(ctx context.Context, values []storage.Value, size int, ttl time.Duration) error {
	_, err := write(ctx, s, size, func(t *tx) (bool, error) { return true, t.setAll(values, ttl) })
	return err
}

func (t *tx) setAll(values []storage.Value, ttl time.Duration) error {
	for _, v := range values {
		it, err := liveItem(t.root(inKV), v.Key, t.now)
		if err != nil {
			return err
		}
		if err := t.store(v.Key, it, v.Data, ttl); err != nil {
			return err
		}
	}
	return nil
}

// Add implements storage.KV.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	if err := checkValue(value); err != nil {
		return nil, err
	}
	value = bytes.Clone(value)
	return change(ctx, s, key, len(value), func(t *tx, it item) ([]byte, error) {
		if it.there {
			return append([]byte{}, it.value...), nil
		}
		return nil, t.store(key, it, value, ttl)
	})
}

// CompareAndSwap implements storage.KV.
func (s *Store) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if err := checkValue(value); err != nil {
		return false, err
	}
	old, value = bytes.Clone(old), bytes.Clone(value)
	return change(ctx, s, key, len(value), func(t *tx, it item) (bool, error) {
		if it.there != (old != nil) || it.there && !bytes.Equal(it.value, old) {
			return false, nil
		}
		if value == nil {
			return true, t.remove(key, it)
		}
		return true, t.store(key, it, value, ttl)
	})
}

// Increment implements storage.KV.
func (s *Store) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	return change(ctx, s, key, 32, func(t *tx, it item) (int64, error) {
		if !it.there {
			return delta, t.store(key, it, strconv.AppendInt(nil, delta, 10), ttl)
		}
		n, err := strconv.ParseInt(string(it.value), 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != string(it.value) || delta > 0 && n > math.MaxInt64-delta || delta < 0 && n < math.MinInt64-delta {
			return 0, storage.ErrNotNumber
		}
		return n + delta, t.keep(key, it, strconv.AppendInt(nil, n+delta, 10), it.stamp.expires)
	})
}

// Delete implements storage.KV; it removes all of the keys or none.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if err := checkKeys(keys...); err != nil {
		return err
	}
	keys = append([]string(nil), keys...)
	_, err := write(ctx, s, 64*len(keys), func(t *tx) (bool, error) {
		b := t.root(inKV)
		for _, key := range keys {
			it, err := liveItem(b, key, t.now)
			if err != nil {
				it = item{is: true} // what can't be read can still be removed
			}
			if err := t.remove(key, it); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	return err
}

// How many keys a Scan gives where the caller doesn't say, and how many it
// looks at beside those that it gives.
const (
	scanKeys = 1000
	scanLook = 1000
)

// Scan implements storage.KV. The cursor is the last key that was looked at.
func (s *Store) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	if n < 1 {
		n = scanKeys
	}
	type page struct {
		keys []string
		next string
	}
	p, err := read(ctx, s, func(v view) (p page, err error) {
		c := v.Bucket([]byte(inKV)).Cursor()
		k, raw := c.Seek([]byte(max(prefix, cursor)))
		if cursor != "" && string(k) == cursor {
			k, raw = c.Next()
		}
		for look := 0; k != nil && strings.HasPrefix(string(k), prefix); k, raw = c.Next() {
			if len(p.keys) == n || look == n+scanLook {
				return p, nil
			}
			p.next = string(k)
			look++
			f := fields{rest: raw}
			if st := f.stamp(); !f.bad && !st.over(v.now) {
				p.keys = append(p.keys, p.next)
			}
		}
		p.next = ""
		return p, nil
	})
	return p.keys, p.next, err
}
