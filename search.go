package winnow

import (
	"context"

	"github.com/winnowmail/winnow/checks"
)

// search finds the addresses in the message that JSON writes, if no check did,
// within the scan's time. What a Result shows is read by then or not at all: a
// message that took too long is not read on when somebody looks at its Result.
func (s *scan) search(ctx context.Context) {
	if s.step != checks.Data || s.skipped {
		return
	}
	if s.rerun != nil && s.rerun.t.Unsearched {
		s.unsearched = true
		return
	}
	m := s.state.Message
	if !m.Searched() {
		_, _ = s.scanner.within(ctx, "addresses", func() error { // what it can't read it has none of
			return checks.Contain("addresses", func() error { m.URLs(); return nil })
		})
	}
	s.unsearched = !m.Searched()
	s.timeUp = ctx.Err() != nil
}
