package winnow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

func letterOf(text string) *winnow.Message {
	return &winnow.Message{Body: winnow.FromBytes([]byte(text))}
}

// afterwards is an After whose Run is f.
func afterwards(name string, f func(ctx context.Context, r *winnow.Result) error) winnow.After {
	return winnow.After{Name: name, Doc: "test", Run: f}
}

// What follows a verdict is done once for each message, an empty one too, and
// neither for the steps of a session nor for a replay.
func TestAfterRunsOnceForAMessage(t *testing.T) {
	fact := checks.Fact[string]{Name: "who"}
	for _, durable := range []bool{false, true} {
		var mu sync.Mutex
		var seen []string
		a := afterwards("history", func(_ context.Context, r *winnow.Result) error {
			who, _ := fact.From(r)
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprint(r.Message().Header().Text("Subject"), " ", r.Score, " ", who, r.Skipped))
			return nil
		})
		a.Durable = durable
		o := options(raise("a", defSpam))
		o.After = []winnow.After{a}
		s := newScanner(t, o)
		m := letterOf(plain)
		m.Record = true
		res, err := s.Scan(t.Context(), m, checks.Seed(fact, "me"))
		if err != nil {
			t.Fatal(err)
		}
		if durable && len(seen) != 1 {
			t.Errorf("a durable one has not run when Scan returns: %v", seen)
		}
		if _, err := res.Transcript.Replay(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		x, err := s.NewSession(mail.Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		for _, step := range []func() (*winnow.Result, error){
			func() (*winnow.Result, error) { return x.Connect(t.Context()) },
			func() (*winnow.Result, error) { return x.MailFrom(t.Context(), "") },
			func() (*winnow.Result, error) { return x.Rcpt(t.Context(), "b@example.net") },
			func() (*winnow.Result, error) { return x.Data(t.Context(), letterOf("Subject: two\r\n\r\n")) },
			func() (*winnow.Result, error) { return s.Scan(t.Context(), letterOf("")) },
		} {
			if _, err := step(); err != nil {
				t.Fatal(err)
			}
		}
		closeNow(t, s)
		if want := []string{"hello 5 me", "two 5 ", " 0 empty message"}; !slices.Equal(seen, want) {
			t.Errorf("durable %v: seen %q", durable, seen)
		}
		if st := s.AfterStats()[0]; st != (winnow.AfterStat{Name: "history", Done: 3}) {
			t.Errorf("durable %v: %+v", durable, st)
		}
	}
}

// The queue has bounds by count and by bytes; what does not fit is counted and
// told, and Close waits for the rest.
func TestAfterQueue(t *testing.T) {
	for _, c := range []struct {
		name          string
		queue         int
		bytes         int64
		size          int // of the messages
		done, dropped int64
	}{
		{"by default", 0, 0, 100, 5, 0},
		{"by count", 2, 0, 100, 3, 2}, // one is in work
		{"by bytes", 0, 200, 100, 2, 3},
		{"a message that is too long alone", 0, 10, 100, 1, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			a := afterwards("slow", func(_ context.Context, r *winnow.Result) error { <-gate; return nil })
			a.Queue, a.QueueBytes = c.queue, c.bytes
			o := options(raise("a", defSpam))
			o.After = []winnow.After{a}
			told := int64(0)
			o.Trace.AfterDropped = func(name string) { told++ }
			s := newScanner(t, o)
			text := "Subject: x\r\n\r\n"
			for range 5 {
				if _, err := s.Scan(t.Context(), letterOf(text+strings.Repeat("x", c.size-len(text)))); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
			if st := s.AfterStats()[0]; st.Waiting != int(c.done)-1 || st.Bytes != c.done*int64(c.size) {
				t.Errorf("%s: %+v", c.name, st)
			}
			close(gate)
			closeNow(t, s)
			if st := s.AfterStats()[0]; st != (winnow.AfterStat{Name: "slow", Done: c.done, Dropped: c.dropped}) || told != c.dropped {
				t.Errorf("%s: %+v, %d told", c.name, st, told)
			}
		})
	}
}

// What fails, panics or takes too long is counted and told, and the next one
// runs.
func TestAfterFailures(t *testing.T) {
	for _, durable := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			bug := errors.New("bug")
			a := afterwards("fails", func(ctx context.Context, r *winnow.Result) error {
				switch r.Message().Header().Text("Subject") {
				case "panic":
					panic("boom")
				case "slow":
					<-ctx.Done()
					return ctx.Err()
				case "error":
					return bug
				}
				return nil
			})
			a.Durable, a.Timeout = durable, time.Minute
			o := options(raise("a", defSpam))
			o.StoreBudget = 0
			o.After = []winnow.After{a, afterwards("fine", func(context.Context, *winnow.Result) error { return nil })}
			var told []error
			o.Trace.AfterDone = func(name string, _ time.Duration, err error) {
				if name == "fails" {
					told = append(told, err)
				}
			}
			s := newScanner(t, o)
			begin := time.Now()
			for _, subject := range []string{"panic", "slow", "error", "fine"} {
				res, err := s.Scan(t.Context(), letterOf("Subject: "+subject+"\r\n\r\n"))
				if err != nil || len(res.Incomplete) > 0 {
					t.Errorf("%s: %v", subject, err)
				}
			}
			want := map[bool]time.Duration{false: 0, true: 300 * time.Millisecond}[durable]
			if took := time.Since(begin); took != want {
				t.Errorf("durable %v: the scans took %v", durable, took)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if len(told) != 4 || !checks.IsPanic(told[0]) || !errors.Is(told[1], context.DeadlineExceeded) || !errors.Is(told[2], bug) || told[3] != nil {
				t.Errorf("durable %v: told %v", durable, told)
			}
			if st := s.AfterStats(); st[0].Failed != 3 || st[0].Done != 1 || st[1].Done != 4 {
				t.Errorf("durable %v: %+v", durable, st)
			}
		})
	}
}

// A durable one that does not return costs the budget and is named by Close.
func TestAfterThatHangs(t *testing.T) {
	for _, durable := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			a := afterwards("hangs", func(context.Context, *winnow.Result) error { <-release; return nil })
			a.Durable = durable
			o := options(raise("a", defSpam))
			o.After, o.StoreBudget = []winnow.After{a}, time.Second
			s := newScanner(t, o)
			begin := time.Now()
			for range 2 {
				if _, err := s.Scan(t.Context(), letterOf(plain)); err != nil {
					t.Fatal(err)
				}
			}
			want := map[bool]time.Duration{false: 0, true: 2 * time.Second}[durable]
			if took := time.Since(begin); took != want {
				t.Errorf("durable %v: the scans took %v", durable, took)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "after hangs") {
				t.Errorf("durable %v: close: %v", durable, err)
			}
			if st := s.AfterStats()[0]; st.Waiting != 0 || !durable && st.Dropped != 1 {
				t.Errorf("durable %v: %+v", durable, st)
			}
			close(release)
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A Result in which a check that is read did not come to its end is not handed
// on.
func TestAfterReads(t *testing.T) {
	fact := checks.Fact[int]{Name: "n"}
	for _, fails := range []bool{false, true} {
		c := &checks.Check{Name: "sets", Doc: "d", Provides: []checks.AnyFact{fact}, Run: func(context.Context, *checks.Task) error {
			if fails {
				return errors.New("bug")
			}
			return nil
		}}
		a := afterwards("reads", func(context.Context, *winnow.Result) error { return nil })
		a.Reads = []checks.AnyFact{fact, checks.Fact[string]{Name: "of nobody"}}
		o := options(c)
		o.After = []winnow.After{a}
		s := newScanner(t, o)
		if _, err := s.Scan(t.Context(), letterOf(plain)); err != nil {
			t.Fatal(err)
		}
		closeNow(t, s)
		want := winnow.AfterStat{Name: "reads", Done: 1}
		if fails {
			want = winnow.AfterStat{Name: "reads", Skipped: 1}
		}
		if st := s.AfterStats()[0]; st != want {
			t.Errorf("fails %v: %+v", fails, st)
		}
	}
}

// The host may change its Result while others still read theirs.
func TestAfterHasItsOwnResult(t *testing.T) {
	gate := make(chan struct{})
	var seen []string
	a := afterwards("reads", func(_ context.Context, r *winnow.Result) error {
		<-gate
		for _, e := range r.Edits {
			seen = append(seen, e.Name)
		}
		return nil
	})
	o := options(raise("a", defSpam))
	o.After = []winnow.After{a}
	s := newScanner(t, o)
	res, err := s.Scan(t.Context(), letterOf(plain))
	if err != nil {
		t.Fatal(err)
	}
	res.Edits[0].Name = "Changed"
	close(gate)
	closeNow(t, s)
	if fmt.Sprint(seen) != "[X-Spam]" {
		t.Errorf("seen %v", seen)
	}
}

func TestWrongAfters(t *testing.T) {
	fine := afterwards("a", func(context.Context, *winnow.Result) error { return nil })
	change := func(f func(*winnow.After)) []winnow.After { a := fine; f(&a); return []winnow.After{a} }
	fact := checks.Fact[int]{Name: "n"}
	for want, list := range map[string][]winnow.After{
		"no name":      change(func(a *winnow.After) { a.Name = "" }),
		"no doc":       change(func(a *winnow.After) { a.Doc = "" }),
		"no Run":       change(func(a *winnow.After) { a.Run = nil }),
		"negative":     change(func(a *winnow.After) { a.Queue = -1 }),
		"not Durable":  change(func(a *winnow.After) { a.Together = true }),
		"listed twice": {fine, fine},
		"is a string":  change(func(a *winnow.After) { a.Reads = []checks.AnyFact{checks.Fact[string]{Name: "n"}} }),
		"no start": change(func(a *winnow.After) {
			a.Start = func(context.Context, *checks.Env) error { return errors.New("no start") }
		}),
	} {
		o := options(&checks.Check{Name: "sets", Doc: "d", Provides: []checks.AnyFact{fact}, Run: func(context.Context, *checks.Task) error { return nil }})
		o.After = list
		if _, err := winnow.New(o); !errors.Is(err, winnow.ErrOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
