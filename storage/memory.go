package storage

import (
	"container/heap"
	"container/list"
	"context"
	"math"
	"strconv"
	"sync"
	"time"
)

// Memory is a KV in the process: for tests, for single programs, and where
// losing the state at exit is all right. It holds at most MaxBytes; beyond
// that the keys that were not used for longest go.
type Memory struct {
	now func() time.Time
	max int64

	mu      sync.Mutex
	entries map[string]*entry
	used    list.List // of *entry, last used first
	expiry  expiryHeap
	size    int64
}

// MemoryOptions configures NewMemory; the zero value works.
type MemoryOptions struct {
	// MaxBytes bounds keys, values and their bookkeeping; 0 means 64 MiB.
	MaxBytes int64
	// Clock gives the time that TTLs run by; nil means time.Now.
	Clock func() time.Time
}

type entry struct {
	key     string
	value   []byte
	expires time.Time // zero: never
	place   *list.Element
	heapAt  int // -1: not in the heap
}

// overhead is about what an entry costs beside its key and value.
const overhead = 200

// NewMemory makes an empty store.
func NewMemory(o MemoryOptions) *Memory {
	m := &Memory{now: o.Clock, max: o.MaxBytes, entries: map[string]*entry{}}
	if m.now == nil {
		m.now = time.Now
	}
	if m.max <= 0 {
		m.max = 64 << 20
	}
	return m
}

// Get implements KV.
func (m *Memory) Get(ctx context.Context, key string) ([]byte, error) {
	values, err := m.GetMany(ctx, []string{key})
	if err != nil {
		return nil, err
	}
	if values[0] == nil {
		return nil, ErrNotFound
	}
	return values[0], nil
}

// GetMany implements KV.
func (m *Memory) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := check(ctx, keys...); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	values := make([][]byte, len(keys))
	for i, key := range keys {
		if e := m.entries[key]; e != nil {
			m.used.MoveToFront(e.place)
			values[i] = clone(e.value)
		}
	}
	return values, nil
}

// Set implements KV.
func (m *Memory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := check(ctx, key); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	return m.put(key, value, ttl)
}

// Add implements KV.
func (m *Memory) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if err := check(ctx, key); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	if m.entries[key] != nil {
		return false, nil
	}
	if err := m.put(key, value, ttl); err != nil {
		return false, err
	}
	return true, nil
}

// Increment implements KV.
func (m *Memory) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if err := check(ctx, key); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	e := m.entries[key]
	if e == nil {
		return delta, m.put(key, strconv.AppendInt(nil, delta, 10), ttl)
	}
	n, err := strconv.ParseInt(string(e.value), 10, 64)
	if err != nil || (delta > 0 && n > math.MaxInt64-delta) || (delta < 0 && n < math.MinInt64-delta) {
		return 0, ErrNotNumber
	}
	n += delta
	m.size -= int64(len(e.value))
	e.value = strconv.AppendInt(nil, n, 10)
	m.size += int64(len(e.value))
	m.used.MoveToFront(e.place)
	return n, nil
}

// Delete implements KV.
func (m *Memory) Delete(ctx context.Context, keys ...string) error {
	if err := check(ctx, keys...); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range keys {
		if e := m.entries[key]; e != nil {
			m.remove(e)
		}
	}
	return nil
}

// Len returns the number of keys.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	return len(m.entries)
}

// Size returns the bytes that count against MaxBytes.
func (m *Memory) Size() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

func (m *Memory) put(key string, value []byte, ttl time.Duration) error {
	cost := int64(len(key)+len(value)) + overhead
	if cost > m.max {
		return ErrTooLarge
	}
	if old := m.entries[key]; old != nil {
		m.remove(old)
	}
	if ttl < 0 {
		return nil
	}
	for m.size+cost > m.max {
		m.remove(m.used.Back().Value.(*entry))
	}
	e := &entry{key: key, value: clone(value), heapAt: -1}
	e.place = m.used.PushFront(e)
	m.entries[key] = e
	m.size += cost
	if ttl > 0 {
		e.expires = m.now().Add(ttl)
		heap.Push(&m.expiry, e)
	}
	return nil
}

func (m *Memory) remove(e *entry) {
	delete(m.entries, e.key)
	m.used.Remove(e.place)
	if e.heapAt >= 0 {
		heap.Remove(&m.expiry, e.heapAt)
	}
	m.size -= int64(len(e.key)+len(e.value)) + overhead
}

func (m *Memory) expire() {
	if len(m.expiry) == 0 {
		return
	}
	now := m.now()
	for len(m.expiry) > 0 && !m.expiry[0].expires.After(now) {
		m.remove(m.expiry[0])
	}
}

func check(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// clone copies b; the copy of an empty b is not nil.
func clone(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

// expiryHeap has the entry that expires first on top.
type expiryHeap []*entry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

// Push and Pop are for container/heap.
func (h *expiryHeap) Push(x any) {
	e := x.(*entry)
	e.heapAt = len(*h)
	*h = append(*h, e)
}

func (h *expiryHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	e.heapAt = -1
	*h = old[:len(old)-1]
	return e
}
