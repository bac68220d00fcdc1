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

// commit runs what checks handed over with Task.Commit, one after the other in
// list order, for as long as ctx lasts.
func (s *scan) commit(ctx context.Context, res *Result) {
	var f *checks.Final
	for i := range s.results {
		list := s.out(i).Commits()
		if len(list) == 0 {
			continue
		}
		c := commitResult{check: i}
		if !s.cutCommits[s.plan().Checks()[i].Name] {
			if f == nil {
				f = res.final()
			}
			c.ended, c.err = s.commitOne(ctx, i, list, *f)
		}
		if !c.ended || c.err != nil {
			s.commits = append(s.commits, c)
		}
	}
}

func (s *scan) commitOne(ctx context.Context, i int, list []checks.CommitFunc, f checks.Final) (ended bool, err error) {
	name := s.plan().Checks()[i].Name
	f.Rcpts = slices.Clone(f.Rcpts)
	return s.scanner.within(ctx, name, func() error {
		return checks.Contain(name, func() (err error) {
			for _, commit := range list {
				if e := commit(ctx, f); e != nil {
					err = errors.Join(err, fmt.Errorf("check %s: commit: %w", name, e))
				}
			}
			return err
		})
	})
}

// final is the verdict as commits see it.
func (r *Result) final() *checks.Final {
	f := &checks.Final{Score: r.Score, Action: r.Action, PreResult: r.PreResult, Replayed: r.scan.rerun != nil}
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
