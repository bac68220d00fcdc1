package resolvertest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// Zone serves a zone as a recursive server would: failures become what they
// look like on the wire ("network" and "hang" are silence), answers too long
// for UDP are truncated there.
func Zone(z *zone.Zone) Script {
	return func(q *Query) {
		name := resolver.Canonical(q.Name)
		a, err := z.Lookup(q.Context(), name, q.Type)
		m := q.Msg.Copy().SetReply(q.Msg)
		m.RecursionAvailable, m.AuthenticatedData = true, a.Authentic
		kind := resolver.Kind("")
		if e, ok := errors.AsType[*resolver.Error](err); ok {
			kind = e.Kind
			a = chain(q.Context(), z, name, q.Type)
		}
		for _, r := range a.Records {
			m.Answer = append(m.Answer, RR(r))
		}
		switch kind {
		case "", resolver.KindLoop:
		case resolver.KindNXDomain:
			m.Rcode, m.Ns = dns.RcodeNameError, []dns.RR{soa()}
		case resolver.KindNoData:
			m.Ns = []dns.RR{soa()}
		case resolver.KindServFail:
			Rcode(dns.RcodeServerFailure)(q)
			return
		case resolver.KindRefused:
			Rcode(dns.RcodeRefused)(q)
			return
		case resolver.KindLame:
			Lame(q)
			return
		case resolver.KindMalformed:
			Garbage(q)
			return
		case resolver.KindTruncated:
			truncated(q)
			return
		default:
			Silent(q)
			return
		}
		if !q.TCP {
			size := dns.MinMsgSize
			if opt := q.Msg.IsEdns0(); opt != nil {
				size = int(opt.UDPSize())
			}
			m.Truncate(size)
		}
		q.Reply(m)
	}
}

// chain returns the CNAMEs that a server sends along when their end is missing.
func chain(ctx context.Context, z *zone.Zone, name string, qtype uint16) resolver.Answer {
	var all resolver.Answer
	for range 20 {
		a, err := z.Lookup(ctx, name, resolver.TypeCNAME)
		if err != nil || qtype == resolver.TypeCNAME {
			break
		}
		all.Records = append(all.Records, a.Records...)
		name = a.Records[0].Host
	}
	return all
}

func soa() dns.RR {
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 60},
		Ns:  "ns.example.", Mbox: "root.example.", Serial: 1, Refresh: 60, Retry: 60, Expire: 60, Minttl: 60,
	}
}

// RR makes a record for the wire.
func RR(r resolver.Record) dns.RR {
	h := dns.RR_Header{Name: fqdn(r.Name), Rrtype: r.Type, Class: dns.ClassINET, Ttl: r.TTL}
	host := fqdn(r.Host)
	switch r.Type {
	case dns.TypeA:
		return &dns.A{Hdr: h, A: r.IP.AsSlice()}
	case dns.TypeAAAA:
		return &dns.AAAA{Hdr: h, AAAA: r.IP.AsSlice()}
	case dns.TypeMX:
		return &dns.MX{Hdr: h, Preference: r.Preference, Mx: host}
	case dns.TypeTXT:
		txt := &dns.TXT{Hdr: h}
		for _, s := range r.Strings {
			txt.Txt = append(txt.Txt, escape(s))
		}
		return txt
	case dns.TypeCNAME:
		return &dns.CNAME{Hdr: h, Target: host}
	case dns.TypeNS:
		return &dns.NS{Hdr: h, Ns: host}
	case dns.TypePTR:
		return &dns.PTR{Hdr: h, Ptr: host}
	case dns.TypeSOA:
		return &dns.SOA{
			Hdr: h, Ns: host, Mbox: fqdn(r.Mailbox), Serial: r.Serial,
			Refresh: r.Refresh, Retry: r.Retry, Expire: r.Expire, Minttl: r.Minimum,
		}
	}
	return &dns.ANY{Hdr: h}
}

func fqdn(name string) string {
	if name == "." {
		return name
	}
	return name + "."
}

// escape writes a string as miekg/dns wants it.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' || c > '~' || c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte('0' + c/100)
			b.WriteByte('0' + c/10%10)
			b.WriteByte('0' + c%10)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Silent answers nothing.
func Silent(*Query) {}

// Rcode answers with nothing but a code.
func Rcode(code int) Script {
	return func(q *Query) { q.Reply(new(dns.Msg).SetRcode(q.Msg, code)) }
}

// Lame refers to the root, as servers do that don't recurse.
func Lame(q *Query) {
	m := new(dns.Msg).SetReply(q.Msg)
	m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 60}, Ns: "a.root.example."}}
	q.Reply(m)
}

// Garbage sends header and question, announces an answer and breaks off into
// noise.
func Garbage(q *Query) {
	m := new(dns.Msg).SetReply(q.Msg)
	b, err := m.Pack()
	if err != nil {
		return
	}
	b[7] = 3 // answers
	q.Raw(append(b, 0xc0, 0xff, 0xff, 0x00, 0x99))
}

// truncated says over UDP that the answer is too long and over TCP nothing.
func truncated(q *Query) {
	if !q.TCP {
		m := new(dns.Msg).SetReply(q.Msg)
		m.Truncated = true
		q.Reply(m)
	}
}

// TCPOnly truncates over UDP whatever the length and serves over TCP.
func TCPOnly(next Script) Script {
	return func(q *Query) {
		if q.TCP {
			next(q)
		} else {
			truncated(q)
		}
	}
}

// First does one thing with the first n queries of each question, another with
// later ones.
func First(n int, first, then Script) Script {
	return func(q *Query) {
		if q.N <= n {
			first(q)
		} else {
			then(q)
		}
	}
}

// Late waits before it does what next does.
func Late(d time.Duration, next Script) Script {
	return func(q *Query) {
		select {
		case <-time.After(d):
			next(q)
		case <-q.Context().Done():
		}
	}
}

// NoEDNS answers FORMERR to queries with an OPT record.
func NoEDNS(next Script) Script {
	return func(q *Query) {
		if q.Msg.IsEdns0() == nil {
			next(q)
			return
		}
		m := new(dns.Msg).SetRcodeFormatError(q.Msg)
		m.Question = nil
		q.Reply(m)
	}
}

// Lie sends forged answers over UDP before it does what next does: for the wrong
// question, with the wrong id, as a query, without question. All of them hold the
// address 203.0.113.66.
func Lie(next Script) Script {
	return func(q *Query) {
		if q.TCP {
			next(q)
			return
		}
		forge := func() *dns.Msg {
			m := new(dns.Msg).SetReply(q.Msg)
			m.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60},
				A:   []byte{203, 0, 113, 66},
			}}
			return m
		}
		id, name, qtype, response, question := forge(), forge(), forge(), forge(), forge()
		id.Id++
		name.Question[0].Name = "other." + q.Name
		name.Answer[0].Header().Name = "other." + q.Name
		qtype.Question[0].Qtype = dns.TypeNULL
		response.Response = false
		question.Question = nil
		q.Reply(id, name, qtype, response, question)
		q.Raw([]byte{1, 2, 3})
		next(q)
	}
}
