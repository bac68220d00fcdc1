package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

// ErrClosed is returned by the scans of a closed Scanner, by the steps of its
// Sessions, and by a Session that was closed itself.
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
		env := env
		env.Store = s.opt.storeOf(f.Name)
		if err := f.Begin(env); err != nil {
			return err
		}
		s.begun = append(s.begun, f)
	}
	for _, a := range s.afters {
		if a.Start == nil {
			continue
		}
		if err := checks.Contain(a.account(), func() error { return a.Start(ctx, &env) }); err != nil {
			return fmt.Errorf("start of After %s: %w", a.Name, err)
		}
	}
	return nil
}

// endFamilies ends those that were begun, once.
func (s *Scanner) endFamilies() {
	s.ending.Do(func() {
		for _, f := range s.begun {
			f.End(s.wait)
		}
	})
}

// Close refuses new scans, also those of Scanners that With derived, and ends
// what the checks' Start began, unless another Scanner shares their family. It
// waits for scans in progress, for checks that outlived their scans and for the
// queues of Options.After, until ctx ends. Then the error names the checks that
// have not returned, and what is queued is dropped. Sessions may be open: Close
// waits for a step that is in progress, and the next step returns ErrClosed.
//
// The Close of a derived Scanner concerns its own scans and sessions only; what
// it shares stays open. A Store or a Resolver from the Options belongs to the
// host and is never closed.
func (s *Scanner) Close(ctx context.Context) error {
	s.account.shut()
	if s.account.above == nil {
		s.stop()
		s.endFamilies()
		defer s.abandonAfters()
	}
	defer s.endSessions()
	for {
		scans, names, changed := s.account.progress()
		if scans == 0 && s.endSessions() {
			continue
		}
		if scans == 0 && len(names) == 0 {
			if s.account.above == nil {
				s.spares.wait()
			}
			return nil
		}
		select {
		case <-changed:
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

// newLine begins the DNS of a session; the line is nil without DNS.
func (s *Scanner) newLine() (*line, error) {
	if !s.opt.DNS.Enabled() {
		if err := s.account.enter(); err != nil {
			return nil, err
		}
		s.account.exit()
		return nil, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &line{scanner: s, dns: dnsscan.NewSession(ctx, s.opt.DNS), cancel: cancel}
	if !s.account.open(l) {
		l.end()
		cancel()
		return nil, ErrClosed
	}
	return l, nil
}

// end ends a line, once.
func (l *line) end() {
	if l != nil && l.scanner.account.drop(l) {
		l.cancel()
		l.scanner.hangUp(l.dns)
	}
}

// endSessions ends the DNS of open sessions; it reports whether there were any.
func (s *Scanner) endSessions() bool {
	open := s.account.openLines()
	for _, l := range open {
		l.end()
	}
	return len(open) > 0
}

// hangUp ends a scan's DNS. If questions are still on their way, it notes in
// the Scanner's account that they outlive the scan.
func (s *Scanner) hangUp(dns *dnsscan.Session) {
	if !dns.End() {
		return
	}
	s.leave("dns")
	go func() {
		dns.Wait()
		s.returned("dns")
	}()
}

func (s *Scanner) enter() error { return s.account.enter() }

func (s *Scanner) exit() { s.account.exit() }

func (s *Scanner) leave(name string) { s.account.leave(name) }

func (s *Scanner) returned(name string) { s.account.returned(name) }

// within runs f and returns its error. When ctx ends first f has not ended, and
// is in the Scanner's account.
func (s *Scanner) within(ctx context.Context, name string, f func() error) (ended bool, err error) {
	if ctx.Err() != nil {
		return false, nil
	}
	return endOf(ctx, s.begin(name, f))
}

// begin runs f in the Scanner's account.
func (s *Scanner) begin(name string, f func() error) <-chan error {
	s.leave(name)
	done := make(chan error, 1)
	s.spares.run(func() {
		defer s.returned(name)
		done <- f()
	})
	return done
}

// endOf waits for what begin began, or for the end of ctx.
func endOf(ctx context.Context, done <-chan error) (ended bool, err error) {
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
		return false, nil
	}
}
