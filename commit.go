package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/checks"
)

// A commitResult is what became of the commits of one check, or of its edits.
type commitResult struct {
	check int // position in the plan
	ended bool
	err   error
}

func (s *scan) hasCommits() bool {
	return slices.ContainsFunc(s.results, func(r checkResult) bool { return r.out != nil && len(r.out.Commits()) > 0 })
}

// commit runs what checks handed over with Task.Commit, and beside it the After
// values that run together with that, all at once, for as long as ctx lasts.
func (s *scan) commit(ctx context.Context, res *Result, afters []*afterWorker) {
	var running []int // positions in the plan
	var members []string
	var all []commitResult
	for i := range s.results {
		if len(s.out(i).Commits()) == 0 {
			continue
		}
		name := s.plan().Checks()[i].Name
		if s.cutCommits[name] || ctx.Err() != nil {
			all = append(all, commitResult{check: i})
			continue
		}
		running, members = append(running, i), append(members, name)
	}
	if len(running) > 0 || len(afters) > 0 {
		all = append(all, s.commitAll(ctx, running, members, afters, res)...)
		slices.SortFunc(all, func(a, b commitResult) int { return a.check - b.check })
	}
	for _, c := range all {
		if !c.ended || c.err != nil {
			s.commits = append(s.commits, c)
		}
	}
}

func (s *scan) commitAll(ctx context.Context, list []int, names []string, afters []*afterWorker, res *Result) []commitResult {
	members := slices.Clone(names)
	for _, a := range afters {
		members = append(members, a.account())
	}
	g := s.store.gather(ctx, members)
	if g != nil {
		g.busy = len(members)
		defer s.store.gathering.Store(nil)
	}
	f := res.final()
	done := make([]<-chan error, len(list))
	for n, i := range list {
		own := *f
		own.Rcpts = slices.Clone(f.Rcpts)
		done[n] = s.scanner.begin(names[n], func() error {
			if g != nil {
				defer g.end()
			}
			return commitOne(ctx, names[n], s.out(i).Commits(), own)
		})
	}
	running := s.beginAfters(ctx, afters, res, g)
	all := make([]commitResult, len(list))
	for n, i := range list {
		all[n].check = i
		all[n].ended, all[n].err = endOf(ctx, done[n])
	}
	for _, r := range running {
		r.end(ctx)
	}
	return all
}

// commitOne runs what one check handed over, one after the other.
func commitOne(ctx context.Context, name string, list []checks.CommitFunc, f checks.Final) error {
	return checks.Contain(name, func() (err error) {
		for _, commit := range list {
			if e := commit(ctx, f); e != nil {
				err = errors.Join(err, fmt.Errorf("check %s: commit: %w", name, e))
			}
		}
		return err
	})
}

// final is the verdict as commits see it.
func (r *Result) final() *checks.Final {
	f := &checks.Final{Score: r.Score, Action: r.Action, PreResult: r.PreResult, Replayed: r.scan.rerun != nil}
	f.ScoreOf = func(symbol string) float64 {
		if s := r.Symbol(symbol); s != nil {
			return s.Score
		}
		return 0
	}
	for i := range r.Symbols {
		switch s := r.Symbols[i].Score; {
		case s > 0:
			f.Raising++
		case s < 0:
			f.Lowering++
		}
	}
	for _, rcpt := range r.msg.Envelope().Rcpts {
		v := r.For(rcpt)
		f.Rcpts = append(f.Rcpts, checks.FinalRcpt{Address: rcpt, Score: v.Score, Action: v.Action})
	}
	return f
}

// afterwards is the context of commits and durable After values: it has
// what is left of the store's budget, and ends at once when the caller gives up.
func (s *scan) afterwards(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	end := context.CancelFunc(func() {})
	if left, bounded := s.storeLeft(); bounded {
		ctx, end = context.WithTimeout(ctx, left)
	}
	stop := context.AfterFunc(parent, func() {
		if errors.Is(parent.Err(), context.Canceled) {
			cancel()
		}
	})
	return ctx, func() { stop(); end(); cancel() }
}

// incompleteCommits names the checks whose commits or edits did not end well.
func (s *scan) incompleteCommits() []Incomplete {
	var list []Incomplete
	for _, c := range s.commits {
		in := Incomplete{s.plan().Checks()[c.check].Name, "error", c.err}
		switch {
		case !c.ended:
			in.Reason = "timeout"
		case checks.IsPanic(c.err):
			in.Reason = "panic"
		}
		list = append(list, in)
	}
	return list
}

// editFailed notes, once for a check, that an EditFunc of it panicked.
func (s *scan) editFailed(check int, err error) {
	if !slices.ContainsFunc(s.commits, func(c commitResult) bool { return c.check == check }) {
		s.commits = append(s.commits, commitResult{check: check, ended: true, err: err})
	}
}
