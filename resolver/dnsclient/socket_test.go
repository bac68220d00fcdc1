package dnsclient

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// Questions that are asked together come from one port with different ids.
// Ports are many, are used again, and change.
func TestPortsChange(t *testing.T) {
	s := resolvertest.Serve(t, resolvertest.Zone(zone.Must("*.example A 192.0.2.1")))
	c, _ := dial(t, Options{Timeout: time.Hour}, s)
	now := time.Now() // stands still: however busy the machine is, no port gets old
	c.now = func() time.Time { return now }
	const volleys, each = 3 * maxSockets, 5
	for i := range volleys {
		for _, r := range sessions(t.Context(), c, each, fmt.Sprintf("v%d.example", i)) {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
		}
	}
	queries := s.Queries()
	if len(queries) != volleys*each {
		t.Fatalf("%d questions were asked %d times", volleys*each, len(queries))
	}
	ports := map[int]int{}
	for i := 0; i < len(queries); i += each {
		ids := map[uint16]bool{}
		for _, q := range queries[i : i+each] {
			ids[q.Msg.Id] = true
			ports[q.Port]++
			if q.Port != queries[i].Port {
				t.Errorf("questions of one volley came from the ports %d and %d", queries[i].Port, q.Port)
			}
		}
		if len(ids) != each {
			t.Errorf("%d ids for %d questions", len(ids), each)
		}
	}
	if n := c.Stats(); len(ports) < maxSockets || n.Sockets != maxSockets || n.SocketsOpened != maxSockets {
		t.Errorf("%d ports; %+v", len(ports), n)
	}
	for _, s := range c.servers[0].sockets.idle {
		s.questions = socketQuestions - 1
	}
	sessions(t.Context(), c, each, "last.example")
	if n := c.Stats(); n.SocketsOpened != maxSockets || n.Sockets != maxSockets-1 {
		t.Errorf("a port was used for more than %d questions: %+v", socketQuestions, n)
	}
	now = now.Add(socketLife)
	sessions(t.Context(), c, each, "later.example")
	if n := c.Stats(); n.SocketsOpened != maxSockets+1 {
		t.Errorf("a port was used for longer than %v: %+v", socketLife, n)
	}
	p := &c.servers[0].sockets
	if p.reaper.Stop() {
		p.reap()
	}
	if n := c.Stats(); n.Sockets != 1 {
		t.Errorf("%d sockets are left when their time is over", n.Sockets)
	}
}

// A port on which something came that was no reply is given up, and so is one
// that still waits for a reply.
func TestPortIsGivenUp(t *testing.T) {
	good := resolvertest.Zone(zone.Must("*.example A 192.0.2.1\nlost.example !timeout"))
	for name, s := range map[string]*resolvertest.Server{
		"forged": resolvertest.Serve(t, resolvertest.Lie(good)),
		"late":   resolvertest.Serve(t, resolvertest.First(1, resolvertest.Silent, good)),
	} {
		const n = 4
		timeout, want := patient, uint64(n)
		if name == "late" { // each question is asked twice, or more often on a busy machine
			timeout, want = 100*time.Millisecond, 2*n
		}
		c, _ := dial(t, Options{Timeout: timeout}, s)
		for i := range n {
			c.Lookup(t.Context(), fmt.Sprintf("n%d.example", i), resolver.TypeA)
		}
		if st := c.Stats(); st.SocketsOpened < want || name == "forged" && st.Sockets != 0 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

func TestIDsDiffer(t *testing.T) {
	c, _ := dial(t, Options{Servers: []string{"192.0.2.1"}})
	for range 500 {
		v := volley{Client: c}
		for range maxVolley {
			tr, err := c.newTry(t.Context(), resolver.Question{Name: "a.example", Type: resolver.TypeA}, c.order())
			if err != nil {
				t.Fatal(err)
			}
			v.waiting = append(v.waiting, tr)
		}
		v.number()
		ids := map[uint16]bool{}
		for _, tr := range v.waiting {
			ids[tr.query.id()] = true
		}
		if len(ids) != maxVolley {
			t.Fatalf("%d ids for %d questions of one port", len(ids), maxVolley)
		}
	}
}

// A question that another one leads to is not asked beside one who asks it.
func TestSameQuestionIsNeverOutTwice(t *testing.T) {
	release := make(chan struct{})
	end := resolvertest.Zone(zone.Must("end.example A 192.0.2.1"))
	s := resolvertest.Serve(t, func(q *resolvertest.Query) {
		if q.Name == "end.example." {
			<-release
			end(q)
			return
		}
		m := new(dns.Msg).SetReply(q.Msg) // the end of the chain is left out
		m.Answer = append(m.Answer, &dns.CNAME{
			Hdr:    dns.RR_Header{Name: q.Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 60},
			Target: "end.example.",
		})
		q.Reply(m)
	})
	c, _ := dial(t, Options{Timeout: time.Minute, CacheBytes: -1}, s)
	var wg sync.WaitGroup
	for i := range 20 {
		name := fmt.Sprintf("n%d.example", i)
		if i == 0 {
			name = "end.example"
		}
		wg.Go(func() {
			if a, err := c.Lookup(t.Context(), name, resolver.TypeA); err != nil || len(a.IPs()) != 1 {
				t.Errorf("%s: %v, %v", name, a, err)
			}
		})
	}
	for c.Stats().Shared < 19 {
		runtime.Gosched()
	}
	asked := 0
	for _, q := range s.Queries() {
		if q.Name == "end.example." {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("the same question was out %d times", asked)
	}
	close(release)
	wg.Wait()
}
