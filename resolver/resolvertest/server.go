package resolvertest

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A Query is one that reached a Server.
type Query struct {
	Msg  *dns.Msg
	Name string // as asked, with the final dot
	Type uint16
	TCP  bool
	// N counts the queries for this name and type, this one included.
	N int
	// Port is the one it came from.
	Port int

	w   dns.ResponseWriter
	ctx context.Context
}

// Context ends with the server.
func (q *Query) Context() context.Context { return q.ctx }

// Reply sends messages in order; none is silence, over TCP a closed connection.
// One too long for UDP goes out as it is.
func (q *Query) Reply(msgs ...*dns.Msg) {
	for _, m := range msgs {
		if b, err := m.Pack(); err == nil {
			q.w.Write(b)
		}
	}
}

// Raw sends bytes.
func (q *Query) Raw(b []byte) { q.w.Write(b) }

// A Script answers queries, or does worse. It runs in a goroutine for each.
type Script func(q *Query)

// A Server is a DNS server on loopback that does as its Script says.
type Server struct {
	Addr   string // of UDP and TCP
	script Script
	ctx    context.Context

	mu   sync.Mutex
	seen map[dns.Question]int
	log  []Query
}

// Serve runs a server until the test ends.
func Serve(t testing.TB, script Script) *Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{script: script, ctx: ctx, seen: map[dns.Question]int{}}
	conn, listener := listen(t)
	s.Addr = conn.LocalAddr().String()
	for _, d := range []*dns.Server{{PacketConn: conn, Handler: s}, {Listener: listener, Handler: s}} {
		ready, done := make(chan struct{}), make(chan error, 1)
		d.NotifyStartedFunc = func() { close(ready) }
		go func() { done <- d.ActivateAndServe() }()
		<-ready
		t.Cleanup(func() {
			d.Shutdown()
			<-done
		})
	}
	t.Cleanup(cancel) // the first to run: it ends the scripts
	return s
}

// listen opens the same port for both protocols.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var err error
	for range 20 {
		var conn net.PacketConn
		if conn, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			break
		}
		var listener net.Listener
		if listener, err = net.Listen("tcp", conn.LocalAddr().String()); err == nil {
			return conn, listener
		}
		conn.Close()
	}
	t.Fatalf("no port for a DNS server: %v", err)
	return nil, nil
}

// ServeDNS runs the script.
func (s *Server) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	if len(m.Question) != 1 {
		return
	}
	asked := dns.Question{Name: dns.CanonicalName(m.Question[0].Name), Qtype: m.Question[0].Qtype}
	q := Query{Msg: m, Name: m.Question[0].Name, Type: asked.Qtype, w: w, ctx: s.ctx}
	switch a := w.RemoteAddr().(type) {
	case *net.TCPAddr:
		q.TCP, q.Port = true, a.Port
	case *net.UDPAddr:
		q.Port = a.Port
	}
	s.mu.Lock()
	s.seen[asked]++
	q.N = s.seen[asked]
	s.log = append(s.log, q)
	s.mu.Unlock()
	s.script(&q)
}

// Queries returns all that arrived so far.
func (s *Server) Queries() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Query(nil), s.log...)
}
