package winnow_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

const plain = "From: A <a@example.org>\r\nTo: b@example.net\r\nSubject: hello\r\n\r\nbody\r\n"

var (
	defSpam = &symbols.Def{Name: "T_SPAM", Doc: "test", Weight: 5, Groups: []string{"test"}}
	defMore = &symbols.Def{Name: "T_MORE", Doc: "test", Weight: 2}
	defBoth = &symbols.Def{Name: "T_BOTH", Doc: "test composite", Weight: 1}
	defLate = &symbols.Def{Name: "T_LATE", Doc: "test", Weight: 9}
)

// raise is a check that raises its symbols.
func raise(name string, defs ...*symbols.Def) *checks.Check {
	return &checks.Check{Name: name, Doc: "test", Symbols: defs, Run: func(_ context.Context, t *checks.Task) error {
		for _, d := range defs {
			t.HitField(d, t.Message().Header().Get("Subject"), "opt")
		}
		return nil
	}}
}

func run(name string, f func(ctx context.Context, t *checks.Task) error) *checks.Check {
	return &checks.Check{Name: name, Doc: "test", Run: f}
}

func options(cs ...*checks.Check) winnow.Options {
	return winnow.Options{
		Families: []*checks.Family{}, // no built-in ones
		Checks:   cs,
		Clock:    func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		Seed:     func() uint64 { return 7 },

		StoreBudget: -1, // however slow the machine is
	}
}

func newScanner(t *testing.T, o winnow.Options) *winnow.Scanner {
	t.Helper()
	s, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func scan(t *testing.T, o winnow.Options, m *winnow.Message, seeds ...checks.Seeded) *winnow.Result {
	t.Helper()
	s := newScanner(t, o)
	defer closeNow(t, s)
	res, err := s.Scan(t.Context(), m, seeds...)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func closeNow(t *testing.T, s *winnow.Scanner) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestScoreAndAction(t *testing.T) {
	o := options(raise("a", defSpam), raise("b", defMore))
	o.Composites = map[string]*score.Composite{"T_BOTH": {Def: defBoth, Expression: "T_SPAM & T_MORE", Policy: score.RemoveWeight}}
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if res.Score != 1 || res.Action != actions.NoAction || !res.Has("T_BOTH") || res.Symbol("T_SPAM").Score != 0 {
		t.Errorf("score %v, action %v, symbols %v", res.Score, res.Action, res.Symbols)
	}
	o.Composites = nil
	res = scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if res.Score != 7 || res.Action != actions.AddHeader || res.Required != 15 {
		t.Errorf("score %v of %v, action %v", res.Score, res.Required, res.Action)
	}
	want := []actions.HeaderEdit{{Remove: true, Name: "X-Spam"}, {Name: "X-Spam", Value: "Yes", Index: 1}}
	if fmt.Sprint(res.Edits) != fmt.Sprint(want) {
		t.Errorf("edits %v", res.Edits)
	}
}

func TestNewRefuses(t *testing.T) {
	bad := map[string]func(*winnow.Options){
		"weight":  func(o *winnow.Options) { o.Weights = map[string]float64{"NO_SUCH": 1} },
		"network": func(o *winnow.Options) { o.LocalNetworks = []netip.Prefix{{}} },
		"check":   func(o *winnow.Options) { o.Checks = []*checks.Check{{}} },
		"start": func(o *winnow.Options) {
			c := raise("a", defSpam)
			c.Start = func(context.Context, *checks.Env) error { return errors.New("no feed") }
			o.Checks = []*checks.Check{c}
		},
	}
	for name, change := range bad {
		o := options(raise("a", defSpam))
		change(&o)
		if _, err := winnow.New(o); err == nil {
			t.Errorf("%s: no error", name)
		} else if !errors.Is(err, winnow.ErrOptions) {
			t.Errorf("%s: %v is no ErrOptions", name, err)
		}
	}
}

func TestChecksThatFail(t *testing.T) {
	o := options(
		run("panics", func(context.Context, *checks.Task) error { panic("boom") }),
		run("errs", func(context.Context, *checks.Task) error { return errors.New("bug") }),
		raise("fine", defSpam))
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if res.Score != 5 || len(res.Incomplete) != 2 {
		t.Fatalf("score %v, incomplete %v", res.Score, res.Incomplete)
	}
	if a, b := res.Incomplete[0], res.Incomplete[1]; a.Check != "panics" || a.Reason != "panic" || b.Check != "errs" || b.Reason != "error" {
		t.Errorf("incomplete %v", res.Incomplete)
	}
}

// A check that never returns holds up neither the verdict nor the checks
// after it, be it one that waits or one of the message alone.
func TestHangingCheck(t *testing.T) {
	for _, waits := range []bool{false, true} {
		for _, soft := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				hang := run("hangs", func(context.Context, *checks.Task) error { <-release; return nil })
				hang.Needs.Net = waits
				o := options(hang, raise("fine", defSpam))
				o.DNS.SoftRejectOnTimeout = soft
				s := newScanner(t, o)
				begin := time.Now()
				res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took > 8*time.Second {
					t.Errorf("the verdict took %v", took)
				}
				want := actions.Greylist
				if soft || !waits {
					want = actions.SoftReject
				}
				if res.Score != 5 || res.Action != want || len(res.Incomplete) != 1 || res.Incomplete[0].Reason != "timeout" {
					t.Errorf("waits %v: score %v, action %v, incomplete %v", waits, res.Score, res.Action, res.Incomplete)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "hangs") {
					t.Errorf("close does not name the check: %v", err)
				}
				close(release)
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := s.Scan(t.Context(), &winnow.Message{}); !errors.Is(err, winnow.ErrClosed) {
					t.Errorf("scan after close: %v", err)
				}
			})
		}
	}
}

func TestTimeoutKeepsReject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := run("slow", func(ctx context.Context, _ *checks.Task) error { <-ctx.Done(); return nil })
		slow.Needs.DNS = true
		o := options(slow, raise("fine", &symbols.Def{Name: "BAD", Doc: "d", Weight: 20}))
		o.DNS.SoftRejectOnTimeout = true
		if res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))}); res.Action != actions.Reject {
			t.Errorf("action %v", res.Action)
		}
	})
}

func TestCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := run("slow", func(ctx context.Context, _ *checks.Task) error { <-ctx.Done(); return nil })
		slow.Needs.Net = true
		s := newScanner(t, options(slow, raise("fine", defSpam)))
		defer closeNow(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		res, err := s.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		if err != nil || res.Score != 5 || len(res.Incomplete) != 1 {
			t.Errorf("deadline: %v, %v", res, err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := s.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(plain))}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancel: %v", err)
		}
	})
}

func TestCloseWaitsForWhatStartBegan(t *testing.T) {
	ended := false
	c := run("feed", func(context.Context, *checks.Task) error { return nil })
	c.Start = func(ctx context.Context, env *checks.Env) error {
		env.Go("feed", func() {
			<-ctx.Done()
			time.Sleep(20 * time.Millisecond)
			ended = true
		})
		return nil
	}
	closeNow(t, newScanner(t, options(c)))
	if !ended {
		t.Error("Close returned before the check's own work ended")
	}
}

func TestEarlyCheckEndsTheScan(t *testing.T) {
	early := &checks.Check{Name: "early", Doc: "test", Stage: checks.Early, Run: func(_ context.Context, t *checks.Task) error {
		t.PreResult(actions.PreResult{Action: actions.SoftReject, Message: "later"})
		return nil
	}}
	milder := raise("milder", defMore)
	milder.Stage, early.Priority = checks.Early, 1
	o := options(milder, early, raise("main", defSpam))
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if res.Action != actions.SoftReject || res.Reply != (winnow.Reply{Code: 451, Enhanced: "4.7.1", Text: "later"}) || len(res.Symbols) > 0 || res.PreResult.Check != "early" || len(res.Incomplete) > 0 {
		t.Errorf("action %v, reply %v, symbols %v, incomplete %v", res.Action, res.Reply, res.Symbols, res.Incomplete)
	}
	res = scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Settings: &winnow.Settings{PassAll: true}})
	if res.Action != actions.SoftReject || !res.Has("T_SPAM") {
		t.Errorf("pass all: action %v, symbols %v", res.Action, res.Symbols)
	}
}

func TestLateCheckSeesVerdict(t *testing.T) {
	var sum float64
	var act actions.Action
	late := &checks.Check{Name: "late", Doc: "test", Stage: checks.Late, Symbols: []*symbols.Def{defLate}, Run: func(_ context.Context, t *checks.Task) error {
		sum, act = t.Verdict()
		t.Hit(defLate)
		return nil
	}}
	res := scan(t, options(late, raise("main", defSpam)), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if sum != 5 || act != actions.Greylist || res.Score != 14 || res.Action != actions.AddHeader {
		t.Errorf("late saw %v %v; score %v, action %v", sum, act, res.Score, res.Action)
	}
}

func TestRecipients(t *testing.T) {
	ran := 0
	count := raise("count", defSpam)
	inner := count.Run
	count.Run = func(ctx context.Context, t *checks.Task) error { ran++; return inner(ctx, t) }
	o := options(count, raise("more", defMore))
	o.Settings = func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
		if r.Rcpt == "strict@example.net" {
			return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 7}}}, nil
		}
		return nil, nil
	}
	res := scan(t, o, &winnow.Message{
		Body:         winnow.FromBytes([]byte(plain)),
		Envelope:     mail.Envelope{Rcpts: []string{"b@example.net", "strict@example.net", "lax@example.net"}},
		RcptSettings: map[string]*winnow.Settings{"lax@example.net": {Layer: winnow.Layer{Disable: []string{"T_SPAM"}}}},
	})
	if ran != 1 || res.Action != actions.AddHeader || len(res.Recipients) != 2 {
		t.Fatalf("ran %d times, action %v, recipients %v", ran, res.Action, res.Recipients)
	}
	strict, lax := res.Recipients[0], res.Recipients[1]
	if strict.Action != actions.Reject || strict.Required != 7 || lax.Action != actions.NoAction || lax.Score != 2 || lax.Has("T_SPAM") {
		t.Errorf("strict %v, lax %v", strict, lax)
	}
}

func TestDisabledChecksDoNotRun(t *testing.T) {
	ran := false
	c := raise("a", defSpam)
	c.Run = func(context.Context, *checks.Task) error { ran = true; return nil }
	scan(t, options(c), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Settings: &winnow.Settings{Layer: winnow.Layer{Disable: []string{"test"}}}})
	if ran {
		t.Error("a check ran whose symbols are all off")
	}
}

func TestScanIsTheSameForAll(t *testing.T) {
	var cs []*checks.Check
	fact := checks.Fact[int]{Name: "n"}
	for i := range 20 {
		c := raise(fmt.Sprint("c", i), &symbols.Def{Name: fmt.Sprint("S", i), Doc: "d", Weight: float64(i)})
		c.Needs.Net = i%3 == 0
		if i == 3 {
			c.Provides = []checks.AnyFact{fact}
		}
		if i < 3 {
			c.Requires = checks.Facts(fact)
		}
		cs = append(cs, c)
	}
	s := newScanner(t, options(cs...))
	defer closeNow(t, s)
	want := ""
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 8 {
		wg.Go(func() {
			for range 20 {
				res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
				if err != nil {
					t.Error(err)
					return
				}
				res.Took = 0
				got := string(res.JSON())
				mu.Lock()
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestExplain(t *testing.T) {
	o := options(raise("a", defSpam), raise("b", defMore))
	o.Weights = map[string]float64{"T_MORE": 1.5}
	res := scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	e := res.Explain()
	if e.Hits[0].Name != "T_SPAM" || e.Hits[0].Places[0].Text != "Subject: hello\r\n" || e.Hits[0].Places[0].Header != "Subject" {
		t.Errorf("hits %+v", e.Hits)
	}
	if last := e.Steps[len(e.Steps)-1]; last.Sum != 6.5 {
		t.Errorf("steps %v", e.Steps)
	}
	if e.Next != actions.Reject || e.Points != 8.5 || e.Below != actions.Greylist || e.Slack != 0.5 {
		t.Errorf("next %v in %v, below %v by %v", e.Next, e.Points, e.Below, e.Slack)
	}
	if len(e.Decisive) != 2 || e.Decisive[0].Without != "T_SPAM" || e.Decisive[0].Action != actions.NoAction || e.Decisive[1].Action != actions.Greylist {
		t.Errorf("decisive %v", e.Decisive)
	}
}

func TestTrace(t *testing.T) {
	var names []string
	o := options(raise("a", defSpam), raise("b", defMore))
	o.Trace.CheckDone = func(check string, _ time.Duration, hits int, err error) {
		names = append(names, fmt.Sprint(check, hits, err))
	}
	done := 0
	o.Trace.ScanDone = func(*winnow.Result) { done++ }
	scan(t, o, &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
	if fmt.Sprint(names) != "[a1 <nil> b1 <nil>]" || done != 1 {
		t.Errorf("trace %v, done %d times", names, done)
	}
}
