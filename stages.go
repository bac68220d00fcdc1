package winnow

import (
	"context"
	"math"
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// early runs the early checks, one priority after the other, until one ends
// the scan. Priorities in which none waits for anything run in one go, and what ran
// after the end is forgotten. They have three quarters of the time, so that the
// others get to see the message whatever DNS does; what needs nothing but the
// message runs after that too.
func (s *scan) early(ctx context.Context) {
	list := s.due(checks.Early)
	part, cancel := s.firstPart(ctx)
	defer cancel()
	for len(list) > 0 && !s.ended() {
		n := s.firstGo(list)
		if part.Err() == nil || s.anyWaits(list[:n]) {
			s.runStage(part, list[:n])
		} else {
			s.runStage(ctx, list[:n])
		}
		s.forgetAfterEnd(list[:n])
		list = list[n:]
	}
}

// firstGo returns how many of the early checks run in the first go: those of the
// highest priority and, while none of them waits for anything, of the next.
func (s *scan) firstGo(list []int) int {
	n := 0
	for n < len(list) {
		end := n + 1
		for end < len(list) && s.priority(list[end]) == s.priority(list[n]) {
			end++
		}
		waits := s.anyWaits(list[n:end])
		if waits && n > 0 {
			break
		}
		if n = end; waits {
			break
		}
	}
	return n
}

// firstPart returns a context that ends after three quarters of the time.
func (s *scan) firstPart(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, s.begun.Add(end.Sub(s.begun)*3/4))
}

func (s *scan) anyWaits(list []int) bool {
	return slices.ContainsFunc(list, func(i int) bool { return s.plan().Checks()[i].Needs.Waits() })
}

// forgetAfterEnd drops the findings of checks that count in no verdict, since
// their priority is lower than that of the check that ended the scan for the
// last of the recipients.
func (s *scan) forgetAfterEnd(list []int) {
	if !s.ended() {
		return
	}
	last := math.MaxInt
	for r := range s.want.all() {
		last = min(last, s.priority(s.ender(r)))
	}
	for _, j := range list {
		if s.priority(j) < last {
			s.results[j] = checkResult{}
		}
	}
	s.state.Withdraw()
	for i := range s.results {
		s.publish(s.results[i].out)
	}
}

func (s *scan) priority(i int) int { return s.plan().Checks()[i].Priority }

// ended reports whether early checks' pre-results ended the scan for
// everybody: one that does not count for a recipient ends nothing for them.
func (s *scan) ended() bool {
	for r := range s.want.all() {
		if s.ender(r) < 0 {
			return false
		}
	}
	return true
}

// ender returns the early check of the highest priority whose pre-result ends
// the scan under the rules, -1 if there is none.
func (s *scan) ender(r *rules) int {
	best := -1
	if r.passAll {
		return best
	}
	for _, i := range s.plan().Stage(checks.Early) {
		ends := func(p checks.Owned[actions.PreResult]) bool {
			return !p.Value.Least && !p.Value.ProcessAll && r.owns(i, p.Of)
		}
		if slices.ContainsFunc(s.out(i).PreResults, ends) && (best < 0 || s.priority(i) > s.priority(best)) {
			best = i
		}
	}
	return best
}

// late runs the late checks, which see the verdict as it stands.
func (s *scan) late(ctx context.Context, v *verdict) {
	list := s.due(checks.Late)
	if len(list) > 0 {
		s.showComposites(v)
		s.state.SetScores(v.sheet.ScoreOf)
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && s.priority(list[n]) == s.priority(list[0]) {
			n++
		}
		c := v.choose()
		s.state.SetVerdict(v.sheet.Total(), c.Action, c.By)
		s.runStage(ctx, list[:n])
		list = list[n:]
	}
}

// due returns the checks of a stage that run in this scan and have not run
// yet. Those that a replay knows to be cut off count as begun.
func (s *scan) due(st checks.Stage) []int {
	if s.order == nil {
		s.order = make([]int, 0, len(s.results))
	}
	list := s.order[len(s.order):] // stages have no check in common
	for _, i := range s.plan().Stage(st) {
		if s.skip[i] || s.results[i].ended {
			continue
		}
		if s.cutOff[s.plan().Checks()[i].Name] {
			s.results[i].begun, s.results[i].ran = true, s.rerun.ran(s.plan().Checks()[i].Name)
			continue
		}
		list = append(list, i)
	}
	if n := len(s.order) + len(list); n <= cap(s.order) {
		s.order = s.order[:n]
	}
	return list
}
