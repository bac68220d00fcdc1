package winnow_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// gated is a Scanner whose check takes 900 ms of the second that a scan has.
func gated(t *testing.T, a winnow.Admission, change func(*winnow.Options)) *winnow.Scanner {
	t.Helper()
	c := run("slow", func(context.Context, *checks.Task) error { time.Sleep(900 * time.Millisecond); return nil })
	c.Needs.Store = true
	o := options(c)
	o.Admission, o.Timeout, o.Limits.Size = a, time.Second, 64<<20
	if change != nil {
		change(&o)
	}
	return newScanner(t, o)
}

// sized is a message of some MiB.
func sized(mib int) *winnow.Message {
	return &winnow.Message{Body: winnow.FromBytes(append([]byte(plain), make([]byte, mib<<20-len(plain))...))}
}

type scanner interface {
	Scan(ctx context.Context, m *winnow.Message, seeds ...checks.Seeded) (*winnow.Result, error)
}

// begin scans in a goroutine and tells when it ended.
func begin(t *testing.T, s scanner, m *winnow.Message) <-chan time.Time {
	t.Helper()
	ended := make(chan time.Time, 1)
	go func() {
		if res, err := s.Scan(t.Context(), m); err != nil || len(res.Incomplete) > 0 {
			t.Errorf("scan: %v", err)
		}
		ended <- time.Now()
	}()
	synctest.Wait()
	return ended
}

func expect(t *testing.T, s *winnow.Scanner, scans, waiting int, mib int64) {
	t.Helper()
	want := winnow.AdmissionStat{Scans: scans, Waiting: waiting, Bytes: mib << 20}
	if got := s.AdmissionStats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What finds no room waits, in order, and its time begins when it is admitted.
func TestAdmissionOrder(t *testing.T) {
	const long = 900 * time.Millisecond
	for _, c := range []struct {
		name  string
		a     winnow.Admission
		sizes []int // MiB
		rank  []int // in which round each is scanned
	}{
		{"no bounds", winnow.Admission{}, []int{1, 5, 1}, []int{1, 1, 1}},
		{"by count", winnow.Admission{Scans: 2}, []int{1, 1, 1, 1, 1}, []int{1, 1, 2, 2, 3}},
		{"by bytes", winnow.Admission{Bytes: 80 << 20}, []int{1, 4, 4, 4}, []int{1, 1, 1, 2}},
		{"the long one is not overtaken", winnow.Admission{Bytes: 80 << 20}, []int{1, 20, 1, 1}, []int{1, 2, 3, 3}},
		{"too long, alone", winnow.Admission{Bytes: 20 << 20}, []int{30, 1, 30}, []int{1, 2, 3}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := gated(t, c.a, nil)
			start := time.Now()
			var all []<-chan time.Time
			for _, n := range c.sizes {
				all = append(all, begin(t, s, sized(n)))
			}
			var rank []int
			for _, ended := range all {
				rank = append(rank, int((<-ended).Sub(start)/long))
			}
			if !slices.Equal(rank, c.rank) {
				t.Errorf("%s: %v, want %v", c.name, rank, c.rank)
			}
			expect(t, s, 0, 0, 0)
			closeNow(t, s)
		})
	}
}

// A scan that waits obeys its context and leaves the queue; who stands behind it
// moves up.
func TestAdmissionLeavesQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gated(t, winnow.Admission{Bytes: 80 << 20}, nil)
		first := begin(t, s, sized(1))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			_, err := s.Scan(ctx, sized(30))
			failed <- err
		}()
		synctest.Wait()
		behind := begin(t, s, sized(1))
		expect(t, s, 1, 2, 19)
		start := time.Now()
		if err := <-failed; !errors.Is(err, winnow.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the scan that gave up: %v", err)
		}
		synctest.Wait()
		expect(t, s, 2, 0, 38)
		<-first
		if took := (<-behind).Sub(start); took != time.Second {
			t.Errorf("the one behind ended after %v", took)
		}
		closeNow(t, s)
	})
}

// A reader is not read before its message is admitted; what was reserved beyond
// what came is given back.
func TestAdmissionOfReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gated(t, winnow.Admission{Bytes: 80 << 20}, nil)
		first := begin(t, s, sized(1))
		r, w := io.Pipe()
		second := begin(t, s, &winnow.Message{Body: winnow.FromReader(r)})
		expect(t, s, 1, 1, 19)
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			_, _ = w.Write(make([]byte, 1<<20)) // the scan says what is wrong
		}()
		synctest.Wait()
		select {
		case <-wrote:
			t.Error("read before it was admitted")
		default:
		}
		<-first
		<-wrote
		synctest.Wait()
		expect(t, s, 1, 0, 3*64+16) // Limits.Size: nothing is known
		w.Close()
		synctest.Wait()
		expect(t, s, 1, 0, 19)
		<-second
		third := begin(t, s, &winnow.Message{Body: winnow.FromSizedReader(strings.NewReader(plain), 2<<20)})
		if got := s.AdmissionStats().Bytes; got != 16<<20+3*int64(len(plain)) {
			t.Errorf("%d bytes for a message that was announced as longer", got)
		}
		<-third
		x, err := s.NewSession(mail.Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.MailFrom(t.Context(), "a@example.org"); err != nil {
			t.Fatal(err)
		}
		expect(t, s, 0, 0, 0)
		go func() { _, _ = x.Data(t.Context(), sized(2)) }()
		synctest.Wait()
		expect(t, s, 1, 0, 22)
		closeNow(t, s)
		expect(t, s, 0, 0, 0)
	})
}

func TestSizedReader(t *testing.T) {
	s := newScanner(t, options())
	defer closeNow(t, s)
	long := []byte(plain + strings.Repeat("x", 100_000))
	for _, c := range []struct {
		size int64
		want error
	}{{-1, nil}, {int64(len(long)), nil}, {1 << 40, nil}, {int64(len(long)) - 1, winnow.ErrMessage}, {0, winnow.ErrMessage}} {
		res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromSizedReader(bytes.NewReader(long), c.size)})
		if !errors.Is(err, c.want) || err == nil && !bytes.Equal(res.Message().Raw(), long) {
			t.Errorf("announced %d: %v", c.size, err)
		}
	}
	for _, a := range []winnow.Admission{{Scans: -1}, {Bytes: -1}} {
		if _, err := winnow.New(winnow.Options{Admission: a}); !errors.Is(err, winnow.ErrOptions) {
			t.Errorf("%+v: %v", a, err)
		}
	}
}

// The messages in queues of After count, once however many queues hold them; one
// scan runs all the same.
func TestAdmissionCountsQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gated(t, winnow.Admission{Bytes: 50 << 20}, func(o *winnow.Options) {
			for _, name := range []string{"one", "two"} {
				o.After = append(o.After, winnow.After{Name: name, Doc: "d", Run: func(context.Context, *winnow.Result) error {
					time.Sleep(5 * time.Second)
					return nil
				}})
			}
		})
		<-begin(t, s, sized(4))
		synctest.Wait()
		expect(t, s, 0, 0, 12)
		first, second := begin(t, s, sized(4)), begin(t, s, sized(1))
		expect(t, s, 1, 1, 12+28)
		if took := (<-second).Sub(<-first); took != 900*time.Millisecond {
			t.Errorf("the second scan ended %v after the first", took)
		}
		time.Sleep(time.Minute)
		closeNow(t, s)
		expect(t, s, 0, 0, 0)
	})
}

// The bounds outlive a Swap, and tenants share them; a scan that waits for them
// takes the Scanner that is in force when it is admitted.
func TestAdmissionSurvivesSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := winnow.NewLive(gated(t, winnow.Admission{Scans: 1}, nil))
		first := begin(t, live, sized(1))
		second := begin(t, live, sized(1))
		next := gated(t, winnow.Admission{Scans: 1}, nil)
		tenant := with(t, next)
		go func() {
			if err := live.Swap(t.Context(), next); err != nil {
				t.Errorf("swap: %v", err)
			}
		}()
		synctest.Wait()
		third := begin(t, tenant, sized(1))
		expect(t, next, 1, 2, 19)
		one := <-first
		if two, three := <-second, <-third; two.Sub(one) != 900*time.Millisecond || three.Sub(two) != 900*time.Millisecond {
			t.Errorf("ended after %v and %v", two.Sub(one), three.Sub(two))
		}
		wide := gated(t, winnow.Admission{}, nil)
		if err := live.Swap(t.Context(), wide); err != nil {
			t.Error(err)
		}
		a, b := begin(t, live, sized(1)), begin(t, live, sized(1))
		expect(t, wide, 2, 0, 38)
		<-a
		<-b
		if err := live.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
