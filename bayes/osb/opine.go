package osb

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	tokens, digests := c.read(m)
	return c.lesson(tokens, func(ctx context.Context) (storage.Learned, error) {
		return c.Learn(ctx, Lesson{Message: name, Class: class, Tokens: tokens, Digests: digests, Always: always})
	}).Teach(ctx)
}

// Forget implements bayes.Classifier.
func (c *Classifier) Forget(ctx context.Context, name string, m *mail.Message) (bayes.LearnResult, error) {
	tokens, digests := c.read(m)
	return c.lesson(tokens, func(ctx context.Context) (storage.Learned, error) {
		return c.put(ctx, storage.Lesson{Message: name, IDs: idsOf(tokens), Aliases: digests})
	}).Forget(ctx)
}

// read returns a message's tokens and, for a table that is named as Rspamd's are, its
// digests.
func (c *Classifier) read(m *mail.Message) (tokens []Token, digests []string) {
	user, ok := strings.CutPrefix(c.o.Table, DefaultTable)
	if !ok {
		return c.Tokens(m, Seen{}), nil
	}
	return c.o.Dialect.digested(m, user)
}

func (c *Classifier) lesson(tokens []Token, change func(context.Context) (storage.Learned, error)) lesson.Lesson {
	return lesson.Lesson{
		Opine:  func(ctx context.Context) (bayes.Opinion, error) { return c.opine(ctx, tokens) },
		Change: change, Few: ErrShort, Known: ErrKnown,
	}
}
