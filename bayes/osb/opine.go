package osb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/mail"
)

var _ bayes.Classifier = (*Classifier)(nil)

// Classes implements bayes.Classifier.
func (c *Classifier) Classes() []string { return slices.Clone(c.o.Classes) }

// Lessons implements bayes.Classifier.
func (c *Classifier) Lessons(ctx context.Context) (map[string]int64, error) {
	counts, err := c.store.Counts(ctx, c.o.Table, nil)
	if err != nil {
		return nil, fmt.Errorf("osb: %w", err)
	}
	return counts.Lessons, nil
}

// Opine implements bayes.Classifier.
func (c *Classifier) Opine(ctx context.Context, m *mail.Message, p bayes.Passed) (bayes.Opinion, error) {
	return c.opine(ctx, c.Tokens(m, Seen(p)))
}

func (c *Classifier) opine(ctx context.Context, tokens []Token) (bayes.Opinion, error) {
	v, err := c.Classify(ctx, tokens)
	if err != nil {
		return bayes.Opinion{}, err
	}
	o := bayes.Opinion{Class: v.Class, Shares: v.Shares, Lessons: v.Lessons}
	if v.State != Judged {
		o.State = v.State.String()
	}
	if share, option, ok := v.Symbol(); ok {
		o.Share, o.Option = share, option
	}
	return o, nil
}

// Teach implements bayes.Classifier. As in Rspamd what is known well enough is not
// learned, unless always.
func (c *Classifier) Teach(ctx context.Context, name, class string, m *mail.Message, always bool) (bayes.LearnResult, error) {
	tokens := c.Tokens(m, Seen{})
	before, err := c.opine(ctx, tokens)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	r := bayes.LearnResult{Outcome: bayes.Learned, Before: before.Probability(), After: before.Probability()}
	l, err := c.Learn(ctx, Lesson{Message: name, Class: class, Tokens: tokens, Always: always})
	r.Was = bayes.Class(l.Was)
	switch {
	case errors.Is(err, ErrShort):
		r.Outcome = bayes.TooFew
		return r, nil
	case errors.Is(err, ErrKnown):
		r.Outcome = bayes.Known
		return r, nil
	case err != nil:
		return bayes.LearnResult{}, err
	case !l.Changed:
		r.Outcome = bayes.Already
		return r, nil
	}
	return c.after(ctx, tokens, r)
}

// Forget implements bayes.Classifier.
func (c *Classifier) Forget(ctx context.Context, name string, m *mail.Message) (bayes.LearnResult, error) {
	tokens := c.Tokens(m, Seen{})
	before, err := c.opine(ctx, tokens)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	l, err := c.Unlearn(ctx, name)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	r := bayes.LearnResult{Outcome: bayes.Undone, Was: bayes.Class(l.Was), Before: before.Probability(), After: before.Probability()}
	if !l.Changed {
		r.Outcome = bayes.Unknown
		return r, nil
	}
	return c.after(ctx, tokens, r)
}

// after adds what is thought of a message now. That it can't be told is no error of
// the lesson, which is kept.
func (c *Classifier) after(ctx context.Context, tokens []Token, r bayes.LearnResult) (bayes.LearnResult, error) {
	if now, err := c.opine(ctx, tokens); err == nil {
		r.After = now.Probability()
	}
	return r, nil
}
