package naive

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/internal/lesson"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
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
	return c.lesson(tokens, func(ctx context.Context) (storage.Learned, error) { return c.Learn(ctx, name, class, tokens) }).Teach(ctx)
}

// Forget implements bayes.Classifier.
func (c *Classifier) Forget(ctx context.Context, name string, m *mail.Message) (bayes.LearnResult, error) {
	return c.lesson(Tokens(m), func(ctx context.Context) (storage.Learned, error) { return c.Unlearn(ctx, name) }).Forget(ctx)
}

func (c *Classifier) lesson(tokens []uint64, change func(context.Context) (storage.Learned, error)) lesson.Lesson {
	return lesson.Lesson{
		Opine:  func(ctx context.Context) (bayes.Opinion, error) { return c.opine(ctx, tokens) },
		Change: change, Few: ErrEmpty,
	}
}
