package winnow

import "context"

// empty is the result of a message of zero bytes.
func (s *scan) empty(ctx context.Context) *Result {
	res := s.result(s.judge(s.want.common, nil))
	res.Skipped = "empty message"
	return s.complete(ctx, res)
}

// onlyEmpty lets the few checks run that Rspamd puts to a message of zero
// bytes, which it does not skip.
func (s *scan) onlyEmpty() {
	skip := make([]bool, len(s.results))
	for i, c := range s.scanner.plan.Checks() {
		skip[i] = s.skip[i] || !c.Empty
	}
	s.skip, s.skipped = skip, false
}
