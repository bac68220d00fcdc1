package winnow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

// ErrClosed is returned by the scans of a closed Scanner, by its Sessions, and
// by a Session that was closed itself.
var ErrClosed = errors.New("winnow: closed")

// startGrace is how long New waits for the end of what was started when a
// Start fails.
const startGrace = 5 * time.Second

// start begins what outlives a scan. When it fails, what has begun is ended.
func (s *Scanner) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.spares = cancel, newSpares(ctx)
	s.afterLife, s.giveUp = context.WithCancel(context.Background())
	env := checks.Env{Resolver: s.opt.DNS.Resolver, Store: storage.Full(s.opt.Store), Log: s.opt.Log, Now: s.opt.Clock}
	if env.Resolver == nil {
		env.Resolver = resolver.None
	}
	env.Go = func(name string, f func()) {
		s.leave(name)
		go func() {
			defer s.returned(name)
			f()
		}()
	}
	s.wait = env.Go
	if err := s.startAll(ctx, env); err != nil {
		grace, cancel := context.WithTimeout(context.Background(), startGrace)
		defer cancel()
		return errors.Join(err, s.Close(grace))
	}
	return nil
}

func (s *Scanner) startAll(ctx context.Context, env checks.Env) error {
	for _, f := range append(slices.Clone(s.plan.Families()), &checks.Family{Checks: s.opt.Checks}) {
		if err := f.Begin(env); err != nil {
			return err
		}
		s.begun = append(s.begun, f)
	}
	for _, a := range s.afters {
		if a.Start == nil {
			continue
		}
		if err := a.Start(ctx, &env); err != nil {
			return fmt.Errorf("start of After %s: %w", a.Name, err)
		}
	}
	return nil
}

// endFamilies ends those that were begun, once.
func (s *Scanner) endFamilies() {
	s.mu.Lock()
	begun := s.begun
	s.begun = nil
	s.mu.Unlock()
	for _, f := range begun {
		f.End(s.wait)
	}
}

// Close refuses new scans, ends what the checks' Start began, unless another
// Scanner shares their family, and waits for scans in progress, for checks that
// outlived theirs and for what is queued of Options.After, until ctx ends. The
// error then names the checks that never returned, and what is queued is
// dropped. Sessions may be open: a step
// that is in progress is waited for, the next one returns ErrClosed.
func (s *Scanner) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.endFamilies()
	defer s.endSessions()
	defer s.abandonAfters()
	for {
		s.mu.Lock()
		scans, names := s.scans, slices.Sorted(maps.Keys(s.leftover))
		s.mu.Unlock()
		if scans == 0 && s.endSessions() {
			continue
		}
		if scans == 0 && len(names) == 0 {
			s.spares.wait()
			return nil
		}
		select {
		case <-s.idle:
		case <-ctx.Done():
			if len(names) == 0 {
				return fmt.Errorf("winnow: close: %d scans still run: %w", scans, ctx.Err())
			}
			return fmt.Errorf("winnow: close: checks that did not return: %s: %w", strings.Join(names, ", "), ctx.Err())
		}
	}
}

// abandonAfters ends the After values that run and drops what waits for them.
func (s *Scanner) abandonAfters() {
	s.giveUp()
	for _, a := range s.afters {
		a.abandon()
	}
}

// open notes a session and how its DNS is ended; cancel is nil if it has none.
func (s *Scanner) open(x *Session, cancel context.CancelFunc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		if cancel != nil {
			cancel()
		}
		return ErrClosed
	case cancel == nil:
	case s.sessions == nil:
		s.sessions = map[*Session]context.CancelFunc{x: cancel}
	default:
		s.sessions[x] = cancel
	}
	return nil
}

// end ends a session's DNS, once.
func (s *Scanner) end(x *Session) {
	s.mu.Lock()
	cancel := s.sessions[x]
	delete(s.sessions, x)
	s.mu.Unlock()
	if cancel != nil {
		cancel()
		s.hangUp(x.dns)
	}
}

// endSessions ends the DNS of open sessions; it reports whether there were any.
func (s *Scanner) endSessions() bool {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.sessions))
	s.mu.Unlock()
	for _, x := range open {
		s.end(x)
	}
	return len(open) > 0
}

// hangUp enters questions that are still on their way into the Scanner's
// account.
func (s *Scanner) hangUp(dns *resolver.Session) {
	if dns.Asked() == 0 {
		return
	}
	s.leave("dns")
	go func() {
		dns.Wait()
		s.returned("dns")
	}()
}

func (s *Scanner) enter() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.scans++
	return nil
}

func (s *Scanner) exit() {
	s.mu.Lock()
	s.scans--
	s.mu.Unlock()
	s.wake()
}

// leave notes that a check outlives its scan, returned that it came to an end.
func (s *Scanner) leave(check string) {
	s.mu.Lock()
	s.leftover[check]++
	s.mu.Unlock()
}

func (s *Scanner) returned(check string) {
	s.mu.Lock()
	if s.leftover[check]--; s.leftover[check] <= 0 {
		delete(s.leftover, check)
	}
	s.mu.Unlock()
	s.wake()
}

func (s *Scanner) wake() {
	select {
	case s.idle <- struct{}{}:
	default:
	}
}
