package winnow

import (
	"context"
	"errors"
	"slices"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/storage"
)

// TrapOptions say what becomes of mail to addresses that nobody uses.
type TrapOptions struct {
	// Symbols are those that mark such mail; nil means SPAMTRAP, the symbol of
	// the family spamtrap.
	Symbols []string
	// Learner and Classifiers are taught that the message is spam; they are to
	// be those of the Scanner's Options. A message that they have learned as
	// spam already is not learned again.
	Learner     *bayes.Learner
	Classifiers []statistics.Classifier
	// List, if set, keeps copies of the messages under the name TrapList, the
	// newest first: as many as Keep says, where 0 means 1,000. A message that
	// is longer than storage.MaxValue is not kept.
	List storage.Recent
	Keep int
}

// TrapList names the list of messages that TrapOptions.List keeps.
const TrapList = "spamtrap"

// LearnTraps returns the After that learns mail to spam traps as spam, for
// everybody and whatever its verdict is, and keeps a copy where
// TrapOptions.List is set. It runs before Scan returns.
func LearnTraps(o TrapOptions) (After, error) {
	switch {
	case o.Learner == nil && len(o.Classifiers) == 0 && o.List == nil:
		return After{}, errors.New("learn traps: neither Learner nor Classifiers nor List")
	case o.Keep < 0:
		return After{}, errors.New("learn traps: option Keep is negative")
	}
	o.Keep = orDefault(o.Keep, 1000)
	if o.Symbols == nil {
		o.Symbols = []string{"SPAMTRAP"}
	}
	return After{Name: "learn_traps", Doc: "learns and keeps mail to spam traps", Durable: true, Run: o.run}, nil
}

func (o *TrapOptions) run(ctx context.Context, r *Result) error {
	if !slices.ContainsFunc(o.Symbols, r.Has) {
		return nil
	}
	var errs []error
	name := bayes.Digest(r.Message())
	if f, ok := statistics.Features.From(r); ok && o.Learner != nil {
		_, err := o.Learner.Learn(ctx, bayes.Lesson{Message: name, Features: f.Features, Class: bayes.Spam, Source: bayes.Trap})
		errs = append(errs, err)
	}
	for _, c := range o.Classifiers {
		if slices.Contains(c.Model.Classes(), string(bayes.Spam)) {
			_, err := c.Model.Teach(ctx, name, string(bayes.Spam), r.Message(), false)
			errs = append(errs, err)
		}
	}
	if raw := r.Message().Raw(); o.List != nil && len(raw) <= storage.MaxValue {
		errs = append(errs, o.List.Push(ctx, TrapList, raw, o.Keep))
	}
	return errors.Join(errs...)
}
