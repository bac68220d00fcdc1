package dnsscan

import "github.com/winnowmail/winnow/resolver"

// A Tally counts questions, and those that nobody answered so far.
type Tally struct{ Asked, Failed int }

// Add returns the sum of two tallies.
func (t Tally) Add(o Tally) Tally { return Tally{t.Asked + o.Asked, t.Failed + o.Failed} }

// Down reports whether most of the questions failed.
func (t Tally) Down() bool { return 2*t.Failed > t.Asked }

// Tally counts the questions that were asked in this part of the session, also
// those whose reply was known from an earlier one. "There is no such record" is
// an answer; a question that could not be asked does not count.
func (s *Session) Tally() (t Tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flights {
		if f.part != s.part {
			continue
		}
		failed, counts := f.failed()
		if counts {
			t.Asked++
		}
		if failed {
			t.Failed++
		}
	}
	return t
}

// failed reports whether nobody answered a question, and whether that says
// anything about DNS.
func (f *flight) failed() (failed, counts bool) {
	if !f.landed.Load() {
		return true, true
	}
	e, ok := f.reply.Err.(*resolver.Error)
	if !ok {
		return false, true
	}
	switch e.Kind {
	case resolver.KindNoDNS, resolver.KindBudget, resolver.KindUnsupported, resolver.KindCanceled:
		return false, false
	case resolver.KindLoop: // what was answered leads nowhere
		return false, true
	}
	return e.Temporary(), true
}
