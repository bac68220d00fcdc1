package winnow

import (
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// cutShort returns what asks for at least a soft reject because the message was
// not looked at as it should be, nil if it was. DNS.SoftRejectOnTimeout decides
// where DNS, a store or the network did not answer in time or, DNS, at all.
// Where a check of the message alone did not end, or failed, and where any check
// panicked, the answer is always yes: otherwise a sender could choose not to be
// scanned.
//
// It looks only at what a replay knows too.
func (s *scan) cutShort() *actions.PreResult {
	soft := s.scanner.opt.DNS.SoftRejectOnTimeout
	open := s.unfinished()
	unexcused := func(i int) bool { return !s.excused(i, open) }
	switch {
	case soft && (len(open) > 0 || s.storeCut()), slices.ContainsFunc(open, unexcused):
		return &actions.PreResult{Action: actions.SoftReject, Least: true, Check: "task timeout", Message: "timeout processing message"}
	case s.broken(soft):
		return &actions.PreResult{Action: actions.SoftReject, Least: true, Check: "task failure", Message: "message could not be checked"}
	case soft && s.dnsDown:
		return &actions.PreResult{Action: actions.SoftReject, Least: true, Check: "dns", Message: "DNS does not answer"}
	}
	return nil
}

// broken reports whether a check failed that the message may have broken.
func (s *scan) broken(soft bool) bool {
	for i := range s.results {
		err := s.results[i].err
		if err != nil && (soft || !s.plan().Checks()[i].Needs.Waits() || checks.IsPanic(err)) {
			return true
		}
	}
	return false
}

// excused reports whether check i did not end because of the outside: it was
// waiting for that itself, or for the result of a check that was, or it would
// have run after one in whose time the scan ended.
func (s *scan) excused(i int, open []int) bool {
	if s.waited(i) {
		return true
	}
	return slices.ContainsFunc(open, func(j int) bool {
		return j != i && s.waited(j) && (s.before(j, i) || s.requires(i, j))
	})
}

// waited reports whether check i was cut off while it ran and is one that
// waits for the outside. A check that did not begin waited for nothing: the
// time was used up before.
func (s *scan) waited(i int) bool {
	return s.results[i].ran && s.plan().Checks()[i].Needs.Waits()
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
