package dnsclient

import (
	"context"
	"runtime"

	"github.com/winnowmail/winnow/resolver"
)

// maxIdle is how many goroutines wait for questions.
const maxIdle = 32

// Start answers like Lookup, without holding up the caller (resolver.Starter).
// Questions that are handed in together leave together, and one goroutine reads
// their replies: most of what a question costs is otherwise system calls and
// the waking up of the goroutine that waits for it.
func (c *Client) Start(ctx context.Context, questions []resolver.Question, done func(i int, a resolver.Answer, err error)) {
	var asked []passenger
	for i, q := range questions {
		q.Name = resolver.Canonical(q.Name)
		if r, ok := c.recall(ctx, q); ok {
			done(i, r.Answer, r.Err)
			continue
		}
		if asked == nil {
			asked = make([]passenger, 0, len(questions)-i)
		}
		asked = append(asked, passenger{i: i, q: q})
	}
	for len(asked) > 0 {
		n := min(len(asked), maxVolley)
		c.hand(job{ctx: ctx, asked: asked[:n:n], done: done})
		asked = asked[n:]
	}
}

// A job is questions that are to be answered, at most maxVolley.
type job struct {
	ctx   context.Context
	asked []passenger
	done  func(int, resolver.Answer, error)
}

// A passenger is one question of a job and how far it has got.
type passenger struct {
	i      int
	q      resolver.Question
	flight *flight   // nil: not boarded
	try    *try      // nil: not sent; it has a slot
	reply  *response // nil: not answered yet; else the flight has landed
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
	var r response
	var err *resolver.Error
	switch {
	case p.reply != nil:
		r = *p.reply
	case p.try != nil:
		r, err = p.try.ask()
		<-c.slots
		r, err = c.land(j.ctx, p.q, p.flight, r, err)
	case p.flight != nil:
		r, err = c.lead(j.ctx, p.q, p.flight)
	default:
		r, err = c.query(j.ctx, p.q)
	}
	a, failure := c.follow(j.ctx, p.q, r, err)
	j.done(p.i, a, failure)
}

// runBatch asks the first server all questions together. Those that are on
// their way already, or that its reply does not answer, are left to workers of
// their own.
func (c *Client) runBatch(j job) {
	order := c.order()
	edns := order[0].knowsEDNS(c.now())
	tries, sent := make([]*try, 0, len(j.asked)), make(map[*try]*passenger, len(j.asked))
	for i := range j.asked {
		p := &j.asked[i]
		if c.takeOff(j.ctx, p, order); p.try == nil {
			c.hand(job{j.ctx, []passenger{*p}, j.done})
			continue
		}
		tries, sent[p.try] = append(tries, p.try), p
	}
	if len(tries) == 0 {
		return
	}
	v, err := c.fire(j.ctx, order[0], edns, tries)
	got := func(t *try, r response, kind resolver.Kind) {
		t.note(v.server, false, v.begun, &r, kind)
		t.first = &exchange{edns, r, kind}
		c.arrive(j, *sent[t])
	}
	if err == nil {
		runtime.Gosched() // who answers may be waiting for this processor
		if err = v.poll(got); err == nil {
			err = v.wait(got)
		}
	}
	missing := v.waiting
	v.done()
	for _, t := range missing {
		got(t, response{}, silence(err))
	}
}

// takeOff gets a question ready to be sent. What can't be sent at once is left
// to a worker.
func (c *Client) takeOff(ctx context.Context, p *passenger, order []*server) {
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
	t, bad := c.newTry(ctx, p.q, order)
	if bad != nil {
		<-c.slots
		return
	}
	p.try = t
}

// arrive lands a question that its first server has answered.
func (c *Client) arrive(j job, p passenger) {
	if !p.try.first.answers() {
		c.hand(job{j.ctx, []passenger{p}, j.done})
		return
	}
	<-c.slots
	r, _ := c.land(j.ctx, p.q, p.flight, p.try.first.r, nil)
	if r.next != "" {
		p.reply = &r
		c.hand(job{j.ctx, []passenger{p}, j.done})
		return
	}
	a, err := c.follow(j.ctx, p.q, r, nil)
	j.done(p.i, a, err)
}
