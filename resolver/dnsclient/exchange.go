package dnsclient

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// udpBuffer takes replies of servers that send more than was announced.
	udpBuffer = 4096
	// maxIgnored is how many datagrams that are no reply a try puts up with.
	maxIgnored = 1000
)

// A buffer holds a query and its reply over UDP.
type buffer struct {
	query [maxQuery]byte
	reply [udpBuffer]byte
}

// A try is one question's way over the servers.
type try struct {
	*Client
	ctx    context.Context
	q      resolver.Question
	query  query
	buffer *buffer
	room   [maxServers]*server
	order  []*server // to ask
	sent   *exchange // the first, if it is on its way already
}

// newTry prepares a question. It fails for what is no name. Call land at the
// end.
func (c *Client) newTry(ctx context.Context, q resolver.Question) (*try, *resolver.Error) {
	t := &try{Client: c, ctx: ctx, q: q, buffer: c.buffers.Get().(*buffer)}
	var err error
	if t.query, err = pack(t.buffer.query[:], q.Name, q.Type); err != nil {
		t.land()
		return nil, fail(q, resolver.KindNXDomain, "this is no domain name")
	}
	t.order = c.order(t.room[:0])
	return t, nil
}

// land gives back what the try holds.
func (t *try) land() {
	if t.sent != nil && t.sent.conn != nil {
		t.sent.conn.Close()
	}
	t.buffers.Put(t.buffer)
	t.buffer = nil
}

// ask asks one server after the other until one knows.
func (t *try) ask() (response, *resolver.Error) {
	kind := resolver.KindTimeout
	order, tries := t.order, 0
	for len(order) > 0 {
		again := order[:0] // those that may only have been too slow
		for _, s := range order {
			if tries == t.o.Attempts {
				return response{}, fail(t.q, kind, "")
			}
			if tries++; tries > 1 {
				t.stats.retries.Add(1)
			}
			r, k := t.server(s)
			switch {
			case k == "":
				return r, nil
			case t.ctx.Err() != nil:
				return response{}, ended(t.q, t.ctx.Err())
			case t.life.Err() != nil:
				return response{}, fail(t.q, resolver.KindNetwork, errClosed.Error())
			case k == resolver.KindTimeout || k == resolver.KindNetwork:
				again = append(again, s)
			}
			if rank(k) >= rank(kind) {
				kind = k
			}
		}
		order = again
	}
	return response{}, fail(t.q, kind, "")
}

// server asks one server: without EDNS0 and over TCP if it must be. The kind
// tells why it has no answer, "" that it has.
func (t *try) server(s *server) (response, resolver.Kind) {
	x := t.sent
	if t.sent = nil; x == nil {
		x = t.send(s, s.knowsEDNS(t.now()))
	}
	edns := x.edns
	r, kind := t.udp(x)
	if edns && kind == "" && r.fearsEDNS() {
		edns = false
		r, kind = t.udp(t.send(s, edns))
		if kind == "" && r.rcode != dns.RcodeFormatError && r.rcode != dns.RcodeNotImplemented {
			s.plain.Store(t.now().Add(plainFor).UnixNano())
		}
	}
	if kind == "" && r.truncated {
		if r, kind = t.tcp(s, edns); kind != "" && kind != resolver.KindMalformed {
			kind = resolver.KindTruncated
		}
	}
	if kind == "" {
		kind = r.verdict()
	}
	return r, kind
}

// fearsEDNS reports whether the server may answer if asked without EDNS0.
func (r *response) fearsEDNS() bool {
	return r.rcode == dns.RcodeFormatError || r.rcode == dns.RcodeNotImplemented || r.rcode == dns.RcodeBadVers
}

// verdict returns "" for a reply that answers, else what is wrong with it.
func (r *response) verdict() resolver.Kind {
	switch r.rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
		if r.kind == resolver.KindLame {
			return r.kind
		}
		return ""
	case dns.RcodeRefused, dns.RcodeNotAuth, dns.RcodeNotImplemented:
		return resolver.KindRefused
	case dns.RcodeFormatError:
		return resolver.KindMalformed
	}
	return resolver.KindServFail
}

// An exchange is a question on its way to one server over UDP.
type exchange struct {
	server *server
	edns   bool
	begun  time.Time
	conn   *socket  // nil: it could not be sent, or has been received
	r      response // once it is received
	kind   resolver.Kind
}

// send sends the question from a new socket.
func (t *try) send(s *server, edns bool) *exchange {
	x := &exchange{server: s, edns: edns, begun: t.now()}
	conn, err := openSocket(s.addr)
	if err != nil {
		x.kind = resolver.KindNetwork
		t.note(x.server, false, x.begun, &x.r, x.kind)
		return x
	}
	x.conn = conn
	if err := conn.write(t.wire(edns)); err != nil {
		t.received(x, response{}, resolver.KindNetwork)
	}
	return x
}

// until returns when a try that began at begun is over.
func (t *try) until(begun time.Time) time.Time {
	end := begun.Add(t.o.Timeout)
	if d, ok := t.ctx.Deadline(); ok && d.Before(end) {
		return d
	}
	return end
}

// udp waits for the reply to an exchange.
func (t *try) udp(x *exchange) (response, resolver.Kind) {
	if x.conn != nil {
		x.conn.wait(t.until(x.begun))
		stop := t.watch(t.ctx, x.conn)
		r, kind := t.read(x.conn)
		stop()
		t.received(x, r, kind)
	}
	return x.r, x.kind
}

// received ends an exchange.
func (t *try) received(x *exchange, r response, kind resolver.Kind) {
	x.conn.Close()
	x.conn, x.r, x.kind = nil, r, kind
	t.note(x.server, false, x.begun, &r, kind)
}

// read waits for the reply until the socket's deadline.
func (t *try) read(conn *socket) (response, resolver.Kind) {
	for range maxIgnored {
		n, err := conn.Read(t.buffer.reply[:])
		if err != nil {
			return response{}, silence(err)
		}
		if r, kind, ok := t.datagram(n); ok {
			return r, kind
		}
	}
	return response{}, resolver.KindTimeout
}

// datagram reads a datagram of n bytes, and reports whether it is a reply to
// the question.
func (t *try) datagram(n int) (r response, kind resolver.Kind, ok bool) {
	buf := t.buffer.reply[:]
	if !t.query.answers(buf[:n], t.o.MixedCase) {
		t.stats.ignored.Add(1)
		return r, "", false
	}
	if n == len(buf) {
		return response{truncated: true}, "", true
	}
	r, kind = t.parse(buf[:n])
	return r, kind, true
}

// tcp asks again over TCP, where the reply may be long (RFC 7766).
func (t *try) tcp(s *server, edns bool) (r response, kind resolver.Kind) {
	begun := t.now()
	defer func() { t.note(s, true, begun, &r, kind) }()
	t.stats.tcp.Add(1)
	ctx, cancel := context.WithTimeout(t.ctx, t.o.Timeout)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.tcp)
	if err != nil {
		return r, silence(err)
	}
	defer conn.Close()
	conn.SetDeadline(t.until(begun))
	defer t.watch(t.ctx, conn)()
	wire := t.wire(edns)
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)); err != nil {
		return r, silence(err)
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return r, silence(err)
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, msg); err != nil {
		return r, silence(err)
	}
	if !t.query.answers(msg, t.o.MixedCase) {
		return r, resolver.KindMalformed
	}
	r, kind = t.parse(msg)
	if r.truncated {
		kind = resolver.KindTruncated
	}
	return r, kind
}

// parse reads a reply to the question.
func (t *try) parse(msg []byte) (response, resolver.Kind) {
	r, err := parse(msg, t.query.name, t.q.Type, t.query.questionEnd)
	if err != nil {
		return r, resolver.KindMalformed
	}
	return r, ""
}

// wire counts and returns the query with a new id.
func (t *try) wire(edns bool) []byte {
	t.stats.queries.Add(1)
	var random [34]byte
	if !t.o.MixedCase {
		rand.Read(random[:2])
	} else {
		rand.Read(random[:])
		t.query.mixCase(random[2:])
	}
	return t.query.finish(binary.BigEndian.Uint16(random[:]), edns)
}

// A waiter is a connection that somebody may be waiting for.
type waiter interface{ SetDeadline(time.Time) error }

// watch ends what the connections wait for when the context ends or the Client
// is closed, until stop is called.
func (c *Client) watch(ctx context.Context, conns ...waiter) (stop func()) {
	c.mu.Lock()
	for _, conn := range conns {
		c.conns[conn] = struct{}{}
		if c.life.Err() != nil {
			conn.SetDeadline(past())
		}
	}
	c.mu.Unlock()
	done := context.AfterFunc(ctx, func() {
		for _, conn := range conns {
			conn.SetDeadline(past())
		}
	})
	return func() {
		done()
		c.mu.Lock()
		for _, conn := range conns {
			delete(c.conns, conn)
		}
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

// note counts and reports how a try ended.
func (t *try) note(s *server, tcp bool, begun time.Time, r *response, kind resolver.Kind) {
	replied := kind == "" || kind == resolver.KindMalformed || kind == resolver.KindTruncated
	switch {
	case replied:
		t.stats.rcodes[min(r.rcode, maxRcode)].Add(1)
	case kind == resolver.KindTimeout:
		t.stats.timeouts.Add(1)
	}
	if t.ctx.Err() == nil && !tcp {
		s.heard(replied, t.now())
	}
	if t.o.Observe == nil {
		return
	}
	e := Exchange{Server: s.addr, Question: t.q, TCP: tcp, Duration: time.Since(begun), Kind: kind}
	if replied {
		e.Rcode = rcodeString(r.rcode)
	}
	switch {
	case kind != "":
	case r.truncated:
		e.Kind = resolver.KindTruncated
	default:
		e.Kind = r.verdict()
		if e.Kind == "" {
			e.Kind = r.kind
		}
	}
	t.o.Observe(e)
}
