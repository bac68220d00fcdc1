package winnow

import (
	"crypto/sha256"
	"sync"
)

// A cacheKey is the digest of the layers that rules were made of.
type cacheKey [sha256.Size]byte

// A ruleCache keeps what was compiled of settings, by their content: the maps
// of Settings may change between two scans. It has two generations: what was
// not used while the younger one filled up is forgotten.
type ruleCache struct {
	mu         sync.Mutex
	most       int // bounds a generation; one entry takes some 10 to 60 kB
	young, old map[cacheKey]*rules
}

// mostRules and mostDerived bound the generations of a Scanner that New made
// and of one that With derived; there may be a thousand derived ones.
const (
	mostRules   = 64
	mostDerived = 8
)

func (c *ruleCache) get(k cacheKey) *rules {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.young[k]
	if r == nil {
		if r = c.old[k]; r != nil {
			c.keep(r)
		}
	}
	return r
}

func (c *ruleCache) put(r *rules) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(r)
}

func (c *ruleCache) keep(r *rules) {
	if len(c.young) >= c.most || c.young == nil {
		c.young, c.old = map[cacheKey]*rules{}, c.young
	}
	c.young[r.key] = r
}

// over returns the rules with settings over them, compiled or remembered.
func (s *Scanner) over(base *rules, set *Settings) (*rules, error) {
	if set.empty() {
		return base, nil
	}
	key := keyOf(base, set)
	if r := s.cache.get(key); r != nil {
		return r, nil
	}
	r, err := s.lay(base, set)
	if err != nil {
		return nil, err
	}
	r.key = key
	s.cache.put(r)
	return r, nil
}

func keyOf(base *rules, set *Settings) cacheKey {
	f := make(fingerprint, 0, 512)
	f = append(f, base.key[:]...)
	f.bool(set.PassAll)
	f.layer(&set.Layer)
	for i := range set.Over {
		f.layer(&set.Over[i])
	}
	return sha256.Sum256(f)
}

// empty reports whether the settings change nothing.
func (s *Settings) empty() bool { return s.Layer.empty() && len(s.Over) == 0 && !s.PassAll }
