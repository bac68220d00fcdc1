package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// Scan looks at one message and returns the verdict. seeds are facts that the
// host knows already (checks.Seed); Result.Notes names those that no check of
// this Scanner knows.
//
// The error is the caller's mistake or the end of the caller's context, never
// bad mail. When time runs out, be it the Scanner's Timeout or the context's
// deadline, the Result has what was done by then and names the rest in
// Incomplete. If the context ends while the message still waits to be admitted
// (Options.Admission), the error wraps ErrBusy.
func (s *Scanner) Scan(ctx context.Context, m *Message, seeds ...checks.Seeded) (*Result, error) {
	return s.scan(ctx, m, seeds, nil)
}

// A scan is one Scan in progress. Its results are written by stageRun.end,
// under the run's lock, and read after the stage ended.
type scan struct {
	scanner *Scanner
	state   *checks.State
	begun   time.Time
	want    *wanted
	results []checkResult // by position in the plan
	nothing checks.Outcome
	skip    []bool // checks that don't run in this scan
	cutOff  map[string]bool
	record  *recorder // nil unless the scan is recorded
	dns     resolver.Options
	session *dnsscan.Session // nil without DNS
	// hangUpDNS ends the session, nil if that is a Session's.
	hangUpDNS  context.CancelFunc
	skipped    bool                     // the message is empty
	noLog      bool                     // Message.NoLog
	lesson     bool                     // it only serves to learn the message: there is no verdict, and nothing follows
	unknown    []string                 // facts that the host seeded and no check knows
	step       checks.Phase             // of a Session; Data for a whole message
	rerun      *rerun                   // nil unless this is a replay
	store      *scanStore               // nil without a store
	commits    []commitResult           // those that did not end well, and edits
	cutCommits map[string]bool          // in a replay the checks whose commits were given up
	order      []int                    // room for the lists of due
	stage      atomic.Pointer[stageRun] // the latest, nil if it was closed
	tally      dnsscan.Tally            // of the questions asked
	dnsDown    bool                     // most of them failed
	timer      *time.Timer              // of the stages' patience
	jobs       chan job                 // to a worker that is idle
	quit       chan struct{}            // closed when the scan has ended
	unsearched bool                     // time was up before the message's addresses were found
	timeUp     bool                     // it was before the verdict
}

// A checkResult is what became of one check.
type checkResult struct {
	out   *checks.Outcome // nil: it has none
	err   error
	took  time.Duration
	begun bool // it was to run in this scan
	ended bool
	ran   bool // it was running when its time was up
}

func (s *scan) plan() *checks.Plan { return s.scanner.plan }

func (s *Scanner) scan(ctx context.Context, m *Message, seeds []checks.Seeded, re *rerun) (*Result, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.exit()
	return s.scanEntered(ctx, m, seeds, re)
}

// scanEntered scans; the scan has been counted in.
func (s *Scanner) scanEntered(ctx context.Context, m *Message, seeds []checks.Seeded, re *rerun) (*Result, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: nil", ErrMessage)
	}
	r, err := s.admit(ctx, m)
	if err != nil {
		return nil, err
	}
	return s.scanAdmitted(ctx, m, seeds, re, r)
}

// scanAdmitted scans what was admitted, and gives back what it was admitted
// with.
func (s *Scanner) scanAdmitted(ctx context.Context, m *Message, seeds []checks.Seeded, re *rerun, r *reservation) (*Result, error) {
	defer r.release()
	if err := context.Cause(ctx); errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err := s.validSeeds(seeds); err != nil {
		return nil, err
	}
	own := *m
	if err := s.fetch(&own, r); err != nil {
		return nil, err
	}
	sc, err := s.prepare(ctx, &own, seeds, re)
	if err != nil {
		return nil, err
	}
	return sc.run(ctx)
}

// prepare parses the message and sets the scan up.
func (s *Scanner) prepare(ctx context.Context, m *Message, seeds []checks.Seeded, re *rerun) (*scan, error) {
	unknown, err := s.plan.ValidateSeeds(seeds)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	raw, err := m.Body.read(s.maxSize)
	if err != nil {
		return nil, err
	}
	sc := &scan{
		scanner: s, begun: time.Now(), results: make([]checkResult, len(s.plan.Checks())), skipped: len(raw) == 0, noLog: m.NoLog, unknown: unknown, rerun: re,
		jobs: make(chan job), quit: make(chan struct{}),
	}
	msg := mail.Parse(raw, m.Envelope, s.opt.Limits)
	exact := s.opt.Profile.get().Exact
	if exact {
		msg.ReadAsRspamd()
	}
	sc.state = &checks.State{Message: msg, Log: s.opt.Log, Local: s.local(m.Envelope.ClientIP), IsLocal: s.local, Exact: exact}
	if err := sc.source(m, seeds); err != nil {
		return nil, err
	}
	if re == nil || re.t.Settings == nil {
		sc.want, err = s.wanted(ctx, m, msg, sc.begun)
	} else {
		sc.want, err = s.recalled(m, re)
	}
	if err != nil {
		return nil, err
	}
	sc.state.Required = sc.want.common.thresholds[actions.Reject]
	if user := sc.want.user(&m.Envelope); user != "" && s.opt.Learner != nil {
		seeds = append(slices.Clip(seeds), checks.Seed(statistics.Owner, user))
	}
	facts, strange := sc.want.facts(s, seeds)
	if err := sc.record.seed(facts); err != nil {
		return nil, err
	}
	seeds, sc.unknown = append(slices.Clip(seeds), facts...), append(sc.unknown, strange...)
	sc.state.SeedFacts(seeds)
	sc.state.Reserve(len(sc.results))
	sc.skip = sc.want.skips()
	if exact && len(raw) == 0 {
		sc.onlyEmpty()
	}
	return sc, nil
}

// run takes the scan through its stages. The last twentieth of the time is
// kept for the late checks, so that the verdict comes by the deadline. A lesson has
// no Result.
func (s *scan) run(parent context.Context) (*Result, error) {
	if s.skipped {
		return s.empty(parent), nil
	}
	ctx, cancel := s.deadline(parent, 0)
	defer cancel()
	defer close(s.quit)
	defer s.scanner.letGo(s.store)
	s.timer = time.NewTimer(s.scanner.patience)
	defer s.timer.Stop()
	s.dial(parent)
	if s.hangUpDNS != nil {
		defer s.scanner.hangUp(s.session)
		defer s.hangUpDNS()
	}

	s.early(ctx)
	if !s.ended() {
		s.runStage(ctx, s.due(checks.Main))
		s.runStage(ctx, s.due(checks.Classify))
	}
	if s.lesson {
		return nil, context.Cause(parent)
	}
	s.countQuestions()
	v := s.judge(s.want.common, s.cutShort())
	if ctx.Err() != nil {
		ctx, cancel = s.deadline(parent, s.scanner.opt.Timeout/20)
		defer cancel()
	}
	s.late(ctx, v)
	s.search(ctx)
	v.cut = s.cutShort()
	v.finish()
	if err := parent.Err(); errors.Is(err, context.Canceled) {
		return nil, context.Cause(parent)
	}
	return s.complete(parent, s.result(v)), nil
}

// complete does what follows the verdict.
func (s *scan) complete(ctx context.Context, res *Result) *Result {
	if s.lesson {
		return res
	}
	commits := s.step == checks.Data && !s.skipped && s.hasCommits()
	follows := s.step == checks.Data && s.rerun == nil && len(s.scanner.afters) > 0
	var together []*afterWorker
	if commits && follows {
		together = s.together()
	}
	if commits || follows {
		var cancel context.CancelFunc
		ctx, cancel = s.afterwards(ctx)
		defer cancel()
	}
	if commits {
		s.commit(ctx, res, together)
	}
	res.Timings, res.Incomplete = s.timings(), s.incomplete()
	if s.record != nil && s.record.wanted {
		res.Transcript = s.record.transcript(s)
	}
	res.Unrecorded = s.rerun.unrecorded()
	s.keep(res)
	res.Took = time.Since(s.begun)
	if follows {
		s.follow(ctx, res, together)
	}
	s.trace(res)
	return res
}

// dial begins the scan's DNS: each check has its share of the questions.
func (s *scan) dial(ctx context.Context) {
	if !s.dns.Enabled() {
		return
	}
	if s.session == nil {
		ctx, s.hangUpDNS = s.deadline(ctx, s.scanner.opt.Timeout/20)
		s.session = dnsscan.NewSession(ctx, s.dns)
	}
	s.state.DNS = func(c *checks.Check) resolver.Resolver {
		return s.session.For(s.scanner.shares[c], func() { s.waitsNow(c) })
	}
}

// countQuestions finds out whether DNS is down. Of the steps of a dialogue only
// the last one is about it: at first there are too few questions.
func (s *scan) countQuestions() {
	switch {
	case s.rerun != nil:
		s.dnsDown = s.rerun.t.DNSDown
	case s.session != nil:
		s.tally = s.tally.Add(s.session.Tally())
		s.dnsDown = s.step == checks.Data && s.tally.Down()
	}
}

// deadline returns a context that ends when the time for the stages up to the
// verdict is over, or extra later.
func (s *scan) deadline(parent context.Context, extra time.Duration) (context.Context, context.CancelFunc) {
	timeout := s.scanner.opt.Timeout
	if timeout <= 0 || s.rerun != nil {
		return parent, func() {}
	}
	return context.WithDeadline(parent, s.begun.Add(timeout-timeout/20+extra))
}

func (s *scan) trace(res *Result) {
	t := &s.scanner.opt.Trace
	switch {
	case s.step != checks.Data && t.StepDone != nil:
		t.StepDone(s.step, res)
	case s.step == checks.Data && s.rerun == nil && t.ScanDone != nil:
		t.ScanDone(res)
	}
}

// runCheck runs check i, which begins now, and times it.
func (s *scan) runCheck(ctx context.Context, i int, now time.Time) checkResult {
	out, err := s.state.Outcome(ctx, s.plan().Checks()[i])
	return checkResult{out: out, err: err, took: time.Since(now), begun: true, ended: true}
}

// out returns what check i reported.
func (s *scan) out(i int) *checks.Outcome {
	if out := s.results[i].out; out != nil {
		return out
	}
	return &s.nothing
}

func (s *scan) publish(out *checks.Outcome) {
	if out != nil {
		s.state.Publish(s.plan(), *out)
	}
}

// take keeps the outcome of check i and shows it to the checks after it.
func (s *scan) take(i int, res checkResult) {
	c := s.plan().Checks()[i]
	s.results[i] = res
	s.publish(res.out)
	if res.err != nil {
		s.scanner.opt.Log.Debug("check failed", "check", c.Name, "error", res.err)
	}
	if s.scanner.opt.Trace.CheckDone != nil {
		s.scanner.opt.Trace.CheckDone(c.Name, res.took, len(s.out(i).Hits), res.err)
	}
}

// unfinished returns the checks that were to run and did not end.
func (s *scan) unfinished() []int {
	var list []int
	for i, r := range s.results {
		if r.begun && !r.ended {
			list = append(list, i)
		}
	}
	return list
}
