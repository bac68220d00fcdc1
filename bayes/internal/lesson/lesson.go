// Package lesson has the steps by which classifiers over a store's counts learn a
// message and forget one.
package lesson

import (
	"context"
	"errors"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

// A Lesson is one message in the hands of one classifier.
type Lesson struct {
	// Opine says what the classifier thinks of the message now.
	Opine func(context.Context) (bayes.Opinion, error)
	// Change learns the message or takes it back.
	Change func(context.Context) (storage.Learned, error)
	// Few and Known are the errors of Change that are an outcome, each where it
	// is not nil: too little to learn from, and nothing new.
	Few, Known error
}

// Teach learns the message.
func (l Lesson) Teach(ctx context.Context) (bayes.LearnResult, error) {
	return l.steps(ctx, bayes.Learned, bayes.Already)
}

// Forget takes the message back.
func (l Lesson) Forget(ctx context.Context) (bayes.LearnResult, error) {
	return l.steps(ctx, bayes.Undone, bayes.Unknown)
}

// steps has the outcomes of a change and of none. What is thought of the message
// afterwards may fail to be told: that is no error of a lesson that is kept.
func (l Lesson) steps(ctx context.Context, changed, same bayes.Outcome) (bayes.LearnResult, error) {
	before, err := l.Opine(ctx)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	r := bayes.LearnResult{Outcome: changed, Before: before.Probability(), After: before.Probability()}
	done, err := l.Change(ctx)
	r.Was = bayes.Class(done.Was)
	switch {
	case l.Few != nil && errors.Is(err, l.Few):
		r.Outcome = bayes.TooFew
	case l.Known != nil && errors.Is(err, l.Known):
		r.Outcome = bayes.Known
	case err != nil:
		return bayes.LearnResult{}, err
	case !done.Changed:
		r.Outcome = same
	default:
		if now, err := l.Opine(ctx); err == nil {
			r.After = now.Probability()
		}
	}
	return r, nil
}
