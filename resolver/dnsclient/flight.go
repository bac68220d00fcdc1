package dnsclient

import (
	"context"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

// A flight is a question on its way. Its leader asks, in its own goroutine and
// within its own context; the others wait for done. So the same question is
// never out twice, and an attacker has one id and one port to guess, not any of
// many (RFC 5452 section 5).
type flight struct {
	done      chan struct{}
	shared    bool // somebody else waits too
	r         response
	err       *resolver.Error
	abandoned bool // the leader's context ended: the reply says nothing
}

// lookup asks, or waits for the caller that is asking the same question, and
// asks on where a server left a CNAME chain unfinished.
func (c *Client) lookup(ctx context.Context, q resolver.Question) (resolver.Answer, error) {
	r, err := c.query(ctx, q)
	return c.follow(ctx, q, r, err)
}

// follow makes a Lookup's outcome of what came of its question.
func (c *Client) follow(ctx context.Context, q resolver.Question, r response, err *resolver.Error) (resolver.Answer, error) {
	if err == nil && r.next == "" {
		reply, _ := c.reply(q, r)
		return reply.Answer, reply.Err
	}
	for err == nil && r.next != "" && r.hops <= maxChain {
		var next response
		next, err = c.query(ctx, resolver.Question{Name: r.next, Type: q.Type})
		r = r.and(next)
	}
	if err != nil {
		e := *err
		e.Name, e.Type = q.Name, q.Type
		if r.hops > 0 {
			c.cache.put(q, resolver.Reply{Err: &e}, c.now(), min(c.keepFailure(e.Kind), c.o.FailureTTL))
		}
		return resolver.Answer{}, &e
	}
	reply, ttl := c.reply(q, r)
	c.cache.put(q, reply, c.now(), ttl)
	return reply.Answer, reply.Err
}

// and returns the response with its chain continued.
func (r response) and(next response) response {
	next.records = append(r.records[:len(r.records):len(r.records)], next.records...)
	next.hops += r.hops + 1 // an answer that leads to the same question again must end too
	next.ttl = min(next.ttl, r.ttl)
	next.authentic = next.authentic && r.authentic
	return next
}

// reply says what a response means to who asked, and how long to keep that.
func (c *Client) reply(q resolver.Question, r response) (resolver.Reply, time.Duration) {
	switch {
	case r.kind == resolver.KindNXDomain, r.kind == resolver.KindNoData:
		return resolver.Reply{Err: fail(q, r.kind, "")}, min(r.ttl, c.o.MaxNegativeTTL)
	case r.hops > maxChain || r.kind == resolver.KindLoop:
		return resolver.Reply{Err: fail(q, resolver.KindLoop, "")}, c.keepFailure(resolver.KindLoop)
	}
	return resolver.Reply{Answer: resolver.Answer{Records: r.records, Authentic: r.authentic}}, min(r.ttl, c.o.MaxTTL)
}

// query asks one question, without what it may lead to, or waits for the caller
// that is asking it.
func (c *Client) query(ctx context.Context, q resolver.Question) (response, *resolver.Error) {
	for {
		f, leads, err := c.board(q)
		if err != nil {
			return response{}, fail(q, resolver.KindNetwork, err.Error())
		}
		if leads {
			return c.lead(ctx, q, f)
		}
		c.stats.shared.Add(1)
		select {
		case <-f.done:
		case <-ctx.Done():
			return response{}, ended(q, ctx.Err())
		}
		if !f.abandoned {
			return f.r.clone(), f.err
		}
	}
}

// board joins the flight of q or begins one, which the caller leads.
func (c *Client) board(q resolver.Question) (f *flight, leads bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[q]; f != nil {
		f.shared = true
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
func (c *Client) lead(ctx context.Context, q resolver.Question, f *flight) (response, *resolver.Error) {
	if r, err, ok := c.landed(q); ok {
		return c.land(ctx, q, f, r, err)
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return c.land(ctx, q, f, response{}, ended(q, ctx.Err()))
	case <-c.life.Done():
		return c.land(ctx, q, f, response{}, fail(q, resolver.KindNetwork, errClosed.Error()))
	}
	t, err := c.newTry(ctx, q, c.order())
	if err != nil {
		return c.land(ctx, q, f, response{}, err)
	}
	r, err := t.ask()
	return c.land(ctx, q, f, r, err)
}

// landed returns a reply that came into the cache just before the flight began.
func (c *Client) landed(q resolver.Question) (r response, err *resolver.Error, ok bool) {
	now := c.now()
	if !c.cache.has(q, now) {
		return r, nil, false
	}
	reply, ok := c.cache.get(q, now)
	if !ok {
		return r, nil, false
	}
	c.stats.cacheHits.Add(1)
	err, _ = reply.Err.(*resolver.Error)
	r = response{records: reply.Answer.Records, authentic: reply.Answer.Authentic, kept: true}
	r.ttl = time.Duration(reply.Answer.TTL()) * time.Second
	return r, err, true
}

// land ends a flight, which the caller leads, and keeps what came of it.
func (c *Client) land(ctx context.Context, q resolver.Question, f *flight, r response, err *resolver.Error) (response, *resolver.Error) {
	f.r, f.err = r, err
	switch {
	case err != nil && ctx.Err() != nil:
		f.abandoned = true
	case r.kept:
	case err != nil:
		c.cache.put(q, resolver.Reply{Err: err}, c.now(), c.keepFailure(err.Kind))
	case r.next == "":
		reply, ttl := c.reply(q, r)
		c.cache.put(q, reply, c.now(), ttl)
	}
	c.mu.Lock()
	delete(c.flights, q)
	shared := f.shared
	c.mu.Unlock()
	if shared {
		r = r.clone()
	}
	close(f.done)
	c.busy.Done()
	return r, err
}

// clone keeps askers from changing each other's answers.
func (r response) clone() response {
	r.records = resolver.Answer{Records: r.records}.Clone().Records
	return r
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
