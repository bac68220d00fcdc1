package winnow

import (
	"context"

	"github.com/winnowmail/winnow/bayes"
)

// Lesson is the first half of Learn: it checks a message and returns what
// Learner.LearnMany takes. An archive is learned by many at once, of which each
// makes lessons, and one who gives them to the Learner in order: the tables in
// the end are those of one Learn after the other.
func (s *Scanner) Lesson(ctx context.Context, m *Message, class bayes.Class, o LearnOptions) (bayes.Lesson, error) {
	l, _, err := s.lesson(ctx, m, o)
	if err != nil {
		return bayes.Lesson{}, err
	}
	l.Class = class
	return l, nil
}
