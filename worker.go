package winnow

import (
	"time"

	"github.com/winnowmail/winnow/checks"
)

// A job is a stage's run for a worker, with the number it was hired under.
type job struct {
	run *stageRun
	me  int
}

// serve works for the run, and for those of the later stages: one goroutine
// does for most scans.
func (s *scan) serve(j job) {
	for {
		j.run.work(j.me)
		select {
		case j = <-s.jobs:
		case <-s.quit:
			return
		}
	}
}

// work runs ready checks until there are none or another worker took over.
func (r *stageRun) work(me int) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.worker == me && !r.closed {
		i, ok := r.next()
		if !ok {
			r.worker = 0
			r.endIfOver()
			return
		}
		r.current, r.since, r.standings[i].runs = i, now, true
		r.mu.Unlock()
		res := r.scan.runCheck(r.ctx, i, now)
		now = now.Add(res.took)
		r.mu.Lock()
		switch r.worker {
		case me:
			r.current = -1
		case 0: // it was handed over, and nobody is left in charge
			r.worker = me
		}
		r.end(i, res)
	}
}

// next takes the check that a worker is to run next; the lock is held.
func (r *stageRun) next() (i int, ok bool) {
	for _, list := range [...]*[]int{&r.asking, &r.ready, &r.heavy} {
		if len(*list) > 0 {
			i, *list = (*list)[0], (*list)[1:]
			return i, true
		}
	}
	return 0, false
}

// handOver puts a new worker in charge of the checks that may run, if there are
// any; the lock is held.
func (r *stageRun) handOver() bool {
	r.worker, r.current = 0, -1
	if len(r.asking)+len(r.ready)+len(r.heavy) == 0 {
		return false
	}
	r.hire()
	return true
}

// waitsNow hears that a check is going to wait for DNS. If it runs in the worker
// in charge, another one goes on.
func (s *scan) waitsNow(c *checks.Check) {
	r := s.stage.Load()
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed && r.current >= 0 && r.check(r.current) == c {
		r.handOver()
	}
}

// hire puts a new worker in charge of the ready checks; the lock is held.
func (r *stageRun) hire() {
	r.hired++
	r.worker = r.hired
	j := job{r, r.hired}
	select {
	case r.scan.jobs <- j:
	default:
		r.scan.scanner.spares.run(func() { r.scan.serve(j) })
	}
}
