package naive

import (
	"context"
	"errors"
	"fmt"
	"math"
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
		return nil, fmt.Errorf("naive: %w", err)
	}
	return counts.Lessons, nil
}

// Opine implements bayes.Classifier. It needs nothing of what a scan found.
func (c *Classifier) Opine(ctx context.Context, m *mail.Message, _ bayes.Passed) (bayes.Opinion, error) {
	return c.opine(ctx, Tokens(m))
}

// slight is how much surer than chance a verdict has to be for a symbol.
const slight = 0.1

// opine has the curve of Rspamd's statistics, from as likely as all others on.
func (c *Classifier) opine(ctx context.Context, tokens []uint64) (bayes.Opinion, error) {
	v, err := c.Classify(ctx, tokens)
	if err != nil {
		return bayes.Opinion{}, err
	}
	o := bayes.Opinion{Class: v.Class, Shares: v.Shares, Lessons: v.Lessons}
	if v.Class == "" {
		o.State = "nothing known"
		for _, class := range c.o.Classes {
			if v.Lessons[class] < int64(c.o.MinLearns) {
				o.State = "not enough learned"
			}
		}
		return o, nil
	}
	even := 1 / float64(len(c.o.Classes))
	if sure := (v.Shares[v.Class] - even) / (1 - even); sure > slight {
		o.Share, o.Option = math.Pow(sure, 8), fmt.Sprintf("%.2f%%", sure*100)
	}
	return o, nil
}

// Teach implements bayes.Classifier. Every message is learned.
func (c *Classifier) Teach(ctx context.Context, name, class string, m *mail.Message, _ bool) (bayes.LearnResult, error) {
	tokens := Tokens(m)
	before, err := c.opine(ctx, tokens)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	r := bayes.LearnResult{Outcome: bayes.Learned, Before: before.Probability(), After: before.Probability()}
	l, err := c.Learn(ctx, name, class, tokens)
	r.Was = bayes.Class(l.Was)
	switch {
	case errors.Is(err, ErrEmpty):
		r.Outcome = bayes.TooFew
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
	tokens := Tokens(m)
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
func (c *Classifier) after(ctx context.Context, tokens []uint64, r bayes.LearnResult) (bayes.LearnResult, error) {
	if now, err := c.opine(ctx, tokens); err == nil {
		r.After = now.Probability()
	}
	return r, nil
}
