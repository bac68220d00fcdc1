package winnow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// committer is a check that hands over f.
func committer(name string, ph checks.Phase, f func(ctx context.Context, t *checks.Task, v checks.Final) error) *checks.Check {
	return &checks.Check{Name: name, Doc: "test", Needs: checks.Needs{Store: true, Phase: ph}, Run: func(_ context.Context, t *checks.Task) error {
		t.Commit(func(ctx context.Context, v checks.Final) error { return f(ctx, t, v) })
		return nil
	}}
}

// A commit sees the final verdict of each recipient, late symbols included,
// and runs once, at DATA.
func TestCommit(t *testing.T) {
	var seen []string
	count := committer("count", checks.MailFrom, func(_ context.Context, _ *checks.Task, v checks.Final) error {
		sum := v.ScoreOf(defSpam.Name) + v.ScoreOf(defLate.Name)
		if unknown := v.ScoreOf("NONE"); unknown != 0 || sum != v.Score {
			t.Errorf("symbols add up to %g, one that does not count is %g, the score is %g", sum, unknown, v.Score)
		}
		v.ScoreOf = nil // a function prints as where it is
		seen = append(seen, fmt.Sprint(v))
		return nil
	})
	late := raise("late", defLate)
	late.Stage = checks.Late
	o := options(count, raise("main", defSpam), late)
	s := newScanner(t, o)
	defer closeNow(t, s)
	x, err := s.NewSession(mail.Envelope{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	m := letterOf(plain)
	m.RcptSettings = map[string]*winnow.Settings{"strict@example.net": {Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 7}}}}
	for _, step := range []func() (*winnow.Result, error){
		func() (*winnow.Result, error) { return x.MailFrom(t.Context(), "") },
		func() (*winnow.Result, error) { return x.Rcpt(t.Context(), "b@example.net") },
		func() (*winnow.Result, error) { return x.Rcpt(t.Context(), "strict@example.net") },
		func() (*winnow.Result, error) { return x.Data(t.Context(), m) },
		func() (*winnow.Result, error) { return x.MailFrom(t.Context(), "") },
		func() (*winnow.Result, error) { return x.Data(t.Context(), letterOf("")) },
	} {
		if _, err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := "[{14 add header <nil> 2 0 <nil> [{b@example.net 14 add header} {strict@example.net 14 reject}] false}]"
	if fmt.Sprint(seen) != want {
		t.Errorf("seen %v, want %v", seen, want)
	}
}

// What fails, panics or does not return is named, and a replay says the same
// without asking the store.
func TestCommitFailures(t *testing.T) {
	bug := errors.New("bug")
	for reason, f := range map[string]func(ctx context.Context, t *checks.Task, v checks.Final) error{
		"": func(ctx context.Context, t *checks.Task, _ checks.Final) error {
			n, err := t.Store().Increment(ctx, "n", 1, 0)
			if err == nil && n != 1 {
				err = fmt.Errorf("it is %d", n)
			}
			return err
		},
		"error": func(context.Context, *checks.Task, checks.Final) error { return bug },
		"panic": func(context.Context, *checks.Task, checks.Final) error { panic("boom") },
		"timeout": func(ctx context.Context, _ *checks.Task, _ checks.Final) error {
			<-ctx.Done()
			time.Sleep(time.Second)
			return nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &symbols.Def{Name: "COUNTS", Doc: "d", Weight: 1}
			c := committer("count", checks.Data, f)
			inner := c.Run
			c.Symbols = []*symbols.Def{d}
			c.Run = func(ctx context.Context, t *checks.Task) error { t.Hit(d); return inner(ctx, t) }
			o := options(c)
			o.Store, o.StoreBudget = storage.NewMemory(storage.MemoryOptions{}), 0
			s := newScanner(t, o)
			defer closeNow(t, s)
			m := letterOf(plain)
			m.Record = true
			begin := time.Now()
			res, err := s.Scan(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begin); took > 300*time.Millisecond {
				t.Errorf("%s: it took %v", reason, took)
			}
			again := replayed(t, res, s)
			for _, r := range []*winnow.Result{res, again} {
				got := ""
				if len(r.Incomplete) > 0 {
					got = r.Incomplete[0].Reason
				}
				if got != reason || !r.Has("COUNTS") || reason == "error" && !errors.Is(r.Incomplete[0].Err, bug) {
					t.Errorf("%q: incomplete %v", reason, r.Incomplete)
				}
			}
			if res.Took, again.Took = 0, 0; !bytes.Equal(res.JSON(), again.JSON()) {
				t.Errorf("%q: scan %s\nreplay %s", reason, res.JSON(), again.JSON())
			}
		})
	}
}

// Nothing is committed of a check that fails, nor when the caller gives up.
func TestNoCommit(t *testing.T) {
	ran := false
	c := committer("count", checks.Data, func(context.Context, *checks.Task, checks.Final) error { ran = true; return nil })
	inner := c.Run
	ctx, cancel := context.WithCancel(t.Context())
	for _, c.Run = range []func(context.Context, *checks.Task) error{
		func(ctx context.Context, t *checks.Task) error { return errors.Join(inner(ctx, t), errors.New("bug")) },
		func(ctx context.Context, t *checks.Task) error { defer cancel(); return inner(ctx, t) },
	} {
		s := newScanner(t, options(c))
		_, err := s.Scan(ctx, letterOf(plain))
		if ctx.Err() != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		closeNow(t, s)
	}
	if ran {
		t.Error("it ran")
	}
}
