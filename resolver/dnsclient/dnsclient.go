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
// How it asks: every question leaves from a socket, and so a port, of its own,
// with a random id; a reply counts only if it comes from the server asked,
// carries that id and repeats the question (RFC 5452). Whatever else arrives
// is ignored until the time is over. EDNS0 announces 1232 bytes; a truncated
// reply is asked for again over TCP, a server that does not know EDNS0 without
// it. A server that does not answer, refuses, fails or refers to others is
// passed over for the next one; one that did not answer twice in a row is
// asked last for a while.
//
// An answer is kept for its TTL, "no such record" as long as RFC 2308 says, and
// a server's failure for a few seconds. Who asks a question that is on its way
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
	// MaxInFlight bounds the questions on their way, and so the open sockets;
	// 0 means 512. More wait for their turn.
	MaxInFlight int

	// CacheEntries and CacheBytes bound the cache; 0 means 20,000 and 8 MiB.
	// Negative CacheEntries turn the cache off.
	CacheEntries, CacheBytes int
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

	DefaultCacheEntries   = 20_000
	DefaultCacheBytes     = 8 << 20
	DefaultMaxTTL         = 24 * time.Hour
	DefaultMaxNegativeTTL = time.Hour
	DefaultFailureTTL     = 2 * time.Second

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
	buffers sync.Pool     // *buffer
	cache   *cache
	stats   counters
	now     func() time.Time // for what is kept: the cache, what is known about servers

	life context.Context // ends with Close
	end  context.CancelFunc

	mu      sync.Mutex
	flights map[resolver.Question]*flight
	conns   map[waiter]struct{}
	busy    sync.WaitGroup // look-ups and workers
}

// A flight is a question on its way. Its leader asks, in its own goroutine and
// within its own context; the others wait for done.
type flight struct {
	done      chan struct{}
	reply     resolver.Reply
	abandoned bool // the leader's context ended: reply says nothing
}

// New makes a Client. It sends nothing.
func New(o Options) (*Client, error) {
	servers, err := o.complete()
	if err != nil {
		return nil, err
	}
	c := &Client{
		o: o, slots: make(chan struct{}, o.MaxInFlight), jobs: make(chan job), now: time.Now,
		cache:   newCache(o.CacheEntries, o.CacheBytes),
		flights: map[resolver.Question]*flight{},
		conns:   map[waiter]struct{}{},
	}
	c.life, c.end = context.WithCancel(context.Background())
	for _, a := range servers {
		c.servers = append(c.servers, newServer(a))
	}
	c.buffers.New = func() any { return new(buffer) }
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

// lookup asks, or waits for the caller that is asking the same question.
func (c *Client) lookup(ctx context.Context, q resolver.Question) (resolver.Answer, error) {
	for {
		f, leads, err := c.board(q)
		if err != nil {
			return resolver.Answer{}, fail(q, resolver.KindNetwork, err.Error())
		}
		if leads {
			return c.lead(ctx, q, f)
		}
		c.stats.shared.Add(1)
		select {
		case <-f.done:
		case <-ctx.Done():
			return resolver.Answer{}, ended(q, ctx.Err())
		}
		if !f.abandoned {
			return clone(f.reply.Answer), f.reply.Err
		}
	}
}

// board joins the flight of q or begins one, which the caller leads.
func (c *Client) board(q resolver.Question) (f *flight, leads bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[q]; f != nil {
		return f, false, nil
	}
	if c.life.Err() != nil {
		return nil, false, errClosed
	}
	f = &flight{done: make(chan struct{})}
	c.flights[q] = f
	c.busy.Add(1)
	return f, true, nil
}

// lead asks for a flight and lands it.
func (c *Client) lead(ctx context.Context, q resolver.Question, f *flight) (resolver.Answer, error) {
	if r, ok := c.cache.get(q, c.now()); ok { // the last flight has just landed
		c.stats.cacheHits.Add(1)
		return c.land(q, f, r)
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		f.abandoned = true
		return c.land(q, f, resolver.Reply{Err: ended(q, ctx.Err())})
	case <-c.life.Done():
		return c.land(q, f, resolver.Reply{Err: fail(q, resolver.KindNetwork, errClosed.Error())})
	}
	return c.fly(ctx, q, f, nil)
}

// fly asks for a flight that has a slot, and lands it. first is the question's
// first try if that was sent already, else nil.
func (c *Client) fly(ctx context.Context, q resolver.Question, f *flight, first *try) (resolver.Answer, error) {
	a, ttl, err := c.resolve(ctx, q, first)
	<-c.slots
	r := resolver.Reply{Answer: a, Err: err}
	if err != nil && ctx.Err() != nil {
		f.abandoned = true
	} else if ttl > 0 {
		c.cache.put(q, r, c.now(), ttl)
	}
	return c.land(q, f, r)
}

// land gives a flight its reply and returns a copy of it.
func (c *Client) land(q resolver.Question, f *flight, r resolver.Reply) (resolver.Answer, error) {
	f.reply = r
	c.mu.Lock()
	delete(c.flights, q)
	c.mu.Unlock()
	close(f.done)
	c.busy.Done()
	return clone(r.Answer), r.Err
}

// resolve asks, and asks on where a server left a CNAME chain unfinished. The
// duration is how long to keep the outcome.
func (c *Client) resolve(ctx context.Context, q resolver.Question, first *try) (resolver.Answer, time.Duration, error) {
	var a resolver.Answer
	ttl, hops := c.o.MaxTTL, 0
	for name := q.Name; ; {
		r, err := c.ask(ctx, resolver.Question{Name: name, Type: q.Type}, first)
		if err != nil {
			err.Name, err.Type = q.Name, q.Type
			return resolver.Answer{}, c.keepFailure(err.Kind), err
		}
		a.Authentic = r.authentic && (a.Authentic || hops == 0)
		a.Records = append(a.Records, r.records...)
		ttl = min(ttl, r.ttl)
		hops += r.hops
		switch {
		case r.kind == resolver.KindNXDomain, r.kind == resolver.KindNoData:
			return resolver.Answer{}, min(ttl, c.o.MaxNegativeTTL), fail(q, r.kind, "")
		case hops > maxChain || r.kind == resolver.KindLoop:
			return resolver.Answer{}, c.keepFailure(resolver.KindLoop), fail(q, resolver.KindLoop, "")
		case r.next == "":
			return a, ttl, nil
		}
		name, first = r.next, nil
		hops++ // an answer that leads to the same question again must end too
	}
}

// ask asks the servers one question. first is its first try if that was sent
// already, else nil.
func (c *Client) ask(ctx context.Context, q resolver.Question, first *try) (response, *resolver.Error) {
	if !supported(q.Type) {
		return response{}, fail(q, resolver.KindMalformed, "records of this type cannot be read")
	}
	t, err := first, (*resolver.Error)(nil)
	if t == nil {
		t, err = c.newTry(ctx, q)
	}
	if err != nil {
		return response{}, err
	}
	defer t.land()
	return t.ask()
}

// keepFailure says how long a failure is kept. Silence, a time-out or a network
// error, is not kept.
func (c *Client) keepFailure(k resolver.Kind) time.Duration {
	switch k {
	case resolver.KindServFail, resolver.KindRefused, resolver.KindLame, resolver.KindMalformed,
		resolver.KindTruncated, resolver.KindLoop:
		return c.o.FailureTTL
	case resolver.KindNXDomain: // a name that no question can carry
		return c.o.MaxNegativeTTL
	}
	return 0
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
