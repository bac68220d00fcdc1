package winnow

import (
	"context"

	"github.com/winnowmail/winnow/bayes"
)

// Lesson is the first half of Learn: it checks a message and returns what
// Learner.LearnMany takes. To learn an archive, several goroutines make lessons
// and one gives them to the Learner in order. The tables are in the end the
// same as after one Learn after the other.
func (s *Scanner) Lesson(ctx context.Context, m *Message, class bayes.Class, o LearnOptions) (bayes.Lesson, error) {
	l, _, err := s.lesson(ctx, m, o)
	if err != nil {
		return bayes.Lesson{}, err
	}
	l.Class = class
	return l, nil
}
