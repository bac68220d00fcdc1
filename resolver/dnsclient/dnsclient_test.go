package dnsclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// dial makes a Client of servers whose clock the test moves. Without a time-out in
// the options it is a patient one.
func dial(t testing.TB, o Options, servers ...*resolvertest.Server) (c *Client, sleep func(time.Duration)) {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = patient
	}
	for _, s := range servers {
		o.Servers = append(o.Servers, s.Addr)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	var slept atomic.Int64
	c.now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
	return c, func(d time.Duration) { slept.Add(int64(d)) }
}

// patient is for servers that answer, on however busy a machine; hasty is for
// tries in vain beside such that are answered within it.
const (
	patient = 2 * time.Minute
	hasty   = 2 * time.Second
)

// kind returns what a look-up's error says, "" without one.
func kind(err error) resolver.Kind {
	if e, ok := errors.AsType[*resolver.Error](err); ok {
		return e.Kind
	}
	if err != nil {
		return resolver.KindUnknown
	}
	return ""
}

func TestCaches(t *testing.T) {
	const text = `
a.example 100     A 192.0.2.1
www.example 1000  CNAME a.example
zero.example 0    A 192.0.2.2
long.example 1000000000 A 192.0.2.3
bad.example       !servfail
gone.example      !timeout
`
	s := resolvertest.Serve(t, resolvertest.Zone(zone.Must(text))) // its SOA says 60 s
	c, sleep := dial(t, Options{Timeout: patient, MaxTTL: time.Hour, MaxNegativeTTL: time.Minute}, s)
	ask := func(name string, want resolver.Kind, asked bool) {
		t.Helper()
		before := c.Stats().Queries
		_, err := c.Lookup(t.Context(), name, resolver.TypeA)
		if kind(err) != want || (c.Stats().Queries > before) != asked {
			t.Errorf("%s: %v, asked %v; want %q, %v", name, err, c.Stats().Queries > before, want, asked)
		}
	}
	short, _ := dial(t, Options{Timeout: 10 * time.Millisecond, Attempts: 1}, s)
	for n := uint64(1); n <= 2; n++ {
		if _, err := short.Lookup(t.Context(), "gone.example", resolver.TypeA); kind(err) != resolver.KindTimeout || short.Stats().Queries != n {
			t.Errorf("look-up %d of a name without answer: %v, %d questions", n, err, short.Stats().Queries)
		}
	}
	all := func(first bool) {
		t.Helper()
		ask("www.example", "", first)
		ask("nowhere.example", resolver.KindNXDomain, first)
		ask("bad.example", resolver.KindServFail, first)
		ask("long.example", "", first)
		ask("zero.example", "", true)
	}
	all(true)
	all(false)
	sleep(3 * time.Second)
	ask("bad.example", resolver.KindServFail, true)
	sleep(50 * time.Second)
	ask("nowhere.example", resolver.KindNXDomain, false)
	ask("www.example", "", false)
	if a, err := c.Lookup(t.Context(), "www.example", resolver.TypeA); err != nil || a.TTL() > 50 || a.TTL() < 40 {
		t.Errorf("an answer for 100 s has %d left after 53 (%v)", a.TTL(), err)
	}
	sleep(10 * time.Second)
	ask("nowhere.example", resolver.KindNXDomain, true)
	sleep(40 * time.Second)
	ask("www.example", "", true)
	ask("long.example", "", false)
	sleep(time.Hour)
	ask("long.example", "", true)
}

func TestOneFlightForAll(t *testing.T) {
	release := make(chan struct{})
	good := resolvertest.Zone(zone.Must("a.example A 192.0.2.1"))
	s := resolvertest.Serve(t, func(q *resolvertest.Query) { <-release; good(q) })
	c, _ := dial(t, Options{Timeout: time.Minute, CacheBytes: -1}, s)
	leader, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := c.Lookup(leader, "a.example", resolver.TypeA); kind(err) != resolver.KindCanceled {
			t.Errorf("the leader: %v", err)
		}
	})
	for c.Stats().Queries == 0 {
		runtime.Gosched()
	}
	for range 30 {
		wg.Go(func() {
			if _, err := c.Lookup(t.Context(), "A.example.", resolver.TypeA); err != nil {
				t.Error(err)
			}
		})
	}
	for c.Stats().Shared < 30 {
		runtime.Gosched()
	}
	leave() // one of the others takes over
	for c.Stats().Queries == 1 {
		runtime.Gosched()
	}
	close(release)
	wg.Wait()
	// Those that only wake up when the second flight has landed ask again.
	if n := c.Stats().Queries; n > 20 {
		t.Errorf("31 look-ups of one question were asked %d times", n)
	}
}

func TestCloseEndsLookups(t *testing.T) {
	s := resolvertest.Serve(t, resolvertest.Silent)
	before := runtime.NumGoroutine()
	c, err := New(Options{Servers: []string{s.Addr}, Timeout: time.Hour, MaxInFlight: 2})
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for i := range 4 { // two of them wait for their turn
		go func() {
			_, err := c.Lookup(t.Context(), fmt.Sprint("n", i), resolver.TypeA)
			errs <- err
		}()
	}
	for c.Stats().Queries < 2 {
		runtime.Gosched()
	}
	closed := make(chan struct{})
	go func() { c.Close(); close(closed) }()
	for range 4 {
		if err := <-errs; kind(err) != resolver.KindNetwork || !resolver.IsTemporary(err) {
			t.Errorf("got %v", err)
		}
	}
	<-closed
	if _, err := c.Lookup(t.Context(), "a", resolver.TypeA); kind(err) != resolver.KindNetwork {
		t.Errorf("after Close: %v", err)
	}
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}

func TestKinds(t *testing.T) {
	t.Parallel() // as all that wait in vain
	for want, script := range map[resolver.Kind]resolvertest.Script{
		resolver.KindServFail:  resolvertest.Rcode(dns.RcodeServerFailure),
		resolver.KindRefused:   resolvertest.Rcode(dns.RcodeRefused),
		resolver.KindLame:      resolvertest.Lame,
		resolver.KindMalformed: resolvertest.Garbage,
		resolver.KindTimeout:   resolvertest.Silent,
		resolver.KindTruncated: resolvertest.TCPOnly(resolvertest.Silent),
		resolver.KindNXDomain:  resolvertest.Zone(zone.Must("b.example A 192.0.2.1")),
		resolver.KindNoData:    resolvertest.Zone(zone.Must("a.example TXT x")),
		resolver.KindLoop:      resolvertest.Zone(zone.Must("a.example CNAME a.example")),
	} {
		timeout := patient
		switch want {
		case resolver.KindTimeout:
			timeout = 20 * time.Millisecond
		case resolver.KindTruncated: // time for UDP, and then in vain for TCP
			timeout = hasty
		}
		c, _ := dial(t, Options{Timeout: timeout, Attempts: 2}, resolvertest.Serve(t, script))
		if _, err := c.Lookup(t.Context(), "a.example", resolver.TypeA); kind(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	c, err := New(Options{Servers: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Lookup(t.Context(), "a.example", resolver.TypeA); kind(err) != resolver.KindNetwork {
		t.Errorf("nobody listens: %v", err)
	}
	if _, err := c.Lookup(t.Context(), strings.Repeat("x", 64), resolver.TypeA); kind(err) != resolver.KindNXDomain {
		t.Errorf("no name: %v", err)
	}
	if _, err := c.Lookup(t.Context(), "a.example", 99); kind(err) != resolver.KindMalformed {
		t.Errorf("a type that no Record can hold: %v", err)
	}
}

// A server that is silent is asked last for a while.
func TestSilentServerIsAskedLast(t *testing.T) {
	t.Parallel()
	good := resolvertest.Zone(zone.Must("*.example A 192.0.2.1"))
	dead, live := resolvertest.Serve(t, resolvertest.Silent), resolvertest.Serve(t, good)
	c, _ := dial(t, Options{Timeout: hasty}, dead, live)
	ask := func(i int) {
		t.Helper()
		if _, err := c.Lookup(t.Context(), fmt.Sprintf("n%d.example", i), resolver.TypeA); err != nil {
			t.Error(err)
		}
	}
	for i := range 10 {
		ask(i)
	}
	if n := len(dead.Queries()); n != 2 {
		t.Errorf("the silent server was asked %d times", n)
	}
	last := &c.servers[0].last
	if left := time.Until(time.Unix(0, last.Load())); left > quarantine || left < quarantine-time.Minute {
		t.Errorf("it is asked last for %v more", left)
	}
	last.Store(time.Now().UnixNano()) // A clock that goes on would move deadlines of sockets too.
	ask(10)
	if n := len(dead.Queries()); n != 3 {
		t.Errorf("later, the silent server was asked %d times", n)
	}
}

func TestServerWithoutEDNSIsRemembered(t *testing.T) {
	s := resolvertest.Serve(t, resolvertest.NoEDNS(resolvertest.Zone(zone.Must("*.example A 192.0.2.1"))))
	c, _ := dial(t, Options{}, s)
	for i := range 5 {
		if _, err := c.Lookup(t.Context(), fmt.Sprintf("n%d.example", i), resolver.TypeA); err != nil {
			t.Error(err)
		}
	}
	if n := len(s.Queries()); n != 6 {
		t.Errorf("asked %d times", n)
	}
}

func TestRotate(t *testing.T) {
	good := resolvertest.Zone(zone.Must("*.example A 192.0.2.1"))
	one, two := resolvertest.Serve(t, good), resolvertest.Serve(t, good)
	c, _ := dial(t, Options{Rotate: true}, one, two)
	for i := range 10 {
		c.Lookup(t.Context(), fmt.Sprintf("n%d.example", i), resolver.TypeA)
	}
	if a, b := len(one.Queries()), len(two.Queries()); a != 5 || b != 5 {
		t.Errorf("asked one %d times, the other %d times", a, b)
	}
}

func TestQueryOnTheWire(t *testing.T) {
	s := resolvertest.Serve(t, resolvertest.Zone(zone.Must("a.example A 192.0.2.1")))
	c, _ := dial(t, Options{}, s)
	c.Lookup(t.Context(), "A.Example.", resolver.TypeA)
	q := s.Queries()[0].Msg
	opt := q.IsEdns0()
	if !q.RecursionDesired || !q.AuthenticatedData || opt == nil || opt.UDPSize() != announced || opt.Do() || q.Question[0].Name != "a.example." {
		t.Errorf("sent %v", q)
	}
}

func TestAuthentic(t *testing.T) {
	z := zone.Must("a.example A 192.0.2.1")
	z.Authentic = true
	c, _ := dial(t, Options{}, resolvertest.Serve(t, resolvertest.Zone(z)))
	for range 2 {
		if a, err := c.Lookup(t.Context(), "a.example", resolver.TypeA); err != nil || !a.Authentic {
			t.Errorf("%+v, %v", a, err)
		}
	}
}

func TestStatsAndObserve(t *testing.T) {
	t.Parallel()
	text := "a.example A 192.0.2.1\nbig.example TXT" + strings.Repeat(` "`+strings.Repeat("x", 250)+`"`, 40)
	good := resolvertest.Zone(zone.Must(text))
	s := resolvertest.Serve(t, resolvertest.First(1, resolvertest.Silent, resolvertest.Lie(good)))
	var seen []string
	c, _ := dial(t, Options{Timeout: hasty, Observe: func(e Exchange) {
		seen = append(seen, fmt.Sprint(e.Question, " ", e.TCP, " ", e.Rcode, " ", e.Kind))
	}}, s)
	for range 2 {
		c.Lookup(t.Context(), "a.example", resolver.TypeA)
		c.Lookup(t.Context(), "big.example", resolver.TypeTXT)
		c.Lookup(t.Context(), "nowhere.example", resolver.TypeA)
	}
	want := []string{
		"a.example A false  timeout", "a.example A false NOERROR ",
		"big.example TXT false  timeout", "big.example TXT false NOERROR truncated", "big.example TXT true NOERROR ",
		"nowhere.example A false  timeout", "nowhere.example A false NXDOMAIN nxdomain",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("observed %q", seen)
	}
	n := c.Stats()
	if n.Lookups != 6 || n.CacheHits != 3 || n.Queries != 7 || n.Retries != 3 || n.TCP != 1 || n.Timeouts != 3 || n.Ignored != 18 ||
		n.Rcodes["NOERROR"] != 3 || n.Rcodes["NXDOMAIN"] != 1 || n.CacheEntries != 3 {
		t.Errorf("counted %+v", n)
	}
}

func TestNoSockets(t *testing.T) {
	if _, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 53}); err == nil {
		t.Skip("there is a way to 2001:db8::1")
	}
	c, err := New(Options{Servers: []string{"2001:db8::1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Lookup(t.Context(), "a.example", resolver.TypeA); kind(err) != resolver.KindNetwork {
		t.Errorf("no way to the server: %v", err)
	}
}

func TestCloseEndsWhatStartBegan(t *testing.T) {
	s := resolvertest.Serve(t, resolvertest.Silent)
	c, _ := dial(t, Options{Timeout: time.Hour}, s)
	errs := make(chan error, 4)
	start := func() {
		qs := []resolver.Question{{Name: "example.org", Type: resolver.TypeA}, {Name: "example.net", Type: resolver.TypeA}}
		c.Start(t.Context(), qs, func(_ int, _ resolver.Answer, err error) { errs <- err })
	}
	start()
	for len(s.Queries()) < 2 {
		time.Sleep(time.Millisecond)
	}
	c.Close()
	start()
	for range 4 {
		if err := <-errs; !resolver.IsTemporary(err) {
			t.Errorf("after Close: %v", err)
		}
	}
}
