package storage

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Get implements KV.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	if err := m.begin(ctx, key); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	e := m.keys[key]
	if e == nil {
		return nil, ErrNotFound
	}
	m.used.MoveToFront(e.place)
	return clone(e.value), nil
}

// GetMany implements KV.
func (m *Memory) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := m.begin(ctx, keys...); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if e := m.keys[key]; e != nil {
			m.used.MoveToFront(e.place)
			values[i] = clone(e.value)
		}
	}
	return values, nil
}

// Set implements KV.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.begin(ctx, key); err != nil {
		return err
	}
	defer m.mu.Unlock()
	return m.put(key, value, ttl)
}

// Add implements KV.
func (m *Memory) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	if err := m.begin(ctx, key); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	if e := m.keys[key]; e != nil {
		m.used.MoveToFront(e.place)
		return clone(e.value), nil
	}
	return nil, m.put(key, value, ttl)
}

// CompareAndSwap implements KV.
func (m *Memory) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if err := m.begin(ctx, key); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	e := m.keys[key]
	if (e == nil) != (old == nil) || e != nil && !bytes.Equal(e.value, old) {
		return false, nil
	}
	if value == nil {
		if e != nil {
			m.remove(e)
		}
		return true, nil
	}
	if err := m.put(key, value, ttl); err != nil {
		return false, err
	}
	return true, nil
}

// Increment implements KV.
func (m *Memory) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if err := m.begin(ctx, key); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	e := m.keys[key]
	if e == nil {
		if err := m.put(key, strconv.AppendInt(nil, delta, 10), ttl); err != nil {
			return 0, err
		}
		return delta, nil
	}
	n, err := strconv.ParseInt(string(e.value), 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != string(e.value) || (delta > 0 && n > math.MaxInt64-delta) || (delta < 0 && n < math.MinInt64-delta) {
		return 0, ErrNotNumber
	}
	n += delta
	value := strconv.AppendInt(nil, n, 10)
	size := cost(key, value)
	if err := m.fits(size); err != nil {
		return 0, err
	}
	e.value = value
	m.resize(e, size)
	return n, nil
}

// Delete implements KV.
func (m *Memory) Delete(ctx context.Context, keys ...string) error {
	if err := m.begin(ctx, keys...); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, key := range keys {
		if e := m.keys[key]; e != nil {
			m.remove(e)
		}
	}
	return nil
}

// How many keys a Scan gives where the caller doesn't say, and how many it
// looks at for each that it is to give.
const (
	scanKeys = 1000
	scanLook = 16
)

// Scan implements KV. The cursor is a place in m.order, walked downwards. An
// entry that moves within it moves down into the place of a removed one: it is
// seen again or still ahead, and never missed.
func (m *Memory) Scan(ctx context.Context, prefix, cursor string, n int) ([]string, string, error) {
	if err := m.begin(ctx); err != nil {
		return nil, "", err
	}
	defer m.mu.Unlock()
	end := len(m.order)
	if cursor != "" {
		at, err := strconv.Atoi(cursor)
		if err != nil || at < 0 {
			return nil, "", fmt.Errorf("storage: %q is no cursor of this store", cursor)
		}
		end = min(end, at)
	}
	if n < 1 {
		n = scanKeys
	}
	var keys []string
	stop := 0
	if n < end/scanLook {
		stop = end - n*scanLook
	}
	for end > stop && len(keys) < n {
		end--
		if e := m.order[end]; strings.HasPrefix(e.key, prefix) {
			keys = append(keys, e.key)
		}
	}
	if end == 0 {
		return keys, "", nil
	}
	return keys, strconv.Itoa(end), nil
}

func cost(key string, value []byte) int64 { return int64(len(key)+len(value)) + overhead }

func (m *Memory) put(key string, value []byte, ttl time.Duration) error {
	e := m.keys[key]
	if ttl < 0 {
		if e != nil {
			m.remove(e)
		}
		return nil
	}
	size := cost(key, value)
	if err := m.fits(size); err != nil {
		return err
	}
	value = clone(value)
	if e != nil {
		e.value = value
		m.resize(e, size)
	} else {
		e = &entry{home: m.keys, key: key, value: value, size: size}
		m.enter(e)
		e.slot = len(m.order)
		m.order = append(m.order, e)
	}
	m.live(e, ttl)
	return nil
}
