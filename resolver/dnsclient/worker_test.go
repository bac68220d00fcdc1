package dnsclient

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// sessions asks n questions at once through a Session of the Client.
func sessions(ctx context.Context, c *Client, n int, suffix string) []resolver.Reply {
	s := dnsscan.NewSession(ctx, resolver.Options{Resolver: c})
	defer s.Wait()
	var qs []resolver.Question
	for i := range n {
		qs = append(qs, resolver.Question{Name: fmt.Sprintf("n%d.%s", i, suffix), Type: resolver.TypeA})
	}
	return resolver.LookupAll(ctx, s, qs...)
}

// Workers are kept, a few of them, and end with Close.
func TestWorkers(t *testing.T) {
	s := resolvertest.Serve(t, resolvertest.Zone(zone.Must("*.example A 192.0.2.1\n*.test !timeout")))
	before := runtime.NumGoroutine()
	c, err := New(Options{Servers: []string{s.Addr}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, r := range sessions(t.Context(), c, 100, "example") {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}
	}
	if n := c.idle.Load(); n > maxIdle {
		t.Errorf("%d workers are idle", n)
	}
	if n := c.Stats(); n.Lookups != 300 || n.CacheHits != 200 || n.Queries != 100 {
		t.Errorf("%+v", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []resolver.Reply)
	go func() { done <- sessions(ctx, c, 20, "test") }()
	for c.Stats().Queries < 120 {
		runtime.Gosched()
	}
	cancel()
	for _, r := range <-done {
		if kind(r.Err) != resolver.KindCanceled {
			t.Errorf("canceled: %v", r.Err)
		}
	}
	go func() { done <- sessions(t.Context(), c, 20, "test") }()
	for c.Stats().Queries < 140 {
		runtime.Gosched()
	}
	c.Close()
	for _, r := range append(<-done, sessions(t.Context(), c, 1, "later.test")...) {
		if kind(r.Err) != resolver.KindNetwork {
			t.Errorf("closed: %v", r.Err)
		}
	}
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}

func TestStartObeysItsLimit(t *testing.T) {
	c, _ := dial(t, Options{Timeout: time.Minute}, resolvertest.Serve(t, resolvertest.Silent))
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: c, QueryTimeout: 10 * time.Millisecond})
	if _, err := s.Lookup(t.Context(), "a.example", resolver.TypeA); kind(err) != resolver.KindTimeout {
		t.Errorf("got %v", err)
	}
	s.Wait()
}

// A question that nobody answers holds up none of those that were asked with
// it, and its own reply counts when it comes late.
func TestSlowQuestionOfABatch(t *testing.T) {
	release := make(chan struct{})
	answer := resolvertest.Zone(zone.Must("*.example A 192.0.2.1"))
	server := resolvertest.Serve(t, func(q *resolvertest.Query) {
		if q.Name == "n1.example." {
			select {
			case <-release:
			case <-q.Context().Done():
			}
		}
		answer(q)
	})
	c, _ := dial(t, Options{Timeout: time.Minute}, server)
	var qs []resolver.Question
	for i := range 5 {
		qs = append(qs, resolver.Question{Name: fmt.Sprintf("n%d.example", i), Type: resolver.TypeA})
	}
	done := make(chan int, len(qs))
	c.Start(t.Context(), qs, func(i int, a resolver.Answer, err error) {
		if err != nil || len(a.Records) != 1 {
			t.Errorf("%s: %v, %v", qs[i].Name, a.Records, err)
		}
		done <- i
	})
	for range len(qs) - 1 {
		if i := <-done; i == 1 {
			t.Error("the slow question was answered before it was")
		}
	}
	close(release)
	if i := <-done; i != 1 {
		t.Errorf("the last reply is to question %d", i)
	}
	if n := c.Stats(); n.Queries != 5 || n.Retries != 0 {
		t.Errorf("%+v", n)
	}
}

// Replies that are no answer yet go the long way: to another server, over TCP,
// along a chain.
func TestBatchThatNeedsMore(t *testing.T) {
	z := resolvertest.Zone(zone.Must("*.example A 192.0.2.1\nlong.example CNAME n1.example"))
	bad := resolvertest.Serve(t, resolvertest.Rcode(2))
	good := resolvertest.Serve(t, resolvertest.TCPOnly(z))
	c, _ := dial(t, Options{Timeout: time.Minute}, bad, good)
	var qs []resolver.Question
	for _, name := range []string{"n1.example", "n2.example", "long.example", "n1.example"} {
		qs = append(qs, resolver.Question{Name: name, Type: resolver.TypeA})
	}
	for i, r := range resolver.LookupAll(t.Context(), dnsscan.NewSession(t.Context(), resolver.Options{Resolver: c}), qs...) {
		if r.Err != nil || len(r.Answer.IPs()) != 1 {
			t.Errorf("%s: %v, %v", qs[i].Name, r.Answer.Records, r.Err)
		}
	}
	if n := c.Stats(); n.TCP != 3 {
		t.Errorf("%+v", n)
	}
}
