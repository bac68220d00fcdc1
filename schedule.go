package winnow

import (
	"context"
	"sync"
	"time"

	"github.com/winnowmail/winnow/checks"
)

// A stageRun runs the checks of one stage. Checks that wait for the network
// or a store start as soon as their requirements are met, each in a goroutine
// of its own; the others run one after the other in one worker, those that ask
// DNS first. One whose replies are not there yet hands the rest over to another
// worker: most of the replies come from a cache, and to change the goroutine for
// each of these checks would cost more than many a check does.
type stageRun struct {
	scan *scan
	ctx  context.Context
	done chan struct{} // gets one when left becomes 0

	mu        sync.Mutex
	closed    bool       // the scan went on without those that still run
	early     bool       // a pre-result may end the scan
	hung      bool       // a local check used up the patience
	over      bool       // the scan is ended but for such checks
	standings []standing // by position in the plan
	asking    []int      // checks that ask DNS and may run, in plan order
	ready     []int      // local checks that may run, in plan order
	heavy     []int      // those that the others go before
	room      []int      // for asking and ready
	left      int        // checks that have not ended

	gathering *gathering // of the checks that wait for the store, nil if there are not several

	worker  int       // number of the worker in charge, 0: none
	hired   int       // workers so far
	current int       // the check that the worker in charge runs, -1: none
	since   time.Time // when it began
}

// A standing is where a check stands in a stage's run.
type standing struct {
	in, runs bool
	open     int  // requirements in this run that have not ended
	joins    bool // it is a member of the gathering
	late     bool // before it there is one that waits
}

// runStage runs the listed checks and returns when all ended or ctx did. A
// local check that runs for longer than the scanner's patience is left to
// itself: a new worker takes over the rest.
func (s *scan) runStage(ctx context.Context, list []int) {
	for _, i := range list {
		s.results[i].begun = true
	}
	if len(list) == 0 || ctx.Err() != nil {
		return
	}
	r := s.nextRun(ctx, len(list))
	r.early = s.plan().Checks()[list[0]].Stage == checks.Early
	for _, i := range list {
		r.standings[i].in = true
	}
	for _, i := range list {
		for _, j := range s.plan().Waits(i) {
			if r.standings[j].in {
				r.standings[i].open++
			}
		}
	}
	r.mu.Lock()
	r.gatherStage(list)
	for _, i := range list {
		if r.standings[i].open == 0 {
			r.start(i)
		}
	}
	r.mu.Unlock()
	r.wait(s.timer, s.scanner.patience)
	if r.gathering != nil {
		s.store.gathering.Store(nil)
	}
}

// nextRun returns a run for n checks: the one of the stage before, unless that
// was closed. Then checks of it still end, and workers of it still run.
func (s *scan) nextRun(ctx context.Context, n int) *stageRun {
	r := s.stage.Load()
	if r == nil {
		r = &stageRun{
			scan: s, done: make(chan struct{}, 1), standings: make([]standing, len(s.results)), room: make([]int, 2*len(s.results)),
		}
		s.stage.Store(r)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.standings)
	most := len(s.results)
	r.asking, r.ready, r.heavy = r.room[:0:most], r.room[most:most], nil
	r.ctx, r.left, r.worker, r.current, r.hung = ctx, n, 0, -1, false
	return r
}

// wait returns when all checks ended, or closes the run when the context ended
// or the scan did but for checks that hang.
func (r *stageRun) wait(timer *time.Timer, patience time.Duration) {
	timer.Reset(patience)
	for {
		select {
		case <-r.done:
			r.closeIfOver()
			return
		case <-r.ctx.Done():
			r.close()
			return
		case <-timer.C:
			timer.Reset(r.watch(patience))
		}
	}
}

// watch puts a new worker in charge when the check that its worker runs has used
// up the patience; it returns when to look again.
func (r *stageRun) watch(patience time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gathering.hurry()
	if r.current < 0 {
		return patience
	}
	if ran := time.Since(r.since); ran < patience {
		return patience - ran
	}
	r.hung = true
	if !r.handOver() {
		r.endIfOver()
	}
	return patience
}

// endIfOver tells wait to go on if an early check ended the scan and nothing runs
// any more but local checks that used up the patience; the lock is held.
func (r *stageRun) endIfOver() {
	if !r.early || !r.hung || r.over || r.left == 0 || !r.scan.ended() {
		return
	}
	for i := range r.standings {
		if r.standings[i].runs && r.check(i).Needs.Waits() {
			return
		}
	}
	r.over = true
	r.done <- struct{}{}
}

func (r *stageRun) closeIfOver() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		r.closeLocked()
	}
}

// close lets the scan go on; what still runs is left to itself and handed to
// the Scanner's account.
func (r *stageRun) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closeLocked()
}

func (r *stageRun) closeLocked() {
	if r.left == 0 {
		<-r.done
		return
	}
	r.closed = true
	r.scan.stage.Store(nil)
	for i := range r.standings {
		if r.standings[i].runs {
			r.scan.results[i].ran = true
			r.scan.scanner.leave(r.check(i).Name)
		}
	}
}

func (r *stageRun) check(i int) *checks.Check { return r.scan.plan().Checks()[i] }

// start begins check i, whose requirements are met; the lock is held.
func (r *stageRun) start(i int) {
	c := r.check(i)
	switch {
	case c.Needs.Store || c.Needs.Net:
		r.standings[i].runs = true
		if r.gathering != nil && r.standings[i].joins && r.standings[i].late {
			r.gathering.begin()
		}
		r.scan.scanner.spares.runCheck(r, i)
		return
	case c.Needs.DNS && r.scan.dns.Enabled():
		r.asking = append(r.asking, i)
	case c.Heavy:
		r.heavy = append(r.heavy, i)
	default:
		r.ready = append(r.ready, i)
	}
	if r.worker == 0 {
		r.hire()
	}
}

// waitFor runs check i, one that waits for a store or the network.
func (r *stageRun) waitFor(i int) {
	res := r.scan.runCheck(r.ctx, i, time.Now())
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(i, res)
}

// end takes the outcome of check i and starts what waited for it; the lock is
// held. A check that ends when time is up does not count any more: it may have
// reported only half of its findings.
func (r *stageRun) end(i int, res checkResult) {
	r.standings[i].runs = false
	if r.gathering != nil && r.standings[i].joins {
		r.gathering.end()
	}
	if r.closed {
		r.scan.scanner.returned(r.check(i).Name)
		return
	}
	if r.ctx.Err() != nil {
		r.scan.results[i].ran = true
		return
	}
	r.scan.take(i, res)
	for _, j := range r.scan.plan().Users(i) {
		if r.standings[j].in {
			if r.standings[j].open--; r.standings[j].open == 0 {
				r.start(j)
			}
		}
	}
	if r.left--; r.left == 0 {
		r.done <- struct{}{}
	}
}
