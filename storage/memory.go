package storage

import (
	"container/heap"
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is a Store in the process: for tests, for single programs, and where
// losing the state at exit is all right.
//
// It holds at most MaxBytes. When that is reached, the keys, buckets and
// series that were not used for longest are evicted. Tables, logs, lists and ranked sets
// are never evicted: together they take at most three quarters of MaxBytes, and
// what would exceed that is ErrFull and changes nothing.
type Memory struct {
	now     func() time.Time
	max     int64
	lessons int

	calls, failed atomic.Int64

	mu      sync.Mutex
	closed  bool
	keys    map[string]*entry
	order   []*entry // of keys: Scan walks it downwards
	buckets map[string]*entry
	series  map[string]*entry
	sets    map[string]*entry
	tables  map[string]*table
	logs    map[string]*entryLog
	lists   map[string]*itemList
	used    list.List // of the *entry that may be evicted, last used first
	expiry  expiryHeap
	size    int64 // of everything
	kept    int64 // of what is never evicted
}

var _ Store = (*Memory)(nil)

// MemoryOptions configures NewMemory; the zero value works.
type MemoryOptions struct {
	// MaxBytes bounds keys, values and their bookkeeping; 0 means 64 MiB.
	MaxBytes int64
	// Lessons is how many lessons each table remembers for being moved and
	// taken back; 0 means DefaultLessons.
	Lessons int
	// Clock gives the time that TTLs run by; nil means time.Now.
	Clock func() time.Time
}

// Promptness implements Prompter: no call waits.
func (m *Memory) Promptness() Promptness { return AtDeadline }

// Batch implements Batcher, so that what uses it is tested with Memory too.
func (m *Memory) Batch(ctx context.Context, calls []Call) {
	for _, c := range calls {
		c.alone(ctx, m)
	}
}

// An entry is a key, a bucket, a series or a ranked set: what may expire.
type entry struct {
	home    map[string]*entry
	key     string
	value   []byte // of a key
	state   any    // *Bucket, *Series or *rankedSet
	size    int64
	expires time.Time     // zero: never
	place   *list.Element // nil: is never evicted
	heapAt  int           // -1: not in the heap
	slot    int           // in order; -1: not a key
}

// overhead is about what an entry costs beside its key and value.
const overhead = 200

// NewMemory makes an empty store.
func NewMemory(o MemoryOptions) *Memory {
	m := &Memory{now: o.Clock, max: o.MaxBytes, lessons: o.Lessons}
	if m.now == nil {
		m.now = time.Now
	}
	if m.max <= 0 {
		m.max = 64 << 20
	}
	if m.lessons <= 0 {
		m.lessons = DefaultLessons
	}
	m.clear()
	return m
}

func (m *Memory) clear() {
	m.keys, m.buckets, m.sets, m.series = map[string]*entry{}, map[string]*entry{}, map[string]*entry{}, map[string]*entry{}
	m.tables, m.logs, m.lists = map[string]*table{}, map[string]*entryLog{}, map[string]*itemList{}
	m.order, m.expiry, m.size, m.kept = nil, nil, 0, 0
	m.used.Init()
}

// Close drops everything; calls that follow return ErrClosed. It returns nil.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.clear()
	return nil
}

// Stats implements Store. Keys counts the keys of KV, Bytes what counts against
// MaxBytes, and Failed the calls that found no room.
func (m *Memory) Stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	return Stats{
		Kind: "memory", Up: !m.closed, Calls: m.calls.Load(), Failed: m.failed.Load(),
		Keys: int64(len(m.keys)), Bytes: m.size,
	}
}

// begin checks a call's names and locks the store; the caller unlocks it unless
// there is an error.
func (m *Memory) begin(ctx context.Context, names ...string) error {
	m.calls.Add(1)
	for _, name := range names {
		if err := CheckKey(name); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrClosed
	}
	m.expire()
	return nil
}

// reserve charges n bytes, which may be negative, for something that is never
// evicted, or returns ErrFull.
func (m *Memory) reserve(n int64) error {
	if n > 0 && m.kept+n > m.max/4*3 {
		m.failed.Add(1)
		return ErrFull
	}
	m.kept += n
	m.size += n
	m.evict()
	return nil
}

// fits checks that an evictable entry of the size can be kept.
func (m *Memory) fits(size int64) error {
	switch {
	case size > m.max:
		return ErrTooLarge
	case size > m.max-m.kept:
		m.failed.Add(1)
		return ErrFull
	}
	return nil
}

func (m *Memory) evict() {
	for m.size > m.max {
		m.remove(m.used.Back().Value.(*entry))
	}
}

// enter puts an evictable entry, whose size was checked by fits, into its home.
func (m *Memory) enter(e *entry) {
	e.heapAt, e.slot = -1, -1
	e.home[e.key] = e
	e.place = m.used.PushFront(e)
	m.size += e.size
	m.evict()
}

// resize notes an entry's new size and that it was used.
func (m *Memory) resize(e *entry, size int64) {
	m.size += size - e.size
	e.size = size
	m.used.MoveToFront(e.place)
	m.evict()
}

func (m *Memory) remove(e *entry) {
	delete(e.home, e.key)
	if e.place != nil {
		m.used.Remove(e.place)
	} else {
		m.kept -= e.size
	}
	if e.heapAt >= 0 {
		heap.Remove(&m.expiry, e.heapAt)
	}
	if e.slot >= 0 {
		last := len(m.order) - 1
		m.order[e.slot] = m.order[last]
		m.order[e.slot].slot = e.slot
		m.order[last] = nil
		m.order = m.order[:last]
	}
	m.size -= e.size
}

// live sets how long an entry lives from now on; 0 means for ever.
func (m *Memory) live(e *entry, ttl time.Duration) {
	if ttl == 0 {
		e.expires = time.Time{}
		if e.heapAt >= 0 {
			heap.Remove(&m.expiry, e.heapAt)
		}
		return
	}
	e.expires = m.now().Add(ttl)
	if e.heapAt >= 0 {
		heap.Fix(&m.expiry, e.heapAt)
	} else {
		heap.Push(&m.expiry, e)
	}
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
