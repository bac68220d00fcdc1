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

// spares are goroutines for the checks that wait. A few are kept over scans,
// while there are scans: their stacks have grown already, which costs more than
// the check often. A Scanner shares them with those derived from it.
type spares struct {
	life context.Context // they end with it
	work chan func()
	idle atomic.Int32
	wg   sync.WaitGroup
}

func newSpares(life context.Context) *spares {
	return &spares{life: life, work: make(chan func())}
}

// run runs f in a goroutine.
func (s *spares) run(f func()) {
	select {
	case s.work <- f:
	default:
		s.wg.Add(1)
		go s.serve(f)
	}
}

func (s *spares) serve(f func()) {
	defer s.wg.Done()
	defer s.idle.Add(-1)
	timer := time.NewTimer(maxIdle)
	defer timer.Stop()
	for {
		f()
		if s.idle.Add(1) > maxSpares {
			return
		}
		timer.Reset(maxIdle)
		select {
		case f = <-s.work:
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
