// Package dnsscan is the DNS of one scan: its questions are asked once each, its
// checks have shares of them, and the answers are recorded for a replay.
package dnsscan

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

// A Session is the DNS of one scan. It asks each question once, whoever asks
// it and however often, remembers the replies for Recording, and hands out
// resolvers with a budget (For).
type Session struct {
	ctx     context.Context
	next    resolver.Resolver
	known   resolver.Recaller // next, nil if that is none
	timeout time.Duration
	asked   atomic.Int64
	running sync.WaitGroup

	mu      sync.Mutex
	flights map[resolver.Question]*flight
	part    int // see Begin
	ended   bool
}

// NewSession begins a scan's DNS. Questions end with ctx at the latest; the
// context of a single asker only ends that asker's waiting.
func NewSession(ctx context.Context, o resolver.Options) *Session {
	o = withDefaults(o)
	known, _ := o.Resolver.(resolver.Recaller)
	return &Session{ctx: ctx, next: o.Resolver, known: known, timeout: o.QueryTimeout}
}

func withDefaults(o resolver.Options) resolver.Options {
	if o.Resolver == nil {
		o.Resolver = resolver.None
	}
	if o.MaxQueries == 0 {
		o.MaxQueries = resolver.DefaultMaxQueries
	}
	if o.QueryTimeout == 0 {
		o.QueryTimeout = resolver.DefaultQueryTimeout
	}
	return o
}

// Lookup answers from memory or asks.
func (s *Session) Lookup(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
	return s.lookup(ctx, name, qtype, nil)
}

func (s *Session) lookup(ctx context.Context, name string, qtype uint16, waits func()) (resolver.Answer, error) {
	q := resolver.Question{Name: resolver.Canonical(name), Type: qtype}
	if err := ctx.Err(); err != nil {
		return resolver.Answer{}, resolver.ErrorOf(q, err)
	}
	s.mu.Lock()
	f, leads := s.board(q, nil)
	s.mu.Unlock()
	if leads {
		s.ask([]*flight{f})
	}
	return s.wait(ctx, f, waits)
}

// LookupAll answers several questions that are asked at the same time
// (resolver.LookupAll).
func (s *Session) LookupAll(ctx context.Context, questions ...resolver.Question) []resolver.Reply {
	return s.lookupAll(ctx, canonical(questions), nil)
}

func (s *Session) lookupAll(ctx context.Context, questions []resolver.Question, waits func()) []resolver.Reply {
	replies := make([]resolver.Reply, len(questions))
	if err := ctx.Err(); err != nil {
		for i, q := range questions {
			replies[i].Err = resolver.ErrorOf(q, err)
		}
		return replies
	}
	flights, led := s.boardAll(questions)
	if all := s.ask(led); all != nil {
		waitAll(ctx, all, waits)
	}
	for i, f := range flights {
		replies[i].Answer, replies[i].Err = s.wait(ctx, f, waits)
	}
	return replies
}

// waitAll returns when all is closed or the asker's context has ended, so that
// who asks several questions is woken up once. It calls waits, if that is not
// nil, when it has to wait.
func waitAll(ctx context.Context, all <-chan struct{}, waits func()) {
	select {
	case <-all:
		return
	default:
	}
	if waits != nil {
		waits()
	}
	select {
	case <-all:
	case <-ctx.Done():
	}
}

// Asked returns how many questions went out so far.
func (s *Session) Asked() int { return int(s.asked.Load()) }

// Begin begins a new part of the session, which Tally is about: a transaction
// of a connection.
func (s *Session) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.part++
}

// End lets no new question go out: who asks one from now on, as a check does
// that was cut off, gets KindCanceled. It reports whether any question went out
// before.
func (s *Session) End() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return len(s.flights) > 0
}

// Wait ends the session and returns when no question is on its way any more.
// End the context given to NewSession first; a Resolver that ignores it is
// waited for.
func (s *Session) Wait() {
	s.End()
	s.running.Wait()
}

// Recording returns the questions that were asked so far, in an order that does
// not depend on timing. A question without an answer yet is recorded as timed
// out, as it is for those who waited for it.
func (s *Session) Recording() resolver.Recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := make(resolver.Recording, 0, len(s.flights))
	for q, f := range s.flights {
		e := resolver.Exchange{Question: q}
		if f.landed.Load() {
			e.Answer = f.reply.Answer.Clone()
			e.Err, _ = f.reply.Err.(*resolver.Error)
		} else {
			e.Err = resolver.ErrorOf(q, context.DeadlineExceeded)
		}
		rec = append(rec, e)
	}
	slices.SortFunc(rec, func(a, b resolver.Exchange) int {
		return cmp.Or(strings.Compare(a.Question.Name, b.Question.Name), cmp.Compare(a.Question.Type, b.Question.Type))
	})
	return rec
}
