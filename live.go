package winnow

import (
	"context"
	"fmt"
	"sync"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// A Live holds the Scanner in force and lets a reload replace it while mail
// comes in. Adapters and hosts that hold a Live in place of a Scanner need not
// know of reloads. A Live is safe for concurrent use.
//
// Make the new Scanner with those values of the old one's Options that did not
// change: families then keep their caches and are not started again. The Store,
// the Resolver and what learns belong to the host and outlive both Scanners.
//
// A Scanner that With derived for a tenant ends with the one that it was
// derived from. Give each tenant a Live of its own, and swap those first in a
// reload.
type Live struct {
	mu     sync.Mutex
	now    *Scanner
	closed bool
}

// NewLive returns a Live in which s is in force.
func NewLive(s *Scanner) *Live { return &Live{now: s, closed: s == nil} }

// Scanner returns the Scanner in force. It may be closed by a Swap at any time;
// Live's own methods are never refused because of one.
func (l *Live) Scanner() *Scanner {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// enter returns the Scanner in force, with a scan counted in.
func (l *Live) enter() (*Scanner, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	return l.now, l.now.enter()
}

// Scan scans with the Scanner that is in force when the message is admitted;
// see Scanner.Scan.
func (l *Live) Scan(ctx context.Context, m *Message, seeds ...checks.Seeded) (*Result, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: nil", ErrMessage)
	}
	s := l.Scanner()
	if s == nil {
		return nil, ErrClosed
	}
	r, err := s.admit(ctx, m)
	if err != nil {
		return nil, err
	}
	if s, err = l.enter(); err != nil {
		r.release()
		return nil, err
	}
	defer s.exit()
	return s.scanAdmitted(ctx, m, seeds, nil, r)
}

// Learn teaches with the Scanner in force; see Scanner.Learn.
func (l *Live) Learn(ctx context.Context, m *Message, class bayes.Class, o LearnOptions) (bayes.LearnResult, error) {
	s, err := l.enter()
	if err != nil {
		return bayes.LearnResult{}, err
	}
	defer s.exit()
	return s.Learn(ctx, m, class, o)
}

// Unlearn takes a lesson back with the Scanner in force; see Scanner.Unlearn.
func (l *Live) Unlearn(ctx context.Context, m *Message, o LearnOptions) (bayes.LearnResult, error) {
	s, err := l.enter()
	if err != nil {
		return bayes.LearnResult{}, err
	}
	defer s.exit()
	return s.Unlearn(ctx, m, o)
}

// LearnRecent teaches with the Scanner in force; see Scanner.LearnRecent.
func (l *Live) LearnRecent(ctx context.Context, id string, class bayes.Class, o LearnOptions) (bayes.LearnResult, error) {
	s, err := l.enter()
	if err != nil {
		return bayes.LearnResult{}, err
	}
	defer s.exit()
	return s.LearnRecent(ctx, id, class, o)
}

// Learned returns what the Learner of the Scanner in force knows; see
// Scanner.Learned.
func (l *Live) Learned() bayes.Stats {
	if s := l.Scanner(); s != nil {
		return s.Learned()
	}
	return bayes.Stats{}
}

// LearnedBy asks the Scanner in force; see Scanner.LearnedBy.
func (l *Live) LearnedBy(ctx context.Context) ([]ClassifierState, error) {
	if s := l.Scanner(); s != nil {
		return s.LearnedBy(ctx)
	}
	return nil, nil
}

// Check reports what is wrong with settings under the Scanner in force; see
// Scanner.Check.
func (l *Live) Check(set Settings) error { return l.Scanner().Check(set) }

// Knows asks the Scanner in force; see Scanner.Knows.
func (l *Live) Knows(name string) (symbol, group, family bool) { return l.Scanner().Knows(name) }

// SymbolsOf asks the Scanner in force; see Scanner.SymbolsOf.
func (l *Live) SymbolsOf(group string) []string { return l.Scanner().SymbolsOf(group) }

// NewSession begins a session; see Scanner.NewSession. A transaction, from MAIL
// to the end of DATA, stays with the Scanner that it began with. After a Swap
// the session goes over to the new one at its next Connect or MAIL. What the
// checks found at Connect under another Scanner does not count then: they run
// again at MAIL. If the time that Swap allows is over before the transaction
// has ended, the next step returns ErrClosed, and the next MAIL goes on under
// the new Scanner.
func (l *Live) NewSession(conn mail.Envelope, seeds ...checks.Seeded) (*Session, error) {
	s, err := l.enter()
	if err != nil {
		return nil, err
	}
	defer s.exit()
	x, err := s.NewSession(conn, seeds...)
	if err != nil {
		return nil, err
	}
	x.live = l
	return x, nil
}

// Swap puts a Scanner in force at once, for new scans and new transactions.
// Those in progress end under the old one, for as long as ctx lasts; then Swap
// closes the old one, and returns the error of its Close. If the error is
// ErrClosed or wraps ErrOptions the old Scanner is still in force. To swap in
// the Scanner that is in force does nothing.
func (l *Live) Swap(ctx context.Context, s *Scanner) error {
	old, err := l.replace(s)
	if err != nil || old == nil {
		return err
	}
	old.account.drain(ctx)
	if err := old.Close(ctx); err != nil {
		return fmt.Errorf("winnow: swap: %w", err)
	}
	return nil
}

// replace puts s in force and returns the one that was, nil if that is s.
func (l *Live) replace(s *Scanner) (*Scanner, error) {
	if s == nil {
		return nil, fmt.Errorf("%w: swap: no Scanner", ErrOptions)
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch old := l.now; {
	case l.closed:
		return nil, ErrClosed
	case old == s:
		return nil, nil
	case s.account.under(old.account):
		return nil, fmt.Errorf("%w: swap: the Scanner is derived from the one that it is to replace", ErrOptions)
	default:
		g := old.gate.Load()
		g.bound(s.opt.Admission)
		s.gate.Store(g)
		l.now = s
		return old, nil
	}
}

// Close refuses new scans and the next steps of sessions, and closes the
// Scanner in force; see Scanner.Close. A Scanner that a Swap is replacing is
// closed by that Swap.
func (l *Live) Close(ctx context.Context) error {
	l.mu.Lock()
	already := l.closed
	l.closed = true
	l.mu.Unlock()
	if already {
		return nil
	}
	return l.now.Close(ctx)
}

// enter counts a step in and sees to it that the session is under the right
// Scanner: in a transaction it stays, else it takes the one in force.
func (x *Session) enter(ph checks.Phase) (*Scanner, error) {
	if x.live == nil || x.held {
		return x.scanner, x.scanner.enter()
	}
	s, err := x.live.enter()
	if err != nil {
		return nil, err
	}
	if s != x.scanner {
		l, err := s.newLine()
		if err != nil {
			s.exit()
			return nil, err
		}
		x.line.end()
		x.scanner, x.line, x.connect, x.last, x.answers = s, l, nil, nil, nil
	}
	if ph != checks.Connect {
		s.account.hold()
		x.held = true
	}
	return s, nil
}

// letGo ends the transaction, which held its Scanner.
func (x *Session) letGo() {
	if x.held {
		x.scanner.account.release()
		x.held = false
	}
}
