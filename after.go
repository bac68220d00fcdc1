package winnow

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/winnowmail/winnow/checks"
)

// An After is work that follows a verdict and cannot change it any more: rows
// of reports, history, metrics. It is done once for each message that was
// scanned, empty ones included. It is not done for the steps of a Session
// before DATA, nor for replays.
//
// A durable one runs before Scan returns, for as long as Options.StoreBudget
// allows. Any other has a queue of its own and runs beside the scans, one
// message at a time; Close waits for it. An After that fails, panics, takes too
// long or finds its queue full is counted (Scanner.AfterStats) and reported to
// Trace, and has no further consequence.
type After struct {
	Name string // unique within a Scanner
	Doc  string // what it does, for operators
	// Durable makes Scan wait for it.
	Durable bool
	// Together lets a durable After run while the commits of checks are being
	// written, rather than after them, so that what it asks for with
	// Result.Call goes to the store in the same trip. Run must then wait for
	// nothing else, since the commits wait for it, and the Incomplete of its
	// Result does not yet name commits. When the scan is recorded it runs after
	// the commits all the same.
	Together bool
	// Reads names facts that Run needs: Run is not called for a Result in which
	// a check that provides one of them did not end well.
	Reads []checks.AnyFact
	// Start, if set, begins work that outlives a scan; see checks.Check.Start.
	Start func(ctx context.Context, env *checks.Env) error
	// Run does the work. The Result is a copy that Run may change, but the
	// message and what Symbols and facts point to are shared and must not be
	// changed.
	Run func(ctx context.Context, r *Result) error
	// Queue is how many Results may wait; 0 means 1,024. QueueBytes bounds the
	// bytes of their messages, including the one that is in work; 0 means 64
	// MiB. A message that is longer than that may wait alone.
	Queue      int
	QueueBytes int64
	// Timeout bounds one Run; 0 means 10 s. A durable After is bounded by
	// Options.StoreBudget instead.
	Timeout time.Duration
}

// AfterStat counts what became of the Results that were meant for an After.
type AfterStat struct {
	Name    string
	Done    int64 // Run returned nil
	Failed  int64 // Run returned an error, panicked or was given up
	Skipped int64 // a check that it reads did not come to its end
	Dropped int64 // the queue was full, or the Scanner closed before its turn
	Waiting int   // in the queue now
	Bytes   int64 // of the messages in the queue and in work
}

// AfterStats returns the counts of the Options' After values, in their order.
func (s *Scanner) AfterStats() []AfterStat {
	list := make([]AfterStat, len(s.afters))
	for i, a := range s.afters {
		list[i] = a.stats()
	}
	return list
}

// An afterWorker runs one After. It has a goroutine only while there is work.
type afterWorker struct {
	After
	scanner *Scanner
	reads   []int // positions of the checks whose facts it reads

	mu      sync.Mutex
	waiting []*Result
	stat    AfterStat // but for Waiting
	busy    bool
	closed  bool
}

// newAfters validates the list and fills in defaults.
func (s *Scanner) newAfters(list []After) error {
	for i, a := range list {
		switch {
		case a.Name == "":
			return fmt.Errorf("no name of After[%d] (doc %q)", i, a.Doc)
		case a.Doc == "":
			return fmt.Errorf("After %s: no doc", a.Name)
		case a.Run == nil:
			return fmt.Errorf("After %s: no Run", a.Name)
		case a.Queue < 0 || a.QueueBytes < 0 || a.Timeout < 0:
			return fmt.Errorf("After %s: Queue, QueueBytes or Timeout is negative", a.Name)
		case a.Together && !a.Durable:
			return fmt.Errorf("After %s: it is Together with commits and not Durable", a.Name)
		case slices.ContainsFunc(list[:i], func(b After) bool { return b.Name == a.Name }):
			return fmt.Errorf("After %s: listed twice", a.Name)
		}
		reads, err := s.plan.ProvidersOf(a.Reads)
		if err != nil {
			return fmt.Errorf("After %s: %w", a.Name, err)
		}
		a.Queue = orDefault(a.Queue, 1024)
		a.QueueBytes = orDefault(a.QueueBytes, 64<<20)
		a.Timeout = orDefault(a.Timeout, 10*time.Second)
		s.afters = append(s.afters, &afterWorker{After: a, scanner: s, reads: reads, stat: AfterStat{Name: a.Name}})
	}
	return nil
}

func orDefault[T int | int64 | time.Duration](v, fallback T) T {
	if v == 0 {
		return fallback
	}
	return v
}

// follow runs the durable After values, but for those that ran already, and queues
// the Result for the others.
func (s *scan) follow(ctx context.Context, res *Result, ran []*afterWorker) {
	var wg sync.WaitGroup
	for _, a := range s.scanner.afters {
		switch {
		case slices.Contains(ran, a):
		case s.missed(a.reads):
			a.count(func(st *AfterStat) { st.Skipped++ })
		case a.Durable:
			own := res.forAfter()
			wg.Go(func() { a.now(ctx, own) })
		}
	}
	wg.Wait()
	res.hold = s.scanner.newHold(res.msg.Raw())
	for _, a := range s.scanner.afters {
		if !a.Durable && !s.missed(a.reads) {
			a.offer(res.forAfter())
		}
	}
}

// missed reports whether one of the checks was to run and did not end well.
func (s *scan) missed(list []int) bool {
	return slices.ContainsFunc(list, func(i int) bool {
		r := s.results[i]
		return r.begun && !r.ended || r.err != nil
	})
}

// forAfter returns a copy that stays as it is when the host changes its own
// Result.
func (r *Result) forAfter() *Result {
	own := *r
	own.Edits, own.Symbols = slices.Clone(r.Edits), slices.Clone(r.Symbols)
	own.Recipients = slices.Clone(r.Recipients)
	for i := range own.Recipients {
		own.Recipients[i].Edits = slices.Clone(own.Recipients[i].Edits)
	}
	return &own
}

// now runs a durable After until ctx ends; then it is given up.
func (a *afterWorker) now(ctx context.Context, res *Result) {
	begun := time.Now()
	ended, err := a.scanner.within(ctx, a.account(), func() error { return a.run(ctx, res) })
	if !ended {
		err = ctx.Err()
	}
	a.done(time.Since(begun), err)
}

// account is the name under which Close reports a Run that does not return.
func (a *afterWorker) account() string { return "after " + a.Name }

// run calls Run and contains its panics.
func (a *afterWorker) run(ctx context.Context, res *Result) error {
	return checks.Contain(a.account(), func() error { return a.Run(ctx, res) })
}

// offer queues a Result, or drops it when the queue is full.
func (a *afterWorker) offer(res *Result) {
	size := int64(len(res.msg.Raw()))
	a.mu.Lock()
	full := a.closed || len(a.waiting) >= a.Queue || a.stat.Bytes > 0 && a.stat.Bytes+size > a.QueueBytes
	if full {
		a.stat.Dropped++
	} else {
		a.waiting = append(a.waiting, res)
		res.hold.take()
		a.stat.Bytes += size
	}
	begin := !full && !a.busy
	a.busy = a.busy || begin
	a.mu.Unlock()
	switch {
	case full:
		a.dropped()
	case begin:
		a.scanner.leave(a.account())
		go a.work()
	}
}

// work runs what waits, until nothing does.
func (a *afterWorker) work() {
	defer a.scanner.returned(a.account())
	for res := a.next(nil); res != nil; res = a.next(res) {
		ctx, cancel := context.WithTimeout(a.scanner.afterLife, a.Timeout)
		begun := time.Now()
		err := a.run(ctx, res)
		cancel()
		a.done(time.Since(begun), err)
	}
}

// next takes the account of the last Result and returns the one to work on.
func (a *afterWorker) next(last *Result) *Result {
	a.mu.Lock()
	defer a.mu.Unlock()
	if last != nil {
		a.stat.Bytes -= int64(len(last.msg.Raw()))
		last.hold.drop()
	}
	if len(a.waiting) == 0 {
		a.busy, a.waiting = false, nil
		return nil
	}
	res := a.waiting[0]
	a.waiting[0] = nil
	a.waiting = a.waiting[1:]
	return res
}

// abandon drops what waits; nothing comes any more.
func (a *afterWorker) abandon() {
	a.mu.Lock()
	a.closed = true
	n := len(a.waiting)
	for _, res := range a.waiting {
		a.stat.Bytes -= int64(len(res.msg.Raw()))
		res.hold.drop()
	}
	a.waiting = nil
	a.stat.Dropped += int64(n)
	a.mu.Unlock()
	for range n {
		a.dropped()
	}
}

func (a *afterWorker) count(change func(*AfterStat)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.stat)
}

func (a *afterWorker) stats() AfterStat {
	a.mu.Lock()
	defer a.mu.Unlock()
	st := a.stat
	st.Waiting = len(a.waiting)
	return st
}

func (a *afterWorker) done(took time.Duration, err error) {
	if err != nil {
		a.count(func(st *AfterStat) { st.Failed++ })
		a.scanner.opt.Log.Debug("after failed", "after", a.Name, "error", err)
	} else {
		a.count(func(st *AfterStat) { st.Done++ })
	}
	if t := a.scanner.opt.Trace.AfterDone; t != nil {
		t(a.Name, took, err)
	}
}

func (a *afterWorker) dropped() {
	if t := a.scanner.opt.Trace.AfterDropped; t != nil {
		t(a.Name)
	}
}
