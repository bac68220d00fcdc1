package winnow

import (
	"slices"

	"github.com/winnowmail/winnow/checks"
)

// cutShort reports whether checks were cut off in a way that asks for at least
// a soft reject. DNS.SoftRejectOnTimeout decides where DNS, a store or the
// network was too slow. Where the message itself took too long, the answer is
// always yes: otherwise a sender could avoid being scanned.
//
// It looks only at what a replay knows too: which checks did not end.
func (s *scan) cutShort() bool {
	if s.scanner.opt.DNS.SoftRejectOnTimeout && s.storeCut() {
		return true
	}
	open := s.unfinished()
	if len(open) == 0 || s.scanner.opt.DNS.SoftRejectOnTimeout {
		return len(open) > 0
	}
	return slices.ContainsFunc(open, func(i int) bool { return !s.waitedFor(i, open) })
}

// waitedFor reports whether check i did not end because of the outside: it
// waits for that itself, for the result of a check that does, or it would have
// run after one in whose time the scan ended.
func (s *scan) waitedFor(i int, open []int) bool {
	if s.plan().Checks()[i].Needs.Waits() {
		return true
	}
	return slices.ContainsFunc(open, func(j int) bool {
		return j != i && s.plan().Checks()[j].Needs.Waits() && (s.before(j, i) || s.requires(i, j))
	})
}

// before reports whether check j is of an earlier stage than i, or of an
// earlier priority in one that goes by priorities.
func (s *scan) before(j, i int) bool {
	a, b := s.plan().Checks()[j], s.plan().Checks()[i]
	if a.Stage != b.Stage {
		return stageTime(a.Stage) < stageTime(b.Stage)
	}
	switch a.Stage {
	case checks.Early:
		return a.Priority > b.Priority
	case checks.Late:
		return a.Priority < b.Priority
	}
	return false
}

func stageTime(st checks.Stage) int {
	return slices.Index([]checks.Stage{checks.Early, checks.Main, checks.Classify, checks.Late}, st)
}

// requires reports whether check i waits for check j, directly or through
// others.
func (s *scan) requires(i, j int) bool {
	return slices.ContainsFunc(s.plan().Waits(i), func(k int) bool { return k == j || s.requires(k, j) })
}
