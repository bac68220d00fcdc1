package winnow_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// weighted is a Scanner whose message check gives points, with families.
func weighted(t *testing.T, points float64, families ...*checks.Family) *winnow.Scanner {
	t.Helper()
	at := raise("connect", defMore)
	at.Needs.Phase = checks.Connect
	o := options(raise("spam", defSpam), at)
	o.Families = append(o.Families, families...)
	o.Weights = map[string]float64{defSpam.Name: points, defMore.Name: points / 10}
	return newScanner(t, o)
}

func body() *winnow.Message { return &winnow.Message{Body: winnow.FromBytes([]byte(plain))} }

// transaction runs MAIL and RCPT.
func transaction(t *testing.T, x *winnow.Session) (mailFrom *winnow.Result) {
	t.Helper()
	mailFrom, err := x.MailFrom(t.Context(), "a@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Rcpt(t.Context(), "b@example.net"); err != nil {
		t.Fatal(err)
	}
	return mailFrom
}

func scoreOf(t *testing.T, res *winnow.Result, err error) float64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return res.Score
}

// A transaction ends under the Scanner that it began with, the next one and new
// scans have the new one; Swap waits for the transaction and closes the old one.
func TestSwapDuringTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, next := weighted(t, 10), weighted(t, 20)
		live := winnow.NewLive(old)
		x, err := live.NewSession(mail.Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		if got := must(x.Connect(t.Context())).Score; got != 1 {
			t.Errorf("connect: %v", got)
		}
		transaction(t, x)
		swapped := make(chan error, 1)
		go func() { swapped <- live.Swap(t.Context(), next) }()
		synctest.Wait()
		if live.Scanner() != next {
			t.Error("the new Scanner is not in force at once")
		}
		res, err := live.Scan(t.Context(), body())
		if got := scoreOf(t, res, err); got != 22 {
			t.Errorf("a new scan: %v", got)
		}
		select {
		case err := <-swapped:
			t.Errorf("Swap did not wait for the transaction: %v", err)
		default:
		}
		res, err = x.Data(t.Context(), body())
		if got := scoreOf(t, res, err); got != 11 {
			t.Errorf("the transaction that was open: %v", got)
		}
		if err := <-swapped; err != nil {
			t.Errorf("swap: %v", err)
		}
		if _, err := old.Scan(t.Context(), body()); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("the old Scanner: %v", err)
		}
		// What was found at connect under the old Scanner does not count.
		if got := transaction(t, x).Score; got != 2 {
			t.Errorf("the next MAIL: %v", got)
		}
		res, err = x.Data(t.Context(), body())
		if got := scoreOf(t, res, err); got != 22 {
			t.Errorf("the next transaction: %v", got)
		}
		x.Close()
		if err := live.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func must(res *winnow.Result, err error) *winnow.Result {
	if err != nil {
		panic(err)
	}
	return res
}

// A transaction that is open when Swap's time is over is refused; the session
// goes on with its next one. An idle session holds nothing up.
func TestSwapDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := winnow.NewLive(weighted(t, 10))
		var open []*winnow.Session
		for range 2 {
			x, err := live.NewSession(mail.Envelope{})
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, x)
		}
		transaction(t, open[1])
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if err := live.Swap(ctx, weighted(t, 20)); err != nil {
			t.Errorf("swap: %v", err)
		}
		if took := time.Since(begin); took != time.Minute {
			t.Errorf("Swap waited for %v", took)
		}
		if _, err := open[1].Data(t.Context(), body()); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("the transaction that was open: %v", err)
		}
		for _, x := range open {
			if got := transaction(t, x).Score; got != 2 {
				t.Errorf("the next MAIL: %v", got)
			}
			x.Close()
		}
		begin = time.Now()
		if err := live.Swap(t.Context(), weighted(t, 30)); err != nil || time.Since(begin) != 0 {
			t.Errorf("with closed sessions Swap waited for %v: %v", time.Since(begin), err)
		}
		if err := live.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := live.Scan(t.Context(), body()); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("a scan after Close: %v", err)
		}
		if _, err := live.NewSession(mail.Envelope{}); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("a session after Close: %v", err)
		}
	})
}

func TestSwapRefuses(t *testing.T) {
	now, closed := weighted(t, 10), weighted(t, 10)
	closeNow(t, closed)
	live := winnow.NewLive(now)
	for _, c := range []struct {
		next *winnow.Scanner
		want error
	}{{nil, winnow.ErrOptions}, {closed, winnow.ErrClosed}, {with(t, now), winnow.ErrOptions}, {now, nil}} {
		if err := live.Swap(t.Context(), c.next); !errors.Is(err, c.want) || live.Scanner() != now {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	if res, err := live.Scan(t.Context(), body()); scoreOf(t, res, err) != 11 {
		t.Error("the Scanner does not scan any more")
	}
	if err := errors.Join(live.Close(t.Context()), live.Close(t.Context())); err != nil {
		t.Error(err)
	}
	next := weighted(t, 10)
	if err := live.Swap(t.Context(), next); !errors.Is(err, winnow.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	closeNow(t, next)
}

// Every scan and transaction has its result while Scanners come and go; a family
// that they share begins once and ends with the last of them.
func TestSwapUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, running atomic.Int32
		c := run("feed", func(context.Context, *checks.Task) error { time.Sleep(time.Millisecond); return nil })
		c.Needs.Store = true
		c.Start = func(ctx context.Context, env *checks.Env) error {
			begun.Add(1)
			running.Add(1)
			env.Go("feed", func() { <-ctx.Done(); running.Add(-1) })
			return nil
		}
		family := &checks.Family{Name: "feed", Doc: "test", Checks: []*checks.Check{c}}
		live := winnow.NewLive(weighted(t, 10, family))
		ctx, cancel := context.WithCancel(t.Context())
		var work sync.WaitGroup
		var scans, transactions atomic.Int32
		for range 4 {
			work.Go(func() {
				for ctx.Err() == nil {
					if res, err := live.Scan(t.Context(), body()); err != nil || res.Score != 11 || len(res.Incomplete) > 0 {
						t.Errorf("scan: %v", err)
						return
					}
					scans.Add(1)
				}
			})
			work.Go(func() {
				x, err := live.NewSession(mail.Envelope{})
				if err != nil {
					t.Error(err)
					return
				}
				defer x.Close()
				for ctx.Err() == nil {
					transaction(t, x)
					if res, err := x.Data(t.Context(), body()); err != nil || res.Score != 11 {
						t.Errorf("data: %v", err)
						return
					}
					transactions.Add(1)
				}
			})
		}
		for range 100 {
			time.Sleep(time.Millisecond)
			if err := live.Swap(t.Context(), weighted(t, 10, family)); err != nil {
				t.Errorf("swap: %v", err)
			}
		}
		cancel()
		work.Wait()
		if begun.Load() != 1 || running.Load() != 1 {
			t.Errorf("the family began %d times, %d run", begun.Load(), running.Load())
		}
		if scans.Load() < 100 || transactions.Load() < 100 {
			t.Errorf("%d scans, %d transactions", scans.Load(), transactions.Load())
		}
		if err := live.Close(t.Context()); err != nil || running.Load() != 0 {
			t.Errorf("close: %v, %d run", err, running.Load())
		}
	})
}
