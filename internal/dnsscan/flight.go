package dnsscan

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/winnowmail/winnow/resolver"
)

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

// boardAll returns the questions' flights, and those that the caller has to ask
// for.
func (s *Session) boardAll(questions []resolver.Question) (flights, led []*flight) {
	flights = make([]*flight, len(questions))
	room := make([]flight, len(questions))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, q := range questions {
		f, leads := s.board(q, &room[i])
		if flights[i] = f; !leads {
			continue
		}
		if led == nil {
			led = make([]*flight, 0, len(questions)-i)
		}
		led = append(led, f)
	}
	return flights, led
}

// board joins the question's flight, or begins one that the caller has to ask
// for. A new flight takes the memory of room, if that is not nil. The caller
// holds s.mu.
func (s *Session) board(q resolver.Question, room *flight) (f *flight, leads bool) {
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
// together. With several, all is closed when the last has landed.
func (s *Session) ask(flights []*flight) (all chan struct{}) {
	if len(flights) == 0 {
		return nil
	}
	if len(flights) > 1 {
		all = make(chan struct{})
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
			if all != nil {
				close(all)
			}
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
		return all
	}
	questions := make([]resolver.Question, len(flights))
	for i, f := range flights {
		questions[i] = f.question
	}
	st.Start(ctx, questions, land)
	return all
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
