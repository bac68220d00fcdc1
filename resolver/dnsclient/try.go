package dnsclient

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

// A try is one question's way over the servers.
type try struct {
	*Client
	ctx   context.Context
	q     resolver.Question
	query query
	order []*server // to ask; shared, not to be changed
	first *exchange // with order[0], if that has been asked already
}

// An exchange is what came of asking one server over UDP.
type exchange struct {
	edns bool
	r    response
	kind resolver.Kind // "", or why there is no reply
}

// newTry prepares a question. It fails for what is no name.
func (c *Client) newTry(ctx context.Context, q resolver.Question, order []*server) (*try, *resolver.Error) {
	if !supported(q.Type) {
		return nil, fail(q, resolver.KindMalformed, "records of this type cannot be read")
	}
	query, err := pack(q.Name, q.Type)
	if err != nil {
		return nil, fail(q, resolver.KindNXDomain, "this is no domain name")
	}
	return &try{Client: c, ctx: ctx, q: q, query: query, order: order}, nil
}

// ask asks one server after the other until one knows.
func (t *try) ask() (response, *resolver.Error) {
	kind := resolver.KindTimeout
	order, tries := append([]*server(nil), t.order...), 0
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
	x := t.first
	if t.first = nil; x == nil {
		x = t.udp(s, s.knowsEDNS(t.now()))
	}
	edns, r, kind := x.edns, x.r, x.kind
	if edns && kind == "" && r.fearsEDNS() {
		edns = false
		x = t.udp(s, edns)
		r, kind = x.r, x.kind
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

// answers reports whether there is nothing more to ask the servers.
func (x *exchange) answers() bool {
	return x.kind == "" && !x.r.truncated && x.r.verdict() == ""
}

// udp asks one server over UDP.
func (t *try) udp(s *server, edns bool) *exchange {
	x := &exchange{edns: edns}
	v, err := t.fire(t.ctx, s, edns, []*try{t})
	if err == nil {
		err = v.wait(func(_ *try, r response, kind resolver.Kind) { x.r, x.kind = r, kind })
	}
	if err != nil {
		x.kind = silence(err)
	}
	v.done()
	t.note(s, false, v.begun, &x.r, x.kind)
	return x
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
	v := volley{Client: t.Client, ctx: t.ctx, edns: edns, begun: begun, waiting: []*try{t}}
	v.number()
	conn.SetDeadline(v.until())
	defer t.watch(t.ctx, conn)()
	wire := t.query.last
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

// note counts and reports how an exchange ended.
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
