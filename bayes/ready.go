package bayes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

// ErrNotReady is wrapped by errors of a Learner whose store has not answered yet.
var ErrNotReady = errors.New("bayes: what was learned has not been read yet")

// errStored is wrapped by errors about what the store holds: to ask again is in
// vain.
var errStored = errors.New("bayes")

// mayHeal reports whether begin may succeed later.
func mayHeal(ctx context.Context, err error) bool {
	switch {
	case errors.Is(ctx.Err(), context.Canceled), errors.Is(err, errStored), errors.Is(err, ErrPrior):
		return false
	}
	return !errors.Is(err, storage.ErrUnsupported) && !errors.Is(err, storage.ErrClosed) && !errors.Is(err, storage.ErrTrimmed)
}

// begin reads what was learned, unless that was done. It needs the gate, or that
// nobody else has the Learner yet.
func (l *Learner) begin(ctx context.Context) error {
	if l.model.Load() != nil {
		return nil
	}
	if err := l.read(ctx); err != nil {
		l.why.Store(&err)
		return err
	}
	l.model.Store(l.tables)
	return nil
}

func (l *Learner) read(ctx context.Context) error {
	seed, err := l.seed(ctx)
	if err != nil {
		return err
	}
	earlier, err := l.settlePrior(ctx)
	if err != nil {
		return err
	}
	bits := l.opt.tableBits()
	l.next, l.since, l.last = 1, 0, sum{}
	if l.tables, err = fused.New(fused.Options{Seed: seed, Bits: bits, Windows: l.opt.Windows, Prior: l.opt.Prior, Earlier: earlier}); err != nil {
		return err
	}
	if err := l.load(ctx); err != nil {
		return err
	}
	if _, err := l.readResets(ctx); err != nil {
		return err
	}
	return l.catchUp(ctx)
}

// Ready returns nil if the Learner has read what was learned, else an error that
// wraps ErrNotReady. It asks no store.
func (l *Learner) Ready() error {
	if l.model.Load() != nil {
		return nil
	}
	if why := l.why.Load(); why != nil {
		return fmt.Errorf("%w: %w", ErrNotReady, *why)
	}
	return ErrNotReady
}

// Wake reads what was learned if that could not be done yet. Features of before are
// none to learn from.
func (l *Learner) Wake(ctx context.Context) error {
	if l.model.Load() != nil {
		return nil
	}
	if err := l.enter(ctx); err != nil {
		return err
	}
	l.leave()
	return nil
}

// enter waits until no other lesson is in work, and for what was learned. The
// caller has the gate after that, unless there is an error.
func (l *Learner) enter(ctx context.Context) error {
	select {
	case l.gate <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("bayes: waiting for another lesson: %w", context.Cause(ctx))
	}
	if err := l.begin(ctx); err != nil {
		l.leave()
		return fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	return nil
}

func (l *Learner) leave() { <-l.gate }

// follow applies what other processes learn, reads what could not be read at first,
// and writes what is kept of recent scans.
func (l *Learner) follow(ctx context.Context) {
	defer close(l.done)
	poll := &chore{what: "what was learned can't be read", do: l.poll}
	write := &chore{what: "recent scans can't be kept", do: l.Flush}
	var polls <-chan time.Time
	if l.opt.Poll > 0 {
		t := time.NewTicker(l.opt.Poll)
		defer t.Stop()
		polls = t.C
	}
	writes := time.NewTicker(l.opt.Recent.Every)
	defer writes.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-polls:
			poll.run(ctx, l.opt.Log)
		case <-writes.C:
			write.run(ctx, l.opt.Log)
		case <-l.recent.kick:
			write.run(ctx, l.opt.Log)
		}
	}
}

// A chore is done again and again; the first of several failures is logged.
type chore struct {
	what   string
	do     func(context.Context) error
	failed bool
}

func (c *chore) run(ctx context.Context, log *slog.Logger) {
	err := c.do(ctx)
	if err != nil && !c.failed && ctx.Err() == nil {
		log.Warn(c.what, "error", err)
	}
	c.failed = err != nil
}

// poll applies what others learned.
func (l *Learner) poll(ctx context.Context) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	_, err := l.readResets(ctx)
	return errors.Join(err, l.catchUp(ctx))
}
