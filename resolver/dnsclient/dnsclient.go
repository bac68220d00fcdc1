// Package dnsclient is winnow's DNS client: it asks recursive resolvers over
// UDP and TCP (github.com/miekg/dns reads and writes the names) and keeps what
// they said in a cache.
//
// The best server to ask is a validating resolver on the same host (unbound,
// knot-resolver): DNS lists refuse the big public ones. A Client serves any
// number of Scanners and goes into their options:
//
//	client, err := dnsclient.New(dnsclient.Options{Servers: []string{"127.0.0.1"}})
//	…
//	defer client.Close()
//	scanner, err := winnow.New(winnow.Options{DNS: resolver.Options{Resolver: client}})
//
// How it asks: questions that are asked together leave together, from one of up
// to 128 sockets with random ports, which change all the time; each has a random
// id, and the same question is never out twice. A reply counts only if it comes
// from the server asked, carries that id and repeats the question (RFC 5452).
// Whatever else arrives is ignored until the time is over, and its port is given
// up. EDNS0 announces 1232 bytes; a truncated
// reply is asked for again over TCP, a server that does not know EDNS0 without
// it. A server that does not answer, refuses, fails or refers to others is
// passed over for the next one; one that did not answer twice in a row is
// asked last for a while.
//
// An answer is kept for its TTL, "no such record" as long as RFC 2308 says, and
// a server's failure for a few seconds. When the cache is full, what is asked
// often stays. Who asks a question that is on its way
// already waits for that reply; the question is not sent again.
//
// Errors are *resolver.Error. A record counts as missing only if a server that
// knows said so: a referral, a refusal or an answer to something else is a
// temporary error.
package dnsclient

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

// Options is how a Client asks. The zero value asks the servers of
// /etc/resolv.conf.
type Options struct {
	// Servers are recursive resolvers: "192.0.2.1", "192.0.2.1:5353",
	// "2001:db8::1", "[2001:db8::1]:5353". Empty, or just "system", means those
	// of ResolvConf.
	Servers []string
	// ResolvConf is read for its nameserver lines and the options timeout,
	// attempts and rotate; "" means /etc/resolv.conf. It is read once, by New,
	// and only if Servers asks for it. Search lists are not used.
	ResolvConf string
	// Timeout bounds one try; 0 means resolv.conf's, else a second.
	Timeout time.Duration
	// Attempts is how often a question is tried in all, over all servers;
	// 0 means what resolv.conf says for each server, else 5.
	Attempts int
	// Rotate begins with another server for each question instead of with the
	// first. resolv.conf can set it too.
	Rotate bool
	// MixedCase varies the letters' case in questions, which replies must
	// repeat, so that forging one takes more guesses. Some servers don't repeat it.
	MixedCase bool
	// MaxInFlight bounds the questions on their way; 0 means 512. More wait for
	// their turn.
	MaxInFlight int

	// CacheBytes is how much memory the cache takes, 64 KiB at least; 0 means
	// 8 MiB, which hold some 60,000 replies. A negative value turns it off.
	CacheBytes int
	// MaxTTL and MaxNegativeTTL bound how long replies and "no such record" are
	// kept; 0 means a day and an hour. FailureTTL is how long a server's
	// failure is kept; 0 means 2 s, a negative value not at all, and 30 s is
	// the maximum.
	MaxTTL, MaxNegativeTTL, FailureTTL time.Duration

	// Observe is called after each exchange with a server, from the asking
	// goroutine; nil is fine.
	Observe func(Exchange)
}

// Defaults and bounds of Options.
const (
	DefaultTimeout     = time.Second
	DefaultAttempts    = 5
	DefaultMaxInFlight = 512

	DefaultCacheBytes     = 8 << 20
	DefaultMaxTTL         = 24 * time.Hour
	DefaultMaxNegativeTTL = time.Hour
	DefaultFailureTTL     = 2 * time.Second

	minCacheBytes = 64 << 10
	maxServers    = 16
	maxAttempts   = 64
	maxFailureTTL = 30 * time.Second
	// maxChain is how many CNAMEs in a row are followed.
	maxChain = 16
)

// A Client is a resolver.Resolver. Make it with New, end it with Close.
type Client struct {
	o       Options
	servers []*server
	turn    atomic.Uint32 // for Rotate: which server comes first
	slots   chan struct{} // one for each question on its way
	jobs    chan job      // to a worker that waits for a job
	idle    atomic.Int32  // workers that wait for a job
	buffers sync.Pool     // *buffer, for volleys
	cache   *cache
	stats   counters
	now     func() time.Time // for what is kept: the cache, what is known about servers

	life context.Context // ends with Close
	end  context.CancelFunc

	mu      sync.Mutex
	flights map[resolver.Question]*flight
	conns   map[deadline]struct{} // that somebody waits for
	busy    sync.WaitGroup        // look-ups and workers
}

// New makes a Client. It sends nothing.
func New(o Options) (*Client, error) {
	servers, err := o.complete()
	if err != nil {
		return nil, err
	}
	c := &Client{
		o: o, slots: make(chan struct{}, o.MaxInFlight), jobs: make(chan job), now: time.Now,
		cache:   newCache(o.CacheBytes),
		flights: map[resolver.Question]*flight{},
		conns:   map[deadline]struct{}{},
	}
	c.life, c.end = context.WithCancel(context.Background())
	for _, a := range servers {
		c.servers = append(c.servers, newServer(c, a))
	}
	c.buffers.New = newBuffer
	return c, nil
}

// Close ends all look-ups, with errors, and returns when they have ended. Later
// ones fail.
func (c *Client) Close() error {
	c.mu.Lock()
	c.end()
	for conn := range c.conns {
		conn.SetDeadline(past())
	}
	c.mu.Unlock()
	for _, s := range c.servers {
		s.sockets.close()
	}
	c.busy.Wait()
	return nil
}

var errClosed = errors.New("the client is closed")

// Lookup answers from the cache or asks.
func (c *Client) Lookup(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
	q := resolver.Question{Name: resolver.Canonical(name), Type: qtype}
	if r, ok := c.recall(ctx, q); ok {
		return r.Answer, r.Err
	}
	return c.lookup(ctx, q)
}

// Recall answers from the cache (resolver.Recaller). A question that it does not
// know does not count as one: who has to know asks it then.
func (c *Client) Recall(ctx context.Context, q resolver.Question) (resolver.Reply, bool) {
	q.Name = resolver.Canonical(q.Name)
	if err := ctx.Err(); err != nil {
		return resolver.Reply{Err: ended(q, err)}, true
	}
	r, ok := c.cache.peek(q, c.now())
	if ok {
		c.stats.lookups.Add(1)
		c.stats.cacheHits.Add(1)
	}
	return r, ok
}

// recall answers from the cache, or with the error of a context that has ended.
func (c *Client) recall(ctx context.Context, q resolver.Question) (resolver.Reply, bool) {
	c.stats.lookups.Add(1)
	if err := ctx.Err(); err != nil {
		return resolver.Reply{Err: ended(q, err)}, true
	}
	r, ok := c.cache.get(q, c.now())
	if ok {
		c.stats.cacheHits.Add(1)
	}
	return r, ok
}

func fail(q resolver.Question, k resolver.Kind, detail string) *resolver.Error {
	return &resolver.Error{Name: q.Name, Type: q.Type, Kind: k, Detail: detail}
}

func ended(q resolver.Question, err error) *resolver.Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fail(q, resolver.KindTimeout, "")
	}
	return fail(q, resolver.KindCanceled, "")
}
