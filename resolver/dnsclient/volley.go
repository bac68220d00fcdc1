package dnsclient

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// maxVolley is how many questions leave from one socket together: their
	// replies fit into what a socket buffers.
	maxVolley = 64
	// atOnce is how many replies are read together, and udpBuffer takes one of a
	// server that sends more than was announced.
	atOnce    = 16
	udpBuffer = 2048
	// maxIgnored is how many datagrams that are no reply a volley puts up with.
	maxIgnored = 1000
)

// A volley is questions that go to one server from one socket, and wait for
// their replies.
type volley struct {
	*Client
	ctx     context.Context
	server  *server
	edns    bool
	begun   time.Time
	conn    *socket // nil: they could not be sent
	buffer  *buffer
	waiting []*try // those without a reply
	ignored int
	unwatch func() // not nil while it waits
}

// A buffer holds a volley's datagrams.
type buffer struct {
	out      [maxVolley]ipv4.Message
	in       [atOnce]ipv4.Message
	outgoing [maxVolley][1][]byte
	incoming [atOnce][1][]byte
	replies  [atOnce][udpBuffer]byte
}

func newBuffer() any {
	b := new(buffer)
	for i := range b.out {
		b.out[i].Buffers = b.outgoing[i][:]
	}
	for i := range b.in {
		b.incoming[i][0] = b.replies[i][:]
		b.in[i].Buffers = b.incoming[i][:]
	}
	return b
}

// fire sends the questions, at most maxVolley. Call done at the end.
func (c *Client) fire(ctx context.Context, s *server, edns bool, tries []*try) (*volley, error) {
	v := &volley{Client: c, ctx: ctx, server: s, edns: edns, begun: c.now(), buffer: c.buffers.Get().(*buffer), waiting: tries}
	v.number()
	out := v.buffer.out[:len(tries)]
	for i, t := range tries {
		out[i].Buffers[0] = t.query.last
	}
	for {
		var err error
		if v.conn, err = s.sockets.lend(); err != nil {
			return v, err
		}
		used := v.conn.questions > 0
		v.conn.questions += len(tries)
		v.conn.SetReadDeadline(v.until())
		if err = v.conn.send(out); err == nil {
			return v, nil
		}
		if !used {
			return v, err
		}
		v.giveBack(true) // what an earlier question met is not this one's failure
	}
}

// done ends the volley.
func (v *volley) done() {
	v.giveBack(len(v.waiting) > 0 || v.ignored > 0)
	v.buffers.Put(v.buffer)
	v.buffer = nil
}

// giveBack returns the socket. One that may get a late reply or has got
// something else is not used again: what is tried on its port was in vain.
func (v *volley) giveBack(spent bool) {
	if v.conn != nil {
		v.conn.spent = v.conn.spent || spent
		v.server.sockets.giveBack(v.conn)
		v.conn = nil
	}
}

// number counts the queries and gives them random ids, each another.
func (v *volley) number() {
	v.stats.queries.Add(uint64(len(v.waiting)))
	var ids [2 * maxVolley]byte
	rand.Read(ids[:2*len(v.waiting)])
	for i, t := range v.waiting {
		id := binary.BigEndian.Uint16(ids[2*i:])
		for v.taken(id, i) {
			rand.Read(ids[:2])
			id = binary.BigEndian.Uint16(ids[:])
		}
		if v.o.MixedCase {
			var random [32]byte
			rand.Read(random[:])
			t.query.mixCase(random[:])
		}
		t.query.finish(id, v.edns)
	}
}

// taken reports whether one of the first n questions has the id.
func (v *volley) taken(id uint16, n int) bool {
	for _, t := range v.waiting[:n] {
		if t.query.id() == id {
			return true
		}
	}
	return false
}

// until returns when the volley is over.
func (v *volley) until() time.Time {
	end := v.begun.Add(v.o.Timeout)
	if d, ok := v.ctx.Deadline(); ok && d.Before(end) {
		return d
	}
	return end
}

// An answered function gets a try's reply.
type answered func(t *try, r response, kind resolver.Kind)

// poll takes the replies that are there.
func (v *volley) poll(got answered) error {
	for len(v.waiting) > 0 {
		n, err := v.conn.poll(v.buffer.in[:min(len(v.waiting), atOnce)])
		if n == 0 || err != nil {
			return err
		}
		v.took(n, got)
	}
	return nil
}

// wait takes replies until all are there, or it is over; then the error says
// why.
func (v *volley) wait(got answered) error {
	if len(v.waiting) == 0 {
		return nil
	}
	v.unwatch = v.watch(v.ctx, v.conn)
	defer v.endWatch()
	for len(v.waiting) > 0 {
		n, err := v.conn.batch.ReadBatch(v.buffer.in[:min(len(v.waiting), atOnce)], 0)
		if err != nil {
			return err
		}
		v.took(n, got)
		if v.ignored > maxIgnored {
			return os.ErrDeadlineExceeded
		}
	}
	return nil
}

// took finds the questions of n datagrams.
func (v *volley) took(n int, got answered) {
	var replies [atOnce]struct {
		t *try
		exchange
	}
	found := replies[:0]
	for i := range v.buffer.in[:n] {
		msg := v.buffer.replies[i][:v.buffer.in[i].N]
		j := v.asked(msg)
		if j < 0 {
			v.ignored++
			v.stats.ignored.Add(1)
			continue
		}
		found = found[:len(found)+1]
		reply := &found[len(found)-1]
		reply.t = v.waiting[j]
		v.waiting = append(v.waiting[:j], v.waiting[j+1:]...)
		if len(msg) == udpBuffer {
			reply.r.truncated = true
		} else {
			reply.r, reply.kind = reply.t.parse(msg)
		}
	}
	if len(v.waiting) == 0 {
		v.endWatch() // who has all replies may end the context
	}
	for i := range found {
		got(found[i].t, found[i].r, found[i].kind)
	}
}

func (v *volley) endWatch() {
	if v.unwatch != nil {
		v.unwatch()
		v.unwatch = nil
	}
}

// asked returns which question the datagram is a reply to, -1 for none.
func (v *volley) asked(msg []byte) int {
	for j, t := range v.waiting {
		if t.query.answers(msg, v.o.MixedCase) {
			return j
		}
	}
	return -1
}

// A deadline is a connection that somebody may be waiting for.
type deadline interface{ SetDeadline(time.Time) error }

// watch ends what the connection waits for when the context ends or the Client
// is closed, until stop is called.
func (c *Client) watch(ctx context.Context, conn deadline) (stop func()) {
	c.mu.Lock()
	c.conns[conn] = struct{}{}
	if c.life.Err() != nil {
		conn.SetDeadline(past())
	}
	c.mu.Unlock()
	left := context.AfterFunc(ctx, func() { conn.SetDeadline(past()) })
	return func() {
		if s, ok := conn.(*socket); !left() && ok {
			s.spent = true // the deadline may come when somebody else has it
		}
		c.mu.Lock()
		delete(c.conns, conn)
		c.mu.Unlock()
	}
}

// past is a deadline that is over.
func past() time.Time { return time.Unix(1, 0) }

func silence(err error) resolver.Kind {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return resolver.KindTimeout
	}
	return resolver.KindNetwork
}
