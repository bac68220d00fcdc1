package dnsclient

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
)

// sessions asks n questions at once through a Session of the Client.
func sessions(ctx context.Context, c *Client, n int, suffix string) []resolver.Reply {
	s := resolver.NewSession(ctx, resolver.Options{Resolver: c})
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
	s := resolver.NewSession(t.Context(), resolver.Options{Resolver: c, QueryTimeout: 10 * time.Millisecond})
	if _, err := s.Lookup(t.Context(), "a.example", resolver.TypeA); kind(err) != resolver.KindTimeout {
		t.Errorf("got %v", err)
	}
	s.Wait()
}
