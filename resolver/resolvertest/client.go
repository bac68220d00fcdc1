package resolvertest

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// TestClient is Test, and holds that a Resolver that asks servers finds the
// one that knows, believes only replies to its own questions, and takes nothing
// but "there is no such record" for that.
func TestClient(t *testing.T, open func(t *testing.T, w World) resolver.Resolver) {
	Test(t, open)
	text := contractZone()
	good := Zone(zone.Must(text))
	run := func(name string, timeout time.Duration, check func(t *testing.T, ask func(scripts ...Script) error)) {
		t.Run(name, func(t *testing.T) {
			check(t, func(scripts ...Script) error {
				w := World{Zone: text, Timeout: timeout}
				for _, s := range scripts {
					w.Servers = append(w.Servers, Serve(t, s).Addr)
				}
				return lookAt(t, open(t, w))
			})
		})
	}
	found := func(name string, scripts ...Script) {
		run(name, tolerant, func(t *testing.T, ask func(...Script) error) {
			if err := ask(scripts...); err != nil {
				t.Errorf("%v; want the answer", err)
			}
		})
	}
	temporary := func(name string, scripts ...Script) {
		run(name, impatient, func(t *testing.T, ask func(...Script) error) {
			if err := ask(scripts...); !resolver.IsTemporary(err) || resolver.IsNotFound(err) {
				t.Errorf("%v; want a temporary error", err)
			}
		})
	}
	found("another server after SERVFAIL", Rcode(dns.RcodeServerFailure), good)
	found("another server after REFUSED", Rcode(dns.RcodeRefused), good)
	found("another server after NOTIMP", Rcode(dns.RcodeNotImplemented), good)
	found("another server after silence", Silent, good)
	found("another server after a referral", Lame, good)
	found("another server after garbage", Garbage, good)
	found("another server after broken TCP", truncated, good)
	found("silence first", First(1, Silent, good))
	found("late first", First(1, Late(tolerant*3/2, good), good))
	found("over TCP", TCPOnly(good))
	found("without EDNS", NoEDNS(good))
	found("over TCP without EDNS", NoEDNS(TCPOnly(good)))
	found("forged replies first", Lie(good))
	found("a chain without its end", answering("a.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME c.example.", "c.example. 60 IN A 192.0.2.1"))
	temporary("forged replies only", Lie(Silent))
	temporary("referrals only", Lame, Lame)
	temporary("refusals only", Rcode(dns.RcodeRefused), Rcode(dns.RcodeNotAuth))
	temporary("garbage only", Garbage)
	temporary("records of another name", answering("b.example. 60 IN A 203.0.113.66"))
	temporary("CNAMEs in a ring, each alone", answering("a.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME a.example."))
	temporary("a record that ends early", answeringRaw("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb"))
	temporary("a name that points to itself", answeringRaw("\xc0\x23\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x42"))
	t.Run("another server after no server", func(t *testing.T) {
		r := open(t, World{Zone: text, Servers: []string{deadAddr(t), Serve(t, good).Addr}, Timeout: patient})
		if err := lookAt(t, r); err != nil {
			t.Errorf("%v; want the answer", err)
		}
	})
	t.Run("ports and ids", func(t *testing.T) { testPorts(t, open, text) })
	t.Run("only what was asked", func(t *testing.T) { testForeign(t, open, text) })
}

// lookAt asks for the addresses of a.example, which every server of a test
// that answers must know.
func lookAt(t *testing.T, r resolver.Resolver) error {
	t.Helper()
	a, err := r.Lookup(t.Context(), "a.example", resolver.TypeA)
	if err != nil {
		return err
	}
	for _, ip := range a.IPs() {
		if !strings.HasPrefix(ip.String(), "192.0.2.") {
			t.Errorf("got the address %s, which nobody who may has told", ip)
		}
	}
	return nil
}

// answering gives the records whose owner is asked; if there is none, all.
func answering(lines ...string) Script {
	return func(q *Query) {
		m := new(dns.Msg).SetReply(q.Msg)
		var all []dns.RR
		for _, line := range lines {
			rr, err := dns.NewRR(line)
			if err != nil {
				panic(err)
			}
			all = append(all, rr)
			if strings.EqualFold(rr.Header().Name, q.Name) {
				m.Answer = append(m.Answer, rr)
			}
		}
		if len(m.Answer) == 0 {
			m.Answer = all
		}
		q.Reply(m)
	}
}

// answeringRaw puts bytes into the answer section.
func answeringRaw(answer string) Script {
	return func(q *Query) {
		m := new(dns.Msg).SetReply(q.Msg)
		if b, err := m.Pack(); err == nil {
			b[7] = 1
			q.Raw(append(b, answer...))
		}
	}
}

// deadAddr returns an address where nobody listens.
func deadAddr(t *testing.T) string {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().String()
}

// testPorts holds that each question comes from a port and with an id that
// cannot be told from the last one's (RFC 5452).
func testPorts(t *testing.T, open func(t *testing.T, w World) resolver.Resolver, text string) {
	s := Serve(t, Zone(zone.Must(text)))
	r := open(t, World{Zone: text, Servers: []string{s.Addr}, Timeout: patient})
	const n = 100
	for i := range n {
		if _, err := r.Lookup(t.Context(), strings.Repeat("x", i%50+1)+".wild.example", []uint16{resolver.TypeA, resolver.TypeMX}[i/50]); err != nil && !resolver.IsNotFound(err) {
			t.Fatal(err)
		}
	}
	ports, ids := map[int]bool{}, map[uint16]bool{}
	steps := map[uint16]int{}
	var last uint16
	for _, q := range s.Queries() {
		ports[q.Port], ids[q.Msg.Id] = true, true
		steps[q.Msg.Id-last]++
		last = q.Msg.Id
	}
	if len(ports) < n*8/10 || len(ids) < n*8/10 {
		t.Errorf("%d questions came from %d ports with %d ids", n, len(ports), len(ids))
	}
	for step, times := range steps {
		if times > n/2 {
			t.Errorf("ids grow by %d", step)
		}
	}
}

// testForeign holds that records nobody asked for are not handed on.
func testForeign(t *testing.T, open func(t *testing.T, w World) resolver.Resolver, text string) {
	s := Serve(t, func(q *Query) {
		m := new(dns.Msg).SetReply(q.Msg)
		for _, line := range []string{
			"b.example. 60 IN A 203.0.113.66", "a.example. 60 IN A 192.0.2.1", "a.example. 60 IN TXT x",
			"c.example. 60 IN CNAME a.example.",
		} {
			rr, err := dns.NewRR(line)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		m.Extra = append(m.Extra, m.Answer[0])
		q.Reply(m)
	})
	r := open(t, World{Zone: text, Servers: []string{s.Addr}, Timeout: patient})
	a, err := r.Lookup(t.Context(), "a.example", resolver.TypeA)
	if got := texts(a); err != nil || len(got) != 1 || got[0] != "a.example 0 A 192.0.2.1" {
		t.Errorf("%q, %v", got, err)
	}
	if err := lookAt(t, r); err != nil {
		t.Error(err)
	}
	if a, err := r.Lookup(t.Context(), "b.example", resolver.TypeAAAA); err == nil {
		t.Errorf("b.example AAAA: %v", texts(a))
	}
}
