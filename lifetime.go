package winnow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
)

// ErrClosed is returned by scans of a closed Scanner.
var ErrClosed = errors.New("winnow: scanner is closed")

// start begins what outlives a scan.
func (s *Scanner) start() error {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.spares = cancel, newSpares(ctx)
	env := &checks.Env{Resolver: s.opt.DNS.Resolver, Store: s.opt.Store, Log: s.opt.Log, Now: s.opt.Clock}
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
	for _, c := range s.plan.Checks() {
		if c.Start == nil {
			continue
		}
		if err := c.Start(ctx, env); err != nil {
			cancel()
			return fmt.Errorf("winnow: start of check %s: %w", c.Name, err)
		}
	}
	return nil
}

// Close refuses new scans, ends what the checks' Start began and waits for
// scans in progress and for checks that outlived theirs, until ctx ends; the
// error then names the checks that never returned.
func (s *Scanner) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	for {
		s.mu.Lock()
		scans, names := s.scans, slices.Sorted(maps.Keys(s.leftover))
		s.mu.Unlock()
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
