package dnsscan_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

func TestShares(t *testing.T) {
	for _, c := range []struct {
		total int
		wants []int
		want  []int
	}{
		{10, []int{3, 0, 4, 0}, []int{3, 2, 4, 1}},
		{5, []int{3, 4, 0}, []int{3, 2, 0}},
		{-1, []int{3, 0}, []int{3, -1}},
		{7, []int{0, 0, 0}, []int{3, 2, 2}},
		{7, nil, []int{}},
	} {
		if got := dnsscan.Shares(c.total, c.wants); !slices.Equal(got, c.want) {
			t.Errorf("Shares(%d, %v) = %v, want %v", c.total, c.wants, got, c.want)
		}
	}
}

func TestLimitRefusesInOrder(t *testing.T) {
	z := zone.Must("*.example A 192.0.2.1")
	for range 20 {
		r := dnsscan.Limit(z, 2)
		var qs []resolver.Question
		for _, n := range []string{"a", "B", "b", "c", "a", "d"} {
			qs = append(qs, resolver.Question{Name: n + ".example", Type: resolver.TypeA})
		}
		var got []bool
		for _, reply := range resolver.LookupAll(t.Context(), r, qs...) {
			got = append(got, errors.Is(reply.Err, resolver.ErrBudget))
		}
		if want := []bool{false, false, false, true, false, true}; !slices.Equal(got, want) {
			t.Fatalf("refused %v, want %v", got, want)
		}
	}
	if _, err := dnsscan.Limit(z, 0).Lookup(t.Context(), "a.example", resolver.TypeA); !errors.Is(err, resolver.ErrBudget) {
		t.Errorf("a budget of 0 gave %v", err)
	}
	if _, err := dnsscan.Limit(z, -1).Lookup(t.Context(), "a.example", resolver.TypeA); err != nil {
		t.Errorf("no budget gave %v", err)
	}
}

func TestSessionAsksOnce(t *testing.T) {
	c := &resolver.Counter{Resolver: zone.Must("a.example A 192.0.2.1\na.example !delay 1ms\nbad.example !servfail")}
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: c})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			a, err := s.Lookup(t.Context(), "A.example.", resolver.TypeA)
			if err != nil || len(a.IPs()) != 1 {
				t.Errorf("got %v, %v", a, err)
			}
			a.Records[0].Host = "changed"
			if _, err := s.Lookup(t.Context(), "bad.example", resolver.TypeA); !resolver.IsTemporary(err) {
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	s.Wait()
	if c.Asked() != 2 || s.Asked() != 2 || c.Failed() != 1 {
		t.Errorf("asked %d and %d, failed %d", c.Asked(), s.Asked(), c.Failed())
	}
	if a, _ := s.Lookup(t.Context(), "a.example", resolver.TypeA); a.Records[0].Host != "" {
		t.Error("an asker changed another's answer")
	}
}

func TestSessionTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := dnsscan.NewSession(ctx, resolver.Options{Resolver: zone.Must("dead.example !hang\nlate.example A 192.0.2.1\nlate.example !delay 2s")})
		start := time.Now()
		_, err := s.Lookup(t.Context(), "dead.example", resolver.TypeA)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != resolver.DefaultQueryTimeout {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		// An asker who leaves does not take the others' answer with him.
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := s.Lookup(short, "late.example", resolver.TypeA); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if _, err := s.Lookup(t.Context(), "late.example", resolver.TypeA); err != nil {
			t.Errorf("got %v", err)
		}
		done := make(chan error)
		go func() {
			_, err := s.Lookup(context.Background(), "dead.example", resolver.TypeTXT)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		s.Wait()
	})
}

// Who asks while a session ends is counted by Wait or refused.
func TestSessionEnds(t *testing.T) {
	c := &resolver.Counter{Resolver: zone.Must("*.example A 192.0.2.1")}
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: c})
	if s.End() {
		t.Error("questions went out before there were any")
	}
	if _, err := s.Lookup(t.Context(), "late.example", resolver.TypeA); !errors.Is(err, context.Canceled) || c.Asked() != 0 {
		t.Errorf("after the end: %v, %d questions", err, c.Asked())
	}
	s = dnsscan.NewSession(t.Context(), resolver.Options{Resolver: c})
	var askers sync.WaitGroup
	for i := range 16 {
		askers.Go(func() {
			for j := range 16 {
				_, _ = s.Lookup(t.Context(), fmt.Sprintf("%d.%d.example", i, j), resolver.TypeA)
			}
		})
	}
	s.Wait()
	asked := c.Asked()
	askers.Wait()
	if c.Asked() != asked {
		t.Errorf("%d questions went out after Wait returned", c.Asked()-asked)
	}
}

func TestSessionTakesEmptyAnswersAsNotFound(t *testing.T) {
	empty := resolver.Func(func(context.Context, string, uint16) (resolver.Answer, error) { return resolver.Answer{}, nil })
	s := dnsscan.NewSession(t.Context(), resolver.Options{Resolver: empty})
	if _, err := s.Lookup(t.Context(), "a.example", resolver.TypeA); !resolver.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

func TestLeft(t *testing.T) {
	z := zone.Must("a.example A 192.0.2.1")
	if got := dnsscan.Left(z); got != -1 {
		t.Errorf("no bound: %d", got)
	}
	r := dnsscan.Limit(z, 3)
	for range 2 {
		_, _ = r.Lookup(t.Context(), "a.example", resolver.TypeA)
	}
	if got := dnsscan.Left(r); got != 2 {
		t.Errorf("after one question, asked twice: %d", got)
	}
	for range 2 {
		_, _ = r.Lookup(t.Context(), "b.example", resolver.TypeA)
	}
	if got := dnsscan.Left(r); got != 1 {
		t.Errorf("after two questions, each asked twice: %d", got)
	}
}

// A cached answers at once, as a Resolver with a warm cache does.
type cached struct{ resolver.Resolver }

func (c cached) Start(ctx context.Context, questions []resolver.Question, done func(int, resolver.Answer, error)) {
	for i, q := range questions {
		a, err := c.Lookup(ctx, q.Name, q.Type)
		done(i, a, err)
	}
}

// BenchmarkSession asks the questions of a usual scan of a warm cache: half of
// them for several lists at once, most without a record.
func BenchmarkSession(b *testing.B) {
	missing := resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
	})
	o := resolver.Options{Resolver: cached{missing}}
	var lists []resolver.Question
	for i := range 12 {
		lists = append(lists, resolver.Question{Name: fmt.Sprintf("2.0.0.127.list%d.example", i), Type: resolver.TypeA})
	}
	b.ReportAllocs()
	for b.Loop() {
		s := dnsscan.NewSession(b.Context(), o)
		r := dnsscan.Limit(s, 64)
		resolver.LookupAll(b.Context(), r, lists...)
		for i := range 12 {
			_, _ = r.Lookup(b.Context(), lists[i].Name, resolver.TypeTXT)
		}
		s.Wait()
	}
}
