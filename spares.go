package winnow

import (
	"context"
	"sync"
	"sync/atomic"
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
// costs more than the check. A Scanner shares them with those derived from it.
type spares struct {
	life context.Context // they end with it
	work chan errand
	idle atomic.Int32
	wg   sync.WaitGroup
}

func newSpares(life context.Context) *spares {
	return &spares{life: life, work: make(chan errand)}
}

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
	select {
	case s.work <- e:
	default:
		s.wg.Add(1)
		go s.serve(e)
	}
}

func (s *spares) serve(e errand) {
	defer s.wg.Done()
	defer s.idle.Add(-1)
	timer := time.NewTimer(maxIdle)
	defer timer.Stop()
	for {
		if e.f != nil {
			e.f()
		} else {
			e.run.waitFor(e.check)
		}
		e = errand{}
		if s.idle.Add(1) > maxSpares {
			return
		}
		timer.Reset(maxIdle)
		select {
		case e = <-s.work:
			s.idle.Add(-1)
		case <-timer.C:
			return
		case <-s.life.Done():
			return
		}
	}
}

// wait returns when all have ended: after life ended and what they ran
// returned.
func (s *spares) wait() { s.wg.Wait() }
