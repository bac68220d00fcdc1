package dnsclient

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

// Stats counts what a Client did since New.
type Stats struct {
	Lookups   uint64 // calls of Lookup
	CacheHits uint64 // … answered from the cache
	Shared    uint64 // … that waited for somebody else's question
	Queries   uint64 // sent, over UDP and TCP
	Retries   uint64 // … after a try that failed
	TCP       uint64 // … over TCP
	Timeouts  uint64 // tries without a reply
	Ignored   uint64 // datagrams that were no reply to the question

	Rcodes map[string]uint64 // replies by what they said: "NOERROR", "NXDOMAIN" …

	CacheEntries, CacheBytes int    // now
	CacheEvicted             uint64 // replies that had to leave before their time was over

	Sockets       int    // for UDP, now open
	SocketsOpened uint64 // … so far
}

// HitRate returns the share of the look-ups that the cache answered, 0 to 1.
func (s Stats) HitRate() float64 {
	if s.Lookups == 0 {
		return 0
	}
	return float64(s.CacheHits) / float64(s.Lookups)
}

// An Exchange is one try to have a question answered.
type Exchange struct {
	Server   netip.AddrPort
	Question resolver.Question
	TCP      bool
	Duration time.Duration
	Rcode    string        // "" without a reply
	Kind     resolver.Kind // why the try gave no answer, ""; KindTruncated: asked again over TCP
}

type counters struct {
	lookups, cacheHits, shared, queries, retries, tcp, timeouts, ignored atomic.Uint64

	rcodes [maxRcode + 1]atomic.Uint64 // the last: all others
}

// maxRcode is one more than BADCOOKIE, the last that has a name.
const maxRcode = 24

func rcodeString(rcode int) string {
	if s, ok := dns.RcodeToString[rcode]; ok {
		return s
	}
	return "OTHER"
}

// Stats returns the counters.
func (c *Client) Stats() Stats {
	n := &c.stats
	s := Stats{
		Lookups: n.lookups.Load(), CacheHits: n.cacheHits.Load(), Shared: n.shared.Load(),
		Queries: n.queries.Load(), Retries: n.retries.Load(), TCP: n.tcp.Load(),
		Timeouts: n.timeouts.Load(), Ignored: n.ignored.Load(),
		Rcodes: map[string]uint64{},
	}
	for i := range n.rcodes {
		if v := n.rcodes[i].Load(); v > 0 {
			s.Rcodes[rcodeString(i)] += v
		}
	}
	s.CacheEntries, s.CacheBytes, s.CacheEvicted = c.cache.size()
	for _, server := range c.servers {
		open, opened := server.sockets.count()
		s.Sockets += open
		s.SocketsOpened += opened
	}
	return s
}
