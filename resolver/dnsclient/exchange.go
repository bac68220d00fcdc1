package dnsclient

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// udpBuffer takes replies of servers that send more than was announced.
	udpBuffer = 4096
	// maxIgnored is how many datagrams that are no reply a try puts up with.
	maxIgnored = 1000
	// quarantine is how long a silent server is asked last, plainFor how long
	// one is asked without EDNS0.
	quarantine = 10 * time.Second
	plainFor   = 10 * time.Minute
)

// A server is one to ask, and what is known about it.
type server struct {
	addr   netip.AddrPort
	udp    *net.UDPAddr
	tcp    string
	silent atomic.Int32 // tries without reply in a row
	last   atomic.Int64 // asked last until then, in nanoseconds
	plain  atomic.Int64 // asked without EDNS0 until then
}

func newServer(a netip.AddrPort) *server {
	return &server{addr: a, udp: net.UDPAddrFromAddrPort(a), tcp: a.String()}
}

// heard notes whether the server said anything.
func (s *server) heard(yes bool, now time.Time) {
	if yes {
		s.silent.Store(0)
		s.last.Store(0)
	} else if s.silent.Add(1) >= 2 {
		s.last.Store(now.Add(quarantine).UnixNano())
	}
}

// A buffer holds a query and its reply over UDP.
type buffer struct {
	query [maxQuery]byte
	reply [udpBuffer]byte
}

// A try is one question's way over the servers.
type try struct {
	*Client
	ctx   context.Context
	query query
	buf   []byte
}

// ask asks one server after the other until one knows.
func (c *Client) ask(ctx context.Context, name string, qtype uint16) (response, *resolver.Error) {
	q := resolver.Question{Name: name, Type: qtype}
	buf := c.buffers.Get().(*buffer)
	defer c.buffers.Put(buf)
	packed, err := pack(buf.query[:], name, qtype)
	if err != nil {
		return response{}, fail(q, resolver.KindNXDomain, "this is no domain name")
	}
	t := try{Client: c, ctx: ctx, query: packed, buf: buf.reply[:]}
	kind := resolver.KindTimeout
	var room [maxServers]*server
	order, tries := c.order(room[:0]), 0
	for len(order) > 0 {
		again := order[:0] // those that may only have been too slow
		for _, s := range order {
			if tries == c.o.Attempts {
				return response{}, fail(q, kind, "")
			}
			if tries++; tries > 1 {
				c.stats.retries.Add(1)
			}
			r, k := t.server(s, q)
			switch {
			case k == "":
				return r, nil
			case ctx.Err() != nil:
				return response{}, ended(q, ctx.Err())
			case c.life.Err() != nil:
				return response{}, fail(q, resolver.KindNetwork, errClosed.Error())
			case k == resolver.KindTimeout || k == resolver.KindNetwork:
				again = append(again, s)
			}
			if rank(k) >= rank(kind) {
				kind = k
			}
		}
		order = again
	}
	return response{}, fail(q, kind, "")
}

// rank orders the reasons of several servers by how much they tell.
func rank(k resolver.Kind) int {
	switch k {
	case resolver.KindTimeout:
		return 0
	case resolver.KindNetwork:
		return 1
	case resolver.KindMalformed, resolver.KindLame, resolver.KindRefused:
		return 2
	}
	return 3
}

// order appends the servers in the order in which to ask them.
func (c *Client) order(to []*server) []*server {
	first := 0
	if c.o.Rotate {
		first = int(c.turn.Add(1)) % len(c.servers)
	}
	now := c.now().UnixNano()
	for _, last := range [...]bool{false, true} {
		for i := range c.servers {
			s := c.servers[(first+i)%len(c.servers)]
			if (s.last.Load() > now) == last {
				to = append(to, s)
			}
		}
	}
	return to
}

// server asks one server: without EDNS0 and over TCP if it must be. The kind
// tells why it has no answer, "" that it has.
func (t *try) server(s *server, q resolver.Question) (response, resolver.Kind) {
	edns := s.plain.Load() <= t.now().UnixNano()
	r, kind := t.udp(s, q, edns)
	if edns && kind == "" && (r.rcode == dns.RcodeFormatError || r.rcode == dns.RcodeNotImplemented || r.rcode == dns.RcodeBadVers) {
		edns = false
		r, kind = t.udp(s, q, edns)
		if kind == "" && r.rcode != dns.RcodeFormatError && r.rcode != dns.RcodeNotImplemented {
			s.plain.Store(t.now().Add(plainFor).UnixNano())
		}
	}
	if kind == "" && r.truncated {
		if r, kind = t.tcp(s, q, edns); kind != "" && kind != resolver.KindMalformed {
			kind = resolver.KindTruncated
		}
	}
	if kind == "" {
		kind = r.verdict()
	}
	return r, kind
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

// udp sends the question once and waits for its reply.
func (t *try) udp(s *server, q resolver.Question, edns bool) (r response, kind resolver.Kind) {
	begun := time.Now()
	defer func() { t.note(s, q, false, begun, &r, kind) }()
	conn, err := net.DialUDP("udp", nil, s.udp)
	if err != nil {
		return r, resolver.KindNetwork
	}
	defer conn.Close()
	stop := t.watch(conn, begun)
	defer stop()
	if _, err := conn.Write(t.send(edns)); err != nil {
		return r, silence(err)
	}
	for range maxIgnored {
		n, err := conn.Read(t.buf)
		if err != nil {
			return r, silence(err)
		}
		if !t.query.answers(t.buf[:n], t.o.MixedCase) {
			t.stats.ignored.Add(1)
			continue
		}
		if n == len(t.buf) {
			return response{truncated: true}, ""
		}
		return t.read(t.buf[:n], q)
	}
	return r, resolver.KindTimeout
}

// tcp asks again where the reply may be long (RFC 7766).
func (t *try) tcp(s *server, q resolver.Question, edns bool) (r response, kind resolver.Kind) {
	begun := time.Now()
	defer func() { t.note(s, q, true, begun, &r, kind) }()
	t.stats.tcp.Add(1)
	ctx, cancel := context.WithTimeout(t.ctx, t.o.Timeout)
	defer cancel()
	defer context.AfterFunc(t.life, cancel)()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.tcp)
	if err != nil {
		return r, silence(err)
	}
	defer conn.Close()
	stop := t.watch(conn, begun)
	defer stop()
	wire := t.send(edns)
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
	r, kind = t.read(msg, q)
	if r.truncated {
		kind = resolver.KindTruncated
	}
	return r, kind
}

// read reads a reply to the question.
func (t *try) read(msg []byte, q resolver.Question) (response, resolver.Kind) {
	r, err := parse(msg, t.query.name, q.Type, t.query.questionEnd)
	if err != nil {
		return r, resolver.KindMalformed
	}
	return r, ""
}

// send counts and returns the query with a new id.
func (t *try) send(edns bool) []byte {
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

// watch ends what the connection waits for when the try's time is over, the
// context ends or the Client is closed. Call stop before closing.
func (t *try) watch(conn net.Conn, begun time.Time) (stop func()) {
	end := begun.Add(t.o.Timeout)
	if d, ok := t.ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	conn.SetDeadline(end)
	t.mu.Lock()
	t.conns[conn] = struct{}{}
	if t.life.Err() != nil {
		conn.SetDeadline(past())
	}
	t.mu.Unlock()
	done := context.AfterFunc(t.ctx, func() { conn.SetDeadline(past()) })
	return func() {
		done()
		t.mu.Lock()
		delete(t.conns, conn)
		t.mu.Unlock()
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
func (t *try) note(s *server, q resolver.Question, tcp bool, begun time.Time, r *response, kind resolver.Kind) {
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
	e := Exchange{Server: s.addr, Question: q, TCP: tcp, Duration: time.Since(begun), Kind: kind}
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
