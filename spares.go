package winnow

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxSpares is how many goroutines wait for checks to run, maxIdle for how
// long.
const (
	maxSpares = 32
	maxIdle   = time.Second
)

// spares are goroutines for the checks that wait. A few are kept over scans
// while there are scans, since their stacks have grown already, which often
// costs more than the check. The one that became idle last is taken first: each
// collection of garbage halves the stacks of those that sleep, so few should do
// the work and the others end. A Scanner shares them with those derived from it.
type spares struct {
	life context.Context // they end with it
	wg   sync.WaitGroup

	mu   sync.Mutex
	idle []chan errand // to those that wait for an errand, each with room for one
}

func newSpares(life context.Context) *spares { return &spares{life: life} }

// An errand is a check to run, or a function.
type errand struct {
	run   *stageRun
	check int
	f     func()
}

// run runs f in a goroutine.
func (s *spares) run(f func()) { s.send(errand{f: f}) }

// runCheck runs a check that waits in a goroutine.
func (s *spares) runCheck(r *stageRun, i int) { s.send(errand{run: r, check: i}) }

func (s *spares) send(e errand) {
	if to := s.take(); to != nil {
		to <- e
		return
	}
	s.wg.Add(1)
	go s.serve(e)
}

// take returns the way to the goroutine that became idle last, nil if all are
// at work.
func (s *spares) take() chan<- errand {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.idle) - 1
	if last < 0 {
		return nil
	}
	to := s.idle[last]
	s.idle[last], s.idle = nil, s.idle[:last]
	return to
}

// offer adds the way to a goroutine that is idle, unless enough are.
func (s *spares) offer(own chan errand) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle) >= maxSpares {
		return false
	}
	s.idle = append(s.idle, own)
	return true
}

// withdraw takes back an offer. It reports whether that came in time: if not,
// an errand comes.
func (s *spares) withdraw(own chan errand) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.idle, own)
	if i < 0 {
		return false
	}
	s.idle = slices.Delete(s.idle, i, i+1)
	return true
}

func (s *spares) serve(e errand) {
	defer s.wg.Done()
	own := make(chan errand, 1)
	timer := time.NewTimer(maxIdle)
	defer timer.Stop()
	for {
		if e.f != nil {
			e.f()
		} else {
			e.run.waitFor(e.check)
		}
		e = errand{} // a goroutine that sleeps keeps no scan
		if !s.offer(own) {
			return
		}
		timer.Reset(maxIdle)
		select {
		case e = <-own:
			continue
		case <-timer.C:
		case <-s.life.Done():
		}
		if s.withdraw(own) {
			return
		}
		e = <-own
	}
}

// wait returns when all have ended: after life ended and what they ran
// returned.
func (s *spares) wait() { s.wg.Wait() }
