package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A TimedStore is a Store whose calls share a budget of waiting time.
type TimedStore struct {
	next   Store
	budget time.Duration
	prompt Promptness

	mu      sync.Mutex
	closed  bool
	spent   time.Duration // by waits that ended
	waiting int           // callers that wait now
	since   time.Time     // when the first of them began
	running int           // calls that the store has not finished
	idle    chan struct{} // closed when running falls to 0
	refused int64
}

var _ Store = (*TimedStore)(nil)

// Timed returns a view of a store for one scan: all calls made through it wait
// for budget in sum, and waits that overlap count once. A call gets what is
// left as its deadline, and returns by then even if the store ignores its
// context; the store then finishes it unattended, which Wait awaits, and
// whether it was done is not known. Calls that the budget cuts off or that come
// after it fail with an error that wraps ErrUnavailable. A budget of 0 or less
// is spent from the start.
//
// Close ends the view, whose calls are then ErrClosed, and leaves the store
// open.
func Timed(store Store, budget time.Duration) *TimedStore {
	return &TimedStore{next: store, budget: budget, prompt: promptness(store)}
}

// A Promptness says what makes a store's calls return in time by themselves.
type Promptness int

// The kinds. A store that does not say is Unprompt: TimedStore gives each of its
// calls a goroutine, which may outlast the call.
const (
	Unprompt   Promptness = iota
	AtDone                // they return when their context is done
	AtDeadline            // they return at their context's deadline, also if its Done is nil
)

// A Prompter is a store that says how prompt it is.
type Prompter interface{ Promptness() Promptness }

func promptness(store Store) Promptness {
	if p, ok := store.(prefixed); ok {
		store = p.next
	}
	if p, ok := store.(Prompter); ok {
		return p.Promptness()
	}
	return Unprompt
}

// A deadlined context has a deadline and neither a timer nor a Done: it is for
// a store that is AtDeadline.
type deadlined struct {
	context.Context
	end time.Time
}

func (c deadlined) Deadline() (time.Time, bool) {
	if d, ok := c.Context.Deadline(); ok && d.Before(c.end) {
		return d, true
	}
	return c.end, true
}

func (deadlined) Done() <-chan struct{} { return nil }

func (c deadlined) Err() error {
	if err := c.Context.Err(); err != nil || time.Now().Before(c.end) {
		return err
	}
	return context.DeadlineExceeded
}

// ByDeadline returns ctx without its Done for a store that is AtDeadline and a ctx
// that has one: a call then costs no goroutine that waits for Done. It is for who is
// given up by others when ctx is done.
func ByDeadline(ctx context.Context, s any) context.Context {
	p, ok := s.(Prompter)
	end, limited := ctx.Deadline()
	if !ok || !limited || p.Promptness() != AtDeadline {
		return ctx
	}
	return deadlined{ctx, end}
}

// Wait waits until the store has finished all calls, also those that nobody
// waits for any more, or until ctx ends, whose error it returns.
func (t *TimedStore) Wait(ctx context.Context) error {
	t.mu.Lock()
	running, idle := t.running, t.idle
	t.mu.Unlock()
	if running == 0 {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Spent returns how much of the budget is used up.
func (t *TimedStore) Spent() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spentNow(time.Now())
}

func (t *TimedStore) spentNow(now time.Time) time.Duration {
	if t.waiting > 0 {
		return t.spent + now.Sub(t.since)
	}
	return t.spent
}

// Close implements Store: it ends the view and returns nil.
func (t *TimedStore) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	return nil
}

// Stats implements Store: the store's, with the calls that this budget refused.
func (t *TimedStore) Stats() Stats {
	s := t.next.Stats()
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Refused += t.refused
	return s
}

// errSpent is the error of calls that the budget forbids or cuts off.
func (t *TimedStore) errSpent() error {
	return fmt.Errorf("%w: the scan's %v of waiting for it are spent", ErrUnavailable, t.budget)
}

// begin accounts for a call and its waiting, and returns what is left for it.
func (t *TimedStore) begin(ctx context.Context) (left time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return 0, ErrClosed
	}
	now := time.Now()
	left = t.budget - t.spentNow(now)
	if left <= 0 {
		t.refused++
		return 0, t.errSpent()
	}
	if t.waiting == 0 {
		t.since = now
	}
	t.waiting++
	if t.running == 0 {
		t.idle = make(chan struct{})
	}
	t.running++
	return left, nil
}

func (t *TimedStore) endWait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		t.spent += time.Since(t.since)
	}
}

func (t *TimedStore) endCall() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running--; t.running == 0 {
		close(t.idle)
	}
}

// A reply is what a store's method returned, or the value of its panic.
type reply[T any] struct {
	value    T
	err      error
	panicked any
}

// within makes one call of the store. What f uses must be its own: it may run
// longer than the caller waits.
func within[T any](ctx context.Context, t *TimedStore, f func(ctx context.Context) (T, error)) (T, error) {
	var none T
	left, err := t.begin(ctx)
	if err != nil {
		return none, err
	}
	defer t.endWait()
	if t.prompt == AtDeadline {
		defer t.endCall()
		limited := deadlined{ctx, time.Now().Add(left)}
		v, err := f(limited)
		if isTimeout(err) && limited.Err() != nil && ctx.Err() == nil {
			return none, t.errSpent()
		}
		return v, err
	}
	limited, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	if t.prompt == AtDone {
		defer t.endCall()
		v, err := f(limited)
		if isTimeout(err) && limited.Err() != nil && ctx.Err() == nil {
			return none, t.errSpent()
		}
		return v, err
	}
	done := make(chan reply[T], 1)
	go func() {
		var r reply[T]
		defer func() {
			r.panicked = recover()
			t.endCall()
			done <- r
		}()
		r.value, r.err = f(limited)
	}()
	var r reply[T]
	select {
	case r = <-done:
	case <-limited.Done():
		select {
		case r = <-done:
		default:
			r.err = limited.Err()
		}
	}
	if r.panicked != nil {
		panic(r.panicked)
	}
	if isTimeout(r.err) && limited.Err() != nil && ctx.Err() == nil {
		return none, t.errSpent()
	}
	return r.value, r.err
}

// isTimeout reports whether an error is that of a context's deadline or of a
// connection's.
func isTimeout(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && e.Timeout()
}
