package winnow_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// When a Start fails New gives no Scanner, says why, and nothing runs on.
func TestNewEndsWhatItStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("no feed")
		ended := false
		first := run("first", func(context.Context, *checks.Task) error { return nil })
		first.Start = func(ctx context.Context, env *checks.Env) error {
			env.Go("feed", func() { <-ctx.Done(); time.Sleep(time.Second); ended = true })
			return nil
		}
		second := run("second", func(context.Context, *checks.Task) error { return nil })
		second.Start = func(context.Context, *checks.Env) error { return cause }
		s, err := winnow.New(options(first, second))
		if s != nil || !errors.Is(err, winnow.ErrOptions) || !errors.Is(err, cause) {
			t.Errorf("scanner %v, error %v", s, err)
		}
		if !ended {
			t.Error("what the first check started runs on")
		}
	})
}

// An open session does not hold Close up, and nothing of it runs on; a step in
// progress comes to its end first.
func TestCloseWithOpenSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &checks.Check{Name: "asks", Doc: "d", Needs: checks.Needs{DNS: true, Phase: checks.Connect},
			Run: func(ctx context.Context, t *checks.Task) error {
				_, err := t.Resolver().Lookup(ctx, "example.org", resolver.TypeA)
				return err
			}}
		o := options(c)
		o.DNS.Resolver = resolver.Func(func(ctx context.Context, _ string, _ uint16) (resolver.Answer, error) {
			select {
			case <-ctx.Done():
				return resolver.Answer{}, ctx.Err()
			case <-time.After(time.Second):
				return resolver.Answer{Records: []resolver.Record{{Name: "example.org", Type: resolver.TypeA, IP: netip.MustParseAddr("192.0.2.2")}}}, nil
			}
		})
		s := newScanner(t, o)
		var open []*winnow.Session
		for range 2 {
			x, err := s.NewSession(mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, x)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if res, err := open[0].Connect(t.Context()); err != nil || len(res.Incomplete) > 0 {
				t.Errorf("the step in progress: %v, %v", res.Incomplete, err)
			}
		}()
		synctest.Wait()
		begin := time.Now()
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("close took %v, the step a second", took)
		}
		<-done
		for _, x := range open {
			if _, err := x.MailFrom(t.Context(), "a@example.org"); !errors.Is(err, winnow.ErrClosed) {
				t.Errorf("a step after Close: %v", err)
			}
			x.Close()
		}
		if _, err := s.NewSession(mail.Envelope{}); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("a session after Close: %v", err)
		}
	})
}

// A question that a step left behind is ended by Close and waited for.
func TestCloseEndsQuestionsOfSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		c := &checks.Check{Name: "asks", Doc: "d", Needs: checks.Needs{DNS: true, Phase: checks.Connect},
			Run: func(ctx context.Context, t *checks.Task) error {
				_, err := t.Resolver().Lookup(ctx, "example.org", resolver.TypeA)
				return err
			}}
		o := options(c)
		o.Timeout, o.DNS.QueryTimeout = time.Second, time.Hour
		o.DNS.Resolver = resolver.Func(func(ctx context.Context, _ string, _ uint16) (resolver.Answer, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended = true
			return resolver.Answer{}, ctx.Err()
		})
		s := newScanner(t, o)
		x, err := s.NewSession(mail.Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		if res, err := x.Connect(t.Context()); err != nil || len(res.Incomplete) != 1 || ended {
			t.Errorf("%v, %v", res.Incomplete, err)
		}
		if err := s.Close(t.Context()); err != nil || !ended {
			t.Errorf("close: %v, the question ended: %v", err, ended)
		}
	})
}

// A Start that fails or panics leaves no Scanner and nothing that runs.
func TestStartsThatFailOrPanic(t *testing.T) {
	bug := errors.New("bug")
	for name, f := range map[string]func() error{"fails": func() error { return bug }, "panics": func() error { panic("boom") }} {
		for _, last := range []string{"check", "after"} {
			begun, ended := 0, 0
			first, second := raise("first", defSpam), raise("second", defMore)
			first.Start = func(ctx context.Context, env *checks.Env) error {
				begun++
				env.Go("first", func() { <-ctx.Done(); ended++ })
				return nil
			}
			start := func(context.Context, *checks.Env) error { return f() }
			o := options(first, second)
			if last == "check" {
				second.Start = start
			} else {
				o.After = []winnow.After{{Name: "second", Doc: "test", Start: start, Run: func(context.Context, *winnow.Result) error { return nil }}}
			}
			s, err := winnow.New(o)
			if s != nil || !errors.Is(err, winnow.ErrOptions) || !strings.Contains(err.Error(), "second") || errors.Is(err, bug) != (name == "fails") || checks.IsPanic(err) != (name == "panics") {
				t.Errorf("%s, %s: %v, %v", last, name, s, err)
			}
			if begun != 1 || ended != 1 {
				t.Errorf("%s, %s: begun %d, ended %d", last, name, begun, ended)
			}
		}
	}
}
