package dnsclient

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// windowShare is the part of the cache (one in so many bytes) in which every
	// new reply is kept for a while.
	windowShare = 10
	// indexBytes is about what the index takes for an entry.
	indexBytes = 32
)

// A cache keeps replies until their time is over or until they take too many
// bytes. It is a window for what has just come, and a main part for what has
// proved to be asked again: what leaves the window is let in only if it was
// asked more often lately than what it would drive out (TinyLFU, Einziger and
// others 2017). So questions that come once, or in a round longer than the
// cache, drive out nothing that is asked often.
//
// Replies are kept packed, one after the other, in segments without pointers;
// what was written is never changed. Both parts are queues: what leaves is what
// has been there for the longest.
type cache struct {
	maxBytes int // negative: keeps nothing

	seed         maphash.Seed
	mu           sync.Mutex
	index        index
	often        sketch
	window, main log
	evicted      uint64
}

// newCache makes a cache; it keeps nothing if maxBytes is negative.
func newCache(maxBytes int) *cache {
	c := &cache{maxBytes: maxBytes, seed: maphash.MakeSeed(), index: newIndex()}
	if maxBytes > 0 {
		size := min(max(maxBytes/256, minSegment), maxSegment)
		c.window.size, c.main.size, c.main.mark = size, size, inMain
		c.often = newSketch(maxBytes / usualEntry)
	}
	return c
}

func (c *cache) key(q resolver.Question) uint64 {
	return maphash.Comparable(c.seed, q)
}

// get returns a reply with what is left of its TTLs.
func (c *cache) get(q resolver.Question, now time.Time) (resolver.Reply, bool) {
	if c.maxBytes < 0 {
		return resolver.Reply{}, false
	}
	k := c.key(q)
	c.mu.Lock()
	c.often.add(k)
	e, ok := c.find(k, q, now)
	c.mu.Unlock()
	if !ok {
		return resolver.Reply{}, false
	}
	return e.reply(q, now), true
}

// peek is get for a question that is asked again if the reply is not there: it
// counts as asked only if it is.
func (c *cache) peek(q resolver.Question, now time.Time) (resolver.Reply, bool) {
	if c.maxBytes < 0 {
		return resolver.Reply{}, false
	}
	k := c.key(q)
	c.mu.Lock()
	e, ok := c.find(k, q, now)
	if ok {
		c.often.add(k)
	}
	c.mu.Unlock()
	if !ok {
		return resolver.Reply{}, false
	}
	return e.reply(q, now), true
}

// has reports whether get would find a reply.
func (c *cache) has(q resolver.Question, now time.Time) bool {
	if c.maxBytes < 0 {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.find(c.key(q), q, now)
	return ok
}

func (c *cache) at(p place) entry {
	if p&inMain != 0 {
		return c.main.entry(p)
	}
	return c.window.entry(p)
}

// find returns a question's entry, and forgets it if its time is over.
func (c *cache) find(k uint64, q resolver.Question, now time.Time) (entry, bool) {
	at, ok := c.index.get(k)
	if !ok {
		return nil, false
	}
	e := c.at(at)
	if !e.answers(q) {
		return nil, false
	}
	if e.over(now) {
		c.index.remove(k)
		return nil, false
	}
	return e, true
}

func (c *cache) put(q resolver.Question, r resolver.Reply, now time.Time, ttl time.Duration) {
	if c.maxBytes < 0 || ttl <= 0 {
		return
	}
	e, ok := packEntry(q, r, now, ttl)
	if !ok || e.cost() > c.maxBytes/windowShare {
		return
	}
	k := c.key(q)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index.set(k, c.window.push(k, e))
	for c.window.bytes > c.maxBytes/windowShare || c.bytes() > c.maxBytes {
		c.evict(now)
	}
}

// evict has the oldest entry leave the window or, if that is empty, the cache.
func (c *cache) evict(now time.Time) {
	if c.window.bytes > 0 {
		if k, e, ok := c.leaves(&c.window, now); ok {
			c.admit(k, e, now)
		}
	} else if k, _, ok := c.leaves(&c.main, now); ok {
		c.forget(k)
	}
}

// admit lets an entry into the main part if there is room, or in the place of
// those that are asked less often.
func (c *cache) admit(k uint64, e entry, now time.Time) {
	c.index.remove(k)
	asked := c.often.estimate(k) - 1 // to be asked once is no merit
	for c.main.bytes > 0 && c.bytes()+e.cost() > c.maxBytes {
		vk, ve, ok := c.leaves(&c.main, now)
		if !ok {
			continue
		}
		if c.often.estimate(vk) >= asked {
			c.index.set(vk, c.main.push(vk, ve))
			c.evicted++
			return
		}
		c.forget(vk)
	}
	c.index.set(k, c.main.push(k, e))
}

func (c *cache) forget(k uint64) {
	c.index.remove(k)
	c.evicted++
}

// leaves takes the oldest entry out of a queue. It reports whether it is still
// wanted: it may have been replaced or its time be over.
func (c *cache) leaves(l *log, now time.Time) (uint64, entry, bool) {
	at, k, e := l.pop()
	if in, ok := c.index.get(k); !ok || in != at {
		return 0, nil, false
	}
	if e.over(now) {
		c.index.remove(k)
		return 0, nil, false
	}
	return k, e, true
}

// cost is what an entry takes in the cache.
func (e entry) cost() int { return keyLen + len(e) + indexBytes }

// bytes returns what the cache takes. A log has two segments that are not full.
func (c *cache) bytes() int {
	return c.window.bytes + c.main.bytes + 4*c.main.size + c.index.taken*indexBytes + len(c.often.counters)
}

func (c *cache) size() (entries, bytes int, evicted uint64) {
	if c.maxBytes < 0 {
		return 0, 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.index.taken, c.bytes(), c.evicted
}
