package dkimsig

import "sync"

// A KeyCache remembers key records that were read, by their text: DNS is
// still asked, but the same key is not decoded for every message. A nil cache
// remembers nothing. It is safe for concurrent use.
type KeyCache struct {
	mu       sync.Mutex
	new, old map[string]cachedKey
}

type cachedKey struct {
	key *Key
	err error
}

// KeyCacheSize is how many records a cache holds at most, twice half of it;
// longer records than KeyCacheRecord bytes are not kept.
const (
	KeyCacheSize   = 2048
	KeyCacheRecord = 2048
)

// Parse is ParseKey. The Key is shared and must not be changed.
func (c *KeyCache) Parse(record string) (*Key, error) {
	if c == nil || len(record) > KeyCacheRecord {
		return ParseKey(record)
	}
	if k, ok := c.get(record); ok {
		return k.key, k.err
	}
	var k cachedKey
	k.key, k.err = ParseKey(record)
	c.put(record, k)
	return k.key, k.err
}

func (c *KeyCache) get(record string) (cachedKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.new[record]; ok {
		return k, true
	}
	k, ok := c.old[record]
	if ok {
		c.keep(record, k)
	}
	return k, ok
}

func (c *KeyCache) put(record string, k cachedKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(record, k)
}

// keep puts a record among the new ones; when they are half of the cache they
// become the old ones, and the old ones go.
func (c *KeyCache) keep(record string, k cachedKey) {
	if c.new == nil || len(c.new) >= KeyCacheSize/2 {
		c.new, c.old = map[string]cachedKey{}, c.new
	}
	c.new[record] = k
}
