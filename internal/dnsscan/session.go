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

// A flight is one question on its way. With landed reply is there; done is made
// by who has to wait for that, since most replies come from a cache at once.
type flight struct {
	question resolver.Question
	part     int           // the last one in which somebody asked it
	done     chan struct{} // closed when it has landed; nil: nobody waits
	landed   atomic.Bool
	reply    resolver.Reply
}

// usualFlights is about how many questions a message needs with the usual
// lists.
const usualFlights = 64

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
	f, leads := s.board(q, nil)
	if leads {
		s.ask([]*flight{f})
	}
	return s.wait(ctx, f, waits)
}

// LookupAll answers several questions that are asked at the same time
// (resolver.LookupAll).
func (s *Session) LookupAll(ctx context.Context, questions ...resolver.Question) []resolver.Reply {
	return s.lookupAll(ctx, questions, nil)
}

func (s *Session) lookupAll(ctx context.Context, questions []resolver.Question, waits func()) []resolver.Reply {
	replies := make([]resolver.Reply, len(questions))
	both := make([]*flight, 2*len(questions))
	flights, led := both[:len(questions)], both[len(questions):][:0]
	room := make([]flight, len(questions))
	for i, q := range questions {
		q.Name = resolver.Canonical(q.Name)
		if err := ctx.Err(); err != nil {
			replies[i].Err = resolver.ErrorOf(q, err)
			continue
		}
		f, leads := s.board(q, &room[i])
		if flights[i] = f; leads {
			led = append(led, f)
		}
	}
	s.ask(led)
	for i, f := range flights {
		if f != nil {
			replies[i].Answer, replies[i].Err = s.wait(ctx, f, waits)
		}
	}
	return replies
}

// wait returns a copy of the reply, or the error of the asker's context. It calls
// waits, if that is not nil, when the reply is not there.
func (s *Session) wait(ctx context.Context, f *flight, waits func()) (resolver.Answer, error) {
	if !f.landed.Load() {
		if waits != nil {
			waits()
		}
		select {
		case <-s.landing(f):
		case <-ctx.Done():
			return resolver.Answer{}, resolver.ErrorOf(f.question, ctx.Err())
		}
	}
	return f.reply.Answer.Clone(), f.reply.Err
}

// landing returns what is closed when f has landed.
func (s *Session) landing(f *flight) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.done == nil {
		f.done = make(chan struct{})
		if f.landed.Load() {
			close(f.done)
		}
	}
	return f.done
}

// land tells who waits for f that its reply is there.
func (s *Session) land(f *flight, a resolver.Answer, err error) {
	f.arrive(a, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	f.landed.Store(true)
	if f.done != nil {
		close(f.done)
	}
}

// board joins the question's flight, or begins one that the caller has to ask
// for. A new flight takes the memory of room, if that is not nil.
func (s *Session) board(q resolver.Question, room *flight) (f *flight, leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[q]; f != nil {
		f.part = s.part
		return f, false
	}
	if s.flights == nil {
		s.flights = make(map[resolver.Question]*flight, usualFlights)
	}
	if f = room; f == nil {
		f = new(flight)
	}
	f.question, f.part = q, s.part
	s.flights[q] = f
	if s.ended {
		f.arrive(resolver.Answer{}, context.Canceled)
		f.landed.Store(true)
		return f, false
	}
	if s.recall(f) {
		return f, false
	}
	s.running.Add(1)
	return f, true
}

// recall lands a new flight if its reply is known without asking.
func (s *Session) recall(f *flight) bool {
	if s.known == nil {
		return false
	}
	r, ok := s.known.Recall(s.ctx, f.question)
	if ok {
		s.asked.Add(1)
		f.arrive(r.Answer, r.Err)
		f.landed.Store(true)
	}
	return ok
}

// ask sends the questions of the flights. One time limit holds for all of them
// together.
func (s *Session) ask(flights []*flight) {
	if len(flights) == 0 {
		return
	}
	s.asked.Add(int64(len(flights)))
	ctx, cancel := s.ctx, context.CancelFunc(func() {})
	if s.timeout > 0 {
		ctx, cancel = context.WithTimeout(s.ctx, s.timeout)
	}
	var left atomic.Int64
	left.Store(int64(len(flights)))
	land := func(i int, a resolver.Answer, err error) {
		s.land(flights[i], a.Clone(), err)
		if left.Add(-1) == 0 {
			cancel()
		}
		s.running.Done()
	}
	st, ok := s.next.(resolver.Starter)
	if !ok {
		for i, f := range flights {
			go func() {
				a, err := s.next.Lookup(ctx, f.question.Name, f.question.Type)
				land(i, a, err)
			}()
		}
		return
	}
	questions := make([]resolver.Question, len(flights))
	for i, f := range flights {
		questions[i] = f.question
	}
	st.Start(ctx, questions, land)
}

// arrive takes the reply, and the answer's memory with it.
func (f *flight) arrive(a resolver.Answer, err error) {
	q := f.question
	if err != nil {
		f.reply.Err = resolver.ErrorOf(q, err)
		return
	}
	if a = tidied(a); !slices.ContainsFunc(a.Records, func(r resolver.Record) bool { return r.Type == q.Type }) {
		f.reply.Err = &resolver.Error{Name: q.Name, Type: q.Type, Kind: resolver.KindNoData}
		return
	}
	f.reply.Answer = a
}

// tidied brings what any Resolver answered into the form that Record promises,
// in place: names have their one spelling, and what can't be written down and
// read again is left out. So a scan sees what its replay sees.
func tidied(a resolver.Answer) resolver.Answer {
	kept := a.Records[:0]
	for _, r := range a.Records {
		if tidy(&r) {
			kept = append(kept, r)
		}
	}
	a.Records = kept
	return a
}

// tidy brings the record into that form and reports whether it is a valid one.
func tidy(r *resolver.Record) bool {
	r.Name = resolver.Canonical(r.Name)
	switch r.Type {
	case resolver.TypeA:
		r.IP = r.IP.Unmap()
		return r.IP.Is4()
	case resolver.TypeAAAA:
		r.IP = r.IP.WithZone("")
		return r.IP.Is6()
	case resolver.TypeTXT:
		if len(r.Strings) == 0 {
			r.Strings = []string{""}
		}
	case resolver.TypeSOA:
		r.Host, r.Mailbox = resolver.Canonical(r.Host), resolver.Canonical(r.Mailbox)
	case resolver.TypeCNAME, resolver.TypeNS, resolver.TypePTR, resolver.TypeMX:
		r.Host = resolver.Canonical(r.Host)
	default:
		return false
	}
	return true
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
