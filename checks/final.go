package checks

import (
	"context"

	"github.com/winnowmail/winnow/actions"
)

// A CommitFunc is what a check does once the verdict is final.
type CommitFunc = func(ctx context.Context, v Final) error

// Commit hands over work for the time when the verdict is final, such as adding
// to a counter. f runs at DATA only, not at the steps before it, and before
// Scan returns; ctx has what is left of the store's budget. f may use the
// Task's store, which records its calls, and nothing else of the Task. Checks
// commit at the same time, and one check's functions one after the other. An error
// is named in Result.Incomplete. f does not run when the check fails or is cut
// off, or when the caller gives up the scan.
func (t *Task) Commit(f CommitFunc) {
	out := t.report()
	out.commits = append(out.commits, f)
}

// Final is a verdict that does not change any more.
type Final struct {
	Score  float64
	Action actions.Action
	// PreResult is what decided instead of the score, nil if the score did.
	PreResult *actions.PreResult
	// Raising and Lowering are how many symbols raise and lower the score.
	Raising, Lowering int
	// ScoreOf returns what a symbol adds to Score, 0 for one that does not count.
	ScoreOf func(symbol string) float64
	Rcpts   []FinalRcpt // of all recipients, in envelope order
	// Replayed tells that the verdict is one of a replay: nobody is told of it.
	Replayed bool
}

// Refused reports whether nobody gets the message, or gets it only when it comes
// again.
func (f Final) Refused() bool {
	not := func(a actions.Action) bool {
		return a == actions.Reject || a == actions.SoftReject || a == actions.Discard
	}
	for _, r := range f.Rcpts {
		if !not(r.Action) {
			return false
		}
	}
	return not(f.Action)
}

// FinalRcpt is the verdict for one recipient.
type FinalRcpt struct {
	Address string
	Score   float64
	Action  actions.Action
}
