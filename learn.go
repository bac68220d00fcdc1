package winnow

import (
	"context"
	"errors"
	"fmt"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
)

// ErrNoLearner is of a Scanner without Options.Learner.
var ErrNoLearner = errors.New("winnow: no learner")

// Learn teaches the Learner that a message is of a class. The symbols that the
// checks raise on it are learned too, so it is checked as in a scan, up to the
// verdict; no After runs, and no check commits anything. Seeds that the scan of
// the message had belong here as well.
//
// Without an error the lesson is kept, or the outcome says why there is none. The
// error is the caller's mistake, the end of the context, or the store's; to repeat
// the call is right then, since a message counts once.
func (s *Scanner) Learn(ctx context.Context, m *Message, class bayes.Class, source bayes.Source, seeds ...checks.Seeded) (bayes.LearnResult, error) {
	name, f, err := s.lesson(ctx, m, seeds)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	r, err := s.opt.Learner.Learn(ctx, bayes.Lesson{Message: name, Features: f, Class: class, Source: source})
	if err != nil {
		return r, fmt.Errorf("learn: %w", err)
	}
	return r, nil
}

// Unlearn takes back what a message was learned as.
func (s *Scanner) Unlearn(ctx context.Context, m *Message, seeds ...checks.Seeded) (bayes.LearnResult, error) {
	name, f, err := s.lesson(ctx, m, seeds)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	r, err := s.opt.Learner.Unlearn(ctx, name, f)
	if err != nil {
		return r, fmt.Errorf("unlearn: %w", err)
	}
	return r, nil
}

// lesson returns a message's name and features.
func (s *Scanner) lesson(ctx context.Context, m *Message, seeds []checks.Seeded) (name string, f fused.Features, err error) {
	if s.opt.Learner == nil {
		return "", f, ErrNoLearner
	}
	if err := s.enter(); err != nil {
		return "", f, err
	}
	defer s.exit()
	if m == nil {
		return "", f, fmt.Errorf("%w: nil", ErrMessage)
	}
	room, err := s.admit(ctx, m)
	if err != nil {
		return "", f, err
	}
	defer room.release()
	if err := s.validSeeds(seeds); err != nil {
		return "", f, err
	}
	own := *m
	if err := s.fetch(&own, room); err != nil {
		return "", f, err
	}
	sc, err := s.prepare(ctx, &own, seeds, nil)
	if err != nil {
		return "", f, err
	}
	sc.lesson = true
	r, err := sc.run(ctx)
	if err != nil {
		return "", f, err
	}
	return bayes.Digest(r.Message()), s.featuresOf(r), nil
}

// featuresOf returns the features that the scan saw. Where it ended before, as
// after a pre-result, they are those of the message alone.
func (s *Scanner) featuresOf(r *Result) fused.Features {
	if f, ok := statistics.Features.From(r); ok {
		return *f
	}
	return s.opt.Learner.Features(r.Message(), nil, statistics.User(r.Message().Envelope()))
}

// Judgement returns what the Learner thinks of the message; ok is false if it was
// not asked.
func (r *Result) Judgement() (j bayes.Judgement, ok bool) { return statistics.Judgement.From(r) }
