package winnow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

func untilItsEnd(ctx context.Context, _ *checks.Task) error { <-ctx.Done(); return nil }

// TestCutShort holds which scans that did not look at everything put the mail
// off: without DNS.SoftRejectOnTimeout those that the message itself may have
// kept from it, with it all. A replay says the same.
func TestCutShort(t *testing.T) {
	waits := func(c *checks.Check) *checks.Check { c.Needs.DNS = true; return c }
	stage := func(st checks.Stage, c *checks.Check) *checks.Check { c.Stage = st; return c }
	fails := func(context.Context, *checks.Task) error { return errors.New("bug") }
	panics := func(context.Context, *checks.Task) error { panic("boom") }
	after := func(c *checks.Check, fact checks.AnyFact) *checks.Check { c.Requires = checks.Facts(fact); return c }
	fact := checks.Fact[string]{Name: "f"}
	provides := func(c *checks.Check) *checks.Check { c.Provides = []checks.AnyFact{fact}; return c }
	for name, c := range map[string]struct {
		always bool
		list   []*checks.Check
	}{
		"one of the message hangs":      {true, []*checks.Check{run("a", untilItsEnd)}},
		"an early one hangs":            {true, []*checks.Check{stage(checks.Early, run("a", untilItsEnd))}},
		"a late one hangs":              {true, []*checks.Check{stage(checks.Late, run("a", untilItsEnd))}},
		"DNS hangs":                     {false, []*checks.Check{waits(run("a", untilItsEnd))}},
		"both hang":                     {true, []*checks.Check{waits(run("a", untilItsEnd)), run("b", untilItsEnd)}},
		"one needs what DNS did not":    {false, []*checks.Check{provides(waits(run("a", untilItsEnd))), after(run("b", untilItsEnd), fact)}},
		"DNS needs what one did not":    {true, []*checks.Check{provides(run("a", untilItsEnd)), waits(after(run("b", untilItsEnd), fact))}},
		"an early one waits for DNS":    {false, []*checks.Check{stage(checks.Early, waits(run("a", untilItsEnd)))}},
		"that, and then one hangs":      {false, []*checks.Check{stage(checks.Early, waits(run("a", untilItsEnd))), run("b", untilItsEnd)}},
		"one of the message panics":     {true, []*checks.Check{run("a", panics)}},
		"one of the message fails":      {true, []*checks.Check{run("a", fails)}},
		"a late one panics":             {true, []*checks.Check{stage(checks.Late, run("a", panics))}},
		"one that waits panics":         {true, []*checks.Check{waits(run("a", panics))}},
		"one that waits fails":          {false, []*checks.Check{waits(run("a", fails))}},
		"one in the classifier's stage": {false, []*checks.Check{waits(run("a", untilItsEnd)), stage(checks.Classify, run("b", untilItsEnd))}},
	} {
		for _, soft := range []bool{false, true} {
			for _, passAll := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					o := options(append([]*checks.Check{raise("spam", defSpam)}, c.list...)...)
					o.DNS.SoftRejectOnTimeout = soft
					s := newScanner(t, o)
					defer closeNow(t, s)
					m := &winnow.Message{
						Body: winnow.FromBytes([]byte(plain)), Record: true, Envelope: mail.Envelope{Rcpts: []string{"r@example.net"}},
						Settings:     &winnow.Settings{PassAll: passAll},
						RcptSettings: map[string]*winnow.Settings{"r@example.net": {Layer: winnow.Layer{Weights: map[string]float64{"T_SPAM": 6}}}},
					}
					res, err := s.Scan(t.Context(), m)
					if err != nil {
						t.Fatal(err)
					}
					again := replayed(t, res, s)
					for what, r := range map[string]*winnow.Result{"scan": res, "replay": again} {
						for _, v := range []*winnow.Verdict{&r.Verdict, r.For("r@example.net")} {
							if (v.Action == actions.SoftReject) != (soft || c.always) || !v.Has("T_SPAM") {
								t.Errorf("%s, soft %v, pass all %v, %s: %v", name, soft, passAll, what, v.Action)
							}
						}
					}
				})
			}
		}
	}
}

// replayed replays a scan whose transcript went through JSON.
func replayed(t *testing.T, res *winnow.Result, s *winnow.Scanner) *winnow.Result {
	t.Helper()
	data, err := json.Marshal(res.Transcript)
	if err != nil {
		t.Fatal(err)
	}
	var back winnow.Transcript
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	again, err := back.Replay(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// Where the time is up before any check began, no check that would have waited
// for DNS excuses the others.
func TestTimeIsUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := run("early", untilItsEnd)
		early.Stage, early.Needs.Store = checks.Early, true
		s := newScanner(t, options(early, raise("spam", defSpam)))
		defer closeNow(t, s)
		ctx, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		res, err := s.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Record: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*winnow.Result{res, replayed(t, res, s)} {
			if r.Action != actions.SoftReject || len(r.Incomplete) != 2 {
				t.Errorf("%v, %v", r.Action, r.Incomplete)
			}
		}
	})
}

// DNS that hangs in the early stage leaves time to look at the message.
func TestEarlyDNSLeavesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := run("early", untilItsEnd)
		early.Stage, early.Needs.DNS, early.Priority = checks.Early, true, 9
		second := run("second", func(context.Context, *checks.Task) error { return nil })
		second.Stage = checks.Early
		s := newScanner(t, options(early, second, raise("spam", defSpam)))
		defer closeNow(t, s)
		begun := time.Now()
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); !res.Has("T_SPAM") || len(res.Incomplete) != 1 || took != 5700*time.Millisecond {
			t.Errorf("after %v: %v, %v", took, res.Action, res.Incomplete)
		}
	})
}

// Of the checks of the message alone the heavy ones run last, and one that is
// cut off costs none of the others' findings.
func TestHeavyChecksRunLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		note := func(name string, heavy bool) *checks.Check {
			c := run(name, func(context.Context, *checks.Task) error { order = append(order, name); return nil })
			c.Heavy = heavy
			return c
		}
		fact := checks.Fact[string]{Name: "f"}
		first, user := note("b", false), note("c", false)
		first.Provides, user.Requires = []checks.AnyFact{fact}, checks.Facts(fact)
		hangs := run("hangs", func(ctx context.Context, t *checks.Task) error {
			order = append(order, "hangs")
			return untilItsEnd(ctx, t)
		})
		hangs.Heavy = true
		res := scan(t, options(note("a", true), hangs, user, first, raise("spam", defSpam)), &winnow.Message{Body: winnow.FromBytes([]byte(plain))})
		if got := fmt.Sprint(order); got != "[b c a hangs]" || !res.Has("T_SPAM") || res.Action != actions.SoftReject {
			t.Errorf("order %s, %v", got, res.Action)
		}
		if !slices.ContainsFunc(res.Incomplete, func(i winnow.Incomplete) bool { return i.Check == "hangs" }) {
			t.Errorf("incomplete %v", res.Incomplete)
		}
	})
}
