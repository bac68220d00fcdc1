package dnsclient

import (
	"context"
	"runtime"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// maxIdle is how many goroutines wait for questions.
	maxIdle = 32
	// patience is how long the replies to a batch are waited for one after the
	// other: as long as a resolver nearby takes to answer from its cache.
	patience = 20 * time.Millisecond
)

// Start answers like Lookup, without holding up the caller (resolver.Starter).
// Questions that are handed in together leave together, and their replies are
// read by one goroutine as long as they come fast: most of what a question
// costs is otherwise the waking up of the goroutine that waits for it.
func (c *Client) Start(ctx context.Context, questions []resolver.Question, done func(i int, a resolver.Answer, err error)) {
	j := job{ctx: ctx, done: done}
	for i, q := range questions {
		q.Name = resolver.Canonical(q.Name)
		if r, ok := c.recall(ctx, q); ok {
			done(i, r.Answer, r.Err)
		} else {
			j.asked = append(j.asked, passenger{i: i, q: q})
		}
	}
	if len(j.asked) > 0 {
		c.hand(j)
	}
}

// A job is questions that are to be answered.
type job struct {
	ctx   context.Context
	asked []passenger
	done  func(int, resolver.Answer, error)
}

// A passenger is one question of a job and how far it has got.
type passenger struct {
	i      int
	q      resolver.Question
	flight *flight // nil: not boarded
	try    *try    // nil: not sent
}

// hand gives a job to a worker that waits for one, or to a new one.
func (c *Client) hand(j job) {
	select {
	case c.jobs <- j:
		return
	default:
	}
	c.mu.Lock()
	open := c.life.Err() == nil
	if open {
		c.busy.Add(1)
	}
	c.mu.Unlock()
	if open {
		go c.work(j)
	} else {
		c.run(j) // fails at once
	}
}

// work runs jobs until there are enough others that wait for some: a goroutine
// that has its stack already costs less than a new one.
func (c *Client) work(j job) {
	defer c.busy.Done()
	defer c.idle.Add(-1)
	for {
		c.run(j)
		if c.idle.Add(1) > maxIdle {
			return
		}
		select {
		case j = <-c.jobs:
			c.idle.Add(-1)
		case <-c.life.Done():
			return
		}
	}
}

func (c *Client) run(j job) {
	if len(j.asked) > 1 {
		c.runBatch(j)
		return
	}
	p := &j.asked[0]
	var a resolver.Answer
	var err error
	switch {
	case p.try != nil:
		a, err = c.fly(j.ctx, p.q, p.flight, p.try)
	case p.flight != nil:
		a, err = c.lead(j.ctx, p.q, p.flight)
	default:
		a, err = c.lookup(j.ctx, p.q)
	}
	j.done(p.i, a, err)
}

// runBatch sends all questions, takes the replies that are there then, those
// that come soon after, and leaves each of the others to a worker of its own.
func (c *Client) runBatch(j job) {
	for i := range j.asked {
		c.takeOff(j.ctx, &j.asked[i])
	}
	runtime.Gosched() // who answers may be waiting for this processor
	j.asked = c.arrivals(j, (*try).isThere)
	until := c.now().Add(patience)
	var conns []waiter
	for _, p := range j.asked {
		if p.try != nil && p.try.sent.conn != nil {
			p.try.sent.conn.wait(earlier(until, p.try.until(p.try.sent.begun)))
			conns = append(conns, p.try.sent.conn)
		}
	}
	stop := c.watch(j.ctx, conns...)
	j.asked = c.arrivals(j, (*try).comes)
	stop()
	for _, p := range j.asked {
		c.hand(job{j.ctx, []passenger{p}, j.done})
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// takeOff sends a question. What it can't do at once is left to a worker.
func (c *Client) takeOff(ctx context.Context, p *passenger) {
	if !supported(p.q.Type) {
		return
	}
	f, leads, err := c.board(p.q)
	if err != nil || !leads {
		return
	}
	p.flight = f
	if c.cache.has(p.q, c.now()) { // the last flight has just landed
		return
	}
	select {
	case c.slots <- struct{}{}:
	default:
		return
	}
	t, bad := c.newTry(ctx, p.q)
	if bad != nil {
		<-c.slots
		return
	}
	s := t.order[0]
	t.sent = t.send(s, s.knowsEDNS(c.now()))
	p.try = t
}

// arrivals lands the questions that are answered and returns the others.
func (c *Client) arrivals(j job, answered func(*try) bool) []passenger {
	rest := j.asked[:0]
	for _, p := range j.asked {
		if p.try == nil || p.try.sent.conn == nil || !answered(p.try) {
			rest = append(rest, p)
			continue
		}
		a, err := c.fly(j.ctx, p.q, p.flight, p.try)
		j.done(p.i, a, err)
	}
	return rest
}

// isThere takes the reply if it has come, and reports whether it answers the
// question.
func (t *try) isThere() bool {
	for range maxIgnored {
		n, there, err := t.sent.conn.poll(t.buffer.reply[:])
		switch {
		case err != nil:
			t.received(t.sent, response{}, silence(err))
			return false
		case !there:
			return false
		}
		if r, kind, ok := t.datagram(n); ok {
			return t.takes(r, kind)
		}
	}
	return false
}

// comes waits for the reply until the socket's deadline, and reports whether it
// answers the question.
func (t *try) comes() bool {
	r, kind := t.read(t.sent.conn)
	if kind == resolver.KindTimeout && t.ctx.Err() == nil {
		return false
	}
	return t.takes(r, kind)
}

func (t *try) takes(r response, kind resolver.Kind) bool {
	t.received(t.sent, r, kind)
	return kind == "" && !r.truncated && r.next == "" && r.verdict() == ""
}
