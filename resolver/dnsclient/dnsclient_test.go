package dnsclient

import (
	"net"
	"testing"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

// serve runs a DNS server on loopback until the test ends.
func serve(t testing.TB, h dns.HandlerFunc) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*dns.Server{{PacketConn: conn, Handler: h}, {Listener: listener, Handler: h}} {
		done := make(chan error, 1)
		go func() { done <- s.ActivateAndServe() }()
		t.Cleanup(func() { s.Shutdown(); <-done })
	}
	return conn.LocalAddr().String()
}

func TestAsksOnceAndKeeps(t *testing.T) {
	addr := serve(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		rr, _ := dns.NewRR(q.Question[0].Name + ` 60 IN TXT "a\"b" "\255c"`)
		m.Answer = append(m.Answer, rr)
		w.WriteMsg(m)
	})
	c, err := New(Options{Servers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		a, err := c.Lookup(t.Context(), "Example.org", resolver.TypeTXT)
		if err != nil || a.Texts()[0] != "a\"b\xffc" {
			t.Errorf("got %+v, %v", a, err)
		}
	}
	if s := c.Stats(); s.Queries != 1 || s.CacheHits != 1 || s.Rcodes["NOERROR"] != 1 {
		t.Errorf("stats %+v", s)
	}
}
