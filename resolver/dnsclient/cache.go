package dnsclient

import (
	"sync"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

// A cache keeps replies until their time is over or, the least recently used
// first, until there are too many. Errors are shared, answers copied.
type cache struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[resolver.Question]*entry
	used    entry // the ring's head: next is the most recently used
	bytes   int
}

type entry struct {
	question     resolver.Question
	reply        resolver.Reply
	stored, ends time.Time
	bytes        int
	prev, next   *entry
}

// newCache makes a cache; it keeps nothing if maxEntries is negative.
func newCache(maxEntries, maxBytes int) *cache {
	c := &cache{maxEntries: maxEntries, maxBytes: maxBytes, entries: map[resolver.Question]*entry{}}
	c.used.prev, c.used.next = &c.used, &c.used
	return c
}

// get returns a reply with what is left of its TTLs.
func (c *cache) get(q resolver.Question, now time.Time) (resolver.Reply, bool) {
	c.mu.Lock()
	e := c.entries[q]
	if e == nil {
		c.mu.Unlock()
		return resolver.Reply{}, false
	}
	if !now.Before(e.ends) {
		c.remove(e)
		c.mu.Unlock()
		return resolver.Reply{}, false
	}
	e.unlink()
	c.link(e)
	reply, stored := e.reply, e.stored
	c.mu.Unlock()
	if reply.Err != nil {
		return reply, true
	}
	reply.Answer = clone(reply.Answer)
	age := uint32(min(max(0, now.Sub(stored)/time.Second), 1<<31))
	for i := range reply.Answer.Records {
		r := &reply.Answer.Records[i]
		r.TTL -= min(r.TTL, age)
	}
	return reply, true
}

// has reports whether get would find a reply.
func (c *cache) has(q resolver.Question, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[q]
	return e != nil && now.Before(e.ends)
}

func (c *cache) put(q resolver.Question, r resolver.Reply, now time.Time, ttl time.Duration) {
	e := &entry{question: q, reply: r, stored: now, ends: now.Add(ttl), bytes: sizeOf(q, r)}
	if c.maxEntries < 0 || e.bytes > c.maxBytes {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.entries[q]; old != nil {
		c.remove(old)
	}
	c.entries[q] = e
	c.bytes += e.bytes
	c.link(e)
	for len(c.entries) > c.maxEntries || c.bytes > c.maxBytes {
		c.remove(c.used.prev)
	}
}

func (c *cache) size() (entries, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries), c.bytes
}

func (c *cache) remove(e *entry) {
	e.unlink()
	delete(c.entries, e.question)
	c.bytes -= e.bytes
}

func (c *cache) link(e *entry) {
	e.prev, e.next = &c.used, c.used.next
	e.prev.next, e.next.prev = e, e
}

func (e *entry) unlink() { e.prev.next, e.next.prev = e.next, e.prev }

// Sizes in memory, roughly: what an entry and its place in the map take, a
// record, a string's header.
const (
	entryBytes  = 300
	recordBytes = 160
	stringBytes = 16
)

func sizeOf(q resolver.Question, r resolver.Reply) int {
	n := entryBytes + len(q.Name)
	for i := range r.Answer.Records {
		rec := &r.Answer.Records[i]
		n += recordBytes + len(rec.Name) + len(rec.Host) + len(rec.Mailbox)
		for _, s := range rec.Strings {
			n += stringBytes + len(s)
		}
	}
	return n
}

// clone keeps askers from changing each other's answers.
func clone(a resolver.Answer) resolver.Answer {
	if a.Records == nil {
		return a
	}
	a.Records = append([]resolver.Record(nil), a.Records...)
	for i := range a.Records {
		if s := a.Records[i].Strings; s != nil {
			a.Records[i].Strings = append([]string(nil), s...)
		}
	}
	return a
}
