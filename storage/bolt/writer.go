package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// An op is one call for the writer.
type op struct {
	// run does the work. It may run more than once, each time in a fresh
	// transaction, so it sets its results anew. It checks everything before it
	// changes anything: an error after a change costs the whole transaction
	// another run without this op.
	run  func(*tx) error
	cost int // bytes that it may add to the transaction, roughly
	err  error
	done chan struct{}
}

// A transaction takes at most so many ops and bytes.
const (
	maxOps  = 1024
	maxCost = 16 << 20
)

// write has the writer run an operation and returns its result once that is on
// the disk. What run reads must not be changed by the caller, who may be gone.
func write[T any](ctx context.Context, s *Store, cost int, run func(*tx) (T, error)) (T, error) {
	var result, zero T
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	s.stats.calls.Add(1)
	o := &op{cost: cost, done: make(chan struct{})}
	o.run = func(t *tx) (err error) {
		result, err = run(t)
		return err
	}
	if err := s.submit(ctx, []*op{o}); err != nil {
		return zero, err
	}
	if o.err != nil {
		return zero, o.err
	}
	return result, nil
}

// submit has the writer run ops in one transaction and returns when all are done,
// or the error why nobody waits for them any more.
func (s *Store) submit(ctx context.Context, ops []*op) error {
	select {
	case <-s.life.Done():
		return storage.ErrClosed
	default:
	}
	select {
	case s.ops <- ops:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.life.Done():
		return storage.ErrClosed
	}
	for _, o := range ops {
		select {
		case <-o.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// writer runs until Close.
func (s *Store) writer() {
	defer s.written.Done()
	var tick <-chan time.Time
	if s.o.SweepEvery > 0 {
		ticker := time.NewTicker(s.o.SweepEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	more := make(chan struct{})
	close(more)
	var again <-chan struct{} // ready while a sweep is not through
	for {
		select {
		case <-s.life.Done():
			return
		default:
		}
		select {
		case o := <-s.ops:
			s.execute(s.gather(o))
		case <-tick:
			again = more
		case <-again:
			if !s.sweep() {
				again = nil
			}
		case <-s.life.Done():
			return
		}
	}
}

// gather takes the calls that wait beside the first. Callers whom the last
// transaction answered are about to come back: one turn is theirs.
func (s *Store) gather(first []*op) []*op {
	ops, cost, yielded := first, costOf(first), false
	for len(ops) < maxOps && cost < maxCost {
		select {
		case more := <-s.ops:
			ops, cost = append(ops, more...), cost+costOf(more)
			continue
		default:
		}
		if yielded {
			break
		}
		runtime.Gosched()
		yielded = true
	}
	return ops
}

func costOf(ops []*op) (cost int) {
	for _, o := range ops {
		cost += o.cost
	}
	return cost
}

// execute runs ops and answers them.
func (s *Store) execute(ops []*op) {
	s.transact(ops)
	for _, o := range ops {
		close(o.done)
	}
	s.measure()
}

// A culprit is the op that made a transaction useless.
type culprit struct {
	at  int
	err error
}

func (c *culprit) Error() string { return c.err.Error() }

// errIdle rolls a transaction back that changed nothing.
var errIdle = errors.New("bolt: nothing to write")

// transact sets the error of each of the ops. An op that spoils the
// transaction is taken out and the rest runs again. If the transaction as a
// whole fails, it is tried with a file that grows by no more than is needed,
// and then its halves are tried, down to single ops.
func (s *Store) transact(ops []*op) {
	if p := s.unsure.Load(); p != nil {
		s.fail(ops, *p)
		return
	}
	for len(ops) > 0 {
		err := s.attempt(ops)
		var c *culprit
		switch {
		case err == nil:
			s.reached(ops)
			return
		case errors.As(err, &c):
			s.fail(ops[c.at:c.at+1], s.named(c.err))
			ops = append(append([]*op(nil), ops[:c.at]...), ops[c.at+1:]...)
		case s.unsure.Load() != nil:
			s.fail(ops, s.named(err))
			return
		case s.db.AllocSize > 0:
			s.db.AllocSize = 0 // until the next measure
		case len(ops) == 1:
			s.fail(ops, s.named(err))
			return
		default:
			s.transact(ops[:len(ops)/2])
			ops = ops[len(ops)/2:]
		}
	}
}

// reached notes that a transaction was written, and what of it failed.
func (s *Store) reached(ops []*op) {
	s.stats.reached()
	for i, o := range ops {
		if o.err != nil && !ofCaller(o.err) {
			s.fail(ops[i:i+1], s.named(o.err))
		}
	}
}

func (s *Store) fail(ops []*op, err error) {
	for _, o := range ops {
		o.err = err
	}
	s.stats.failed(s.o.Clock(), err, len(ops))
}

// attempt runs ops in one transaction. A *culprit says that one of them must
// go; any other error that none has been done, or that this is unknown.
func (s *Store) attempt(ops []*op) error {
	id := 0
	apply := func() error {
		return s.db.Update(func(btx *bbolt.Tx) error {
			id = btx.ID()
			t := &tx{Tx: btx, s: s, now: s.o.Clock()}
			for i, o := range ops {
				before := t.changes
				if o.err = guard(func() error { return o.run(t) }); o.err == nil {
					continue
				}
				if t.changes != before {
					return &culprit{i, o.err}
				}
			}
			if t.changes == 0 {
				return errIdle
			}
			return guard(t.flush)
		})
	}
	if s.commit != nil {
		inner := apply
		apply = func() error { return s.commit(inner) }
	}
	clean := false
	err := guard(func() error {
		err := apply()
		clean = true
		return err
	})
	if err == nil || errors.Is(err, errIdle) {
		return nil
	}
	var c *culprit
	if errors.As(err, &c) {
		return err
	}
	s.stuck = !clean // a panic while committing may have left bbolt's locks held
	if s.stuck || s.applied(id) {
		err = s.named(fmt.Errorf("%w: %w", ErrUnsure, err))
		s.unsure.Store(&err)
	}
	return err
}

// applied reports whether the transaction with this id is in force though its
// commit failed: then the last sync did.
func (s *Store) applied(id int) bool {
	now := -1
	err := guard(func() error {
		return s.db.View(func(btx *bbolt.Tx) error {
			now = btx.ID()
			return nil
		})
	})
	return err != nil || now >= id
}
