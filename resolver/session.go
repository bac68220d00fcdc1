package resolver

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Session is the DNS of one scan. It asks each question once, whoever asks
// it and however often, remembers the replies for Recording, and hands out
// resolvers with a budget (For).
type Session struct {
	ctx     context.Context
	next    Resolver
	timeout time.Duration
	asked   atomic.Int64
	running sync.WaitGroup

	mu      sync.Mutex
	flights map[Question]*flight
}

// A flight is one question on its way; done is closed when reply is there.
type flight struct {
	done  chan struct{}
	reply Reply
}

// NewSession begins a scan's DNS. Questions end with ctx at the latest, a
// single asker's context only ends its own waiting.
func NewSession(ctx context.Context, o Options) *Session {
	o = o.withDefaults()
	return &Session{ctx: ctx, next: o.Resolver, timeout: o.QueryTimeout, flights: map[Question]*flight{}}
}

// Lookup answers from memory or asks.
func (s *Session) Lookup(ctx context.Context, name string, qtype uint16) (Answer, error) {
	q := Question{Canonical(name), qtype}
	if err := ctx.Err(); err != nil {
		return Answer{}, asError(q, err)
	}
	s.mu.Lock()
	f := s.flights[q]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		s.flights[q] = f
		s.running.Add(1)
		go s.fly(q, f)
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.reply.Answer.clone(), f.reply.Err
	default:
	}
	select {
	case <-f.done:
		return f.reply.Answer.clone(), f.reply.Err
	case <-ctx.Done():
		return Answer{}, asError(q, ctx.Err())
	}
}

func (s *Session) fly(q Question, f *flight) {
	defer s.running.Done()
	defer close(f.done)
	ctx, cancel := s.ctx, context.CancelFunc(func() {})
	if s.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, s.timeout)
	}
	defer cancel()
	s.asked.Add(1)
	a, err := s.next.Lookup(ctx, q.Name, q.Type)
	switch {
	case err != nil:
		f.reply.Err = asError(q, err)
	case a.count(q.Type) == 0:
		f.reply.Err = &Error{Name: q.Name, Type: q.Type, Kind: KindNoData}
	default:
		f.reply.Answer = a.clone()
	}
}

// Asked returns how many questions went out so far.
func (s *Session) Asked() int { return int(s.asked.Load()) }

// Wait returns when no question is on its way any more. End the context
// given to NewSession first; a Resolver that ignores it is waited for.
func (s *Session) Wait() { s.running.Wait() }

// Recording returns the questions that have been answered so far, in an order
// that does not depend on timing.
func (s *Session) Recording() Recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := make(Recording, 0, len(s.flights))
	for q, f := range s.flights {
		select {
		case <-f.done:
			e := Exchange{Question: q, Answer: f.reply.Answer.clone()}
			e.Err, _ = f.reply.Err.(*Error)
			rec = append(rec, e)
		default:
		}
	}
	rec.sort()
	return rec
}

// clone keeps askers from changing each other's answers.
func (a Answer) clone() Answer {
	if a.Records == nil {
		return a
	}
	a.Records = append([]Record(nil), a.Records...)
	for i := range a.Records {
		if s := a.Records[i].Strings; s != nil {
			a.Records[i].Strings = append([]string(nil), s...)
		}
	}
	return a
}
