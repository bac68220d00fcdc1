package dnsclient

import (
	"context"
	"net"
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

// runBatch sends all questions, takes the replies that come fast and leaves
// each of the others to a worker of its own.
func (c *Client) runBatch(j job) {
	conns := make([]net.Conn, 0, len(j.asked))
	end := c.now().Add(patience)
	for i := range j.asked {
		if p := &j.asked[i]; c.takeOff(j.ctx, p, end) {
			conns = append(conns, p.try.sent.conn)
		}
	}
	stop := c.watch(j.ctx, conns...)
	slow := 0
	for _, p := range j.asked {
		if p.try != nil && p.try.arrives() {
			a, err := c.fly(j.ctx, p.q, p.flight, p.try)
			j.done(p.i, a, err)
			continue
		}
		j.asked[slow] = p
		slow++
	}
	stop()
	for _, p := range j.asked[:slow] {
		if p.try != nil && p.try.sent.conn != nil {
			p.try.sent.conn.SetDeadline(p.try.until(p.try.sent.begun))
		}
		c.hand(job{j.ctx, []passenger{p}, j.done})
	}
}

// takeOff sends a question and reports whether a reply may come. What it can't
// do at once is left to a worker.
func (c *Client) takeOff(ctx context.Context, p *passenger, end time.Time) bool {
	if !supported(p.q.Type) {
		return false
	}
	f, leads, err := c.board(p.q)
	if err != nil || !leads {
		return false
	}
	p.flight = f
	if c.cache.has(p.q, c.now()) { // the last flight has just landed
		return false
	}
	select {
	case c.slots <- struct{}{}:
	default:
		return false
	}
	t, bad := c.newTry(ctx, p.q)
	if bad != nil {
		<-c.slots
		return false
	}
	s, now := t.order[0], c.now()
	if until := t.until(now); until.Before(end) {
		end = until
	}
	t.sent = t.send(s, s.knowsEDNS(now), end)
	p.try = t
	return t.sent.conn != nil
}

// arrives waits for the reply until the socket's deadline and reports whether
// the question is answered by it.
func (t *try) arrives() bool {
	x := t.sent
	if x.conn == nil {
		return false
	}
	r, kind := t.read(x.conn)
	if kind == resolver.KindTimeout && t.ctx.Err() == nil {
		return false
	}
	t.received(x, r, kind)
	return kind == "" && !r.truncated && r.next == "" && r.verdict() == ""
}
