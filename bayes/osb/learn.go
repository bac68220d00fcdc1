package osb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/storage"
)

// Errors of Learn: the message was not learned.
var (
	// ErrShort: the message has fewer tokens than Options.MinTokens.
	ErrShort = errors.New("osb: too few tokens to learn")
	// ErrKnown: the message is in its class with at least 95 % already.
	ErrKnown = errors.New("osb: the class of the message is known already")
)

// knownFrom is the probability of its class from which on Rspamd learns no
// message.
const knownFrom = 0.95

// A Lesson is a message to learn.
type Lesson struct {
	// Message names it, as a digest does: a lesson counts once, and is taken out
	// of the other class when it is learned in a new one.
	Message string
	Class   string
	Tokens  []Token
	// Digests are what Rspamd notes the message under, of the function of that name.
	// A store in Rspamd's layout then finds what Rspamd learned, and tells it.
	Digests []string
	// Always learns what the Classifier knew well enough, as Rspamd does with
	// "Learn-Type: bulk".
	Always bool
}

// Learn adds a lesson, or moves it from the class that it was learned in; then
// Learned.Was tells that. Learning the same twice changes nothing.
func (c *Classifier) Learn(ctx context.Context, l Lesson) (storage.Learned, error) {
	if !slices.Contains(c.o.Classes, l.Class) {
		return storage.Learned{}, fmt.Errorf("osb: class %q: this classifier has %q", l.Class, c.o.Classes)
	}
	if len(l.Tokens) < c.o.MinTokens {
		return storage.Learned{}, fmt.Errorf("%w: %d of %d", ErrShort, len(l.Tokens), c.o.MinTokens)
	}
	was, err := c.was(ctx, l)
	if err != nil {
		return storage.Learned{}, err
	}
	if was == l.Class {
		return storage.Learned{Was: was}, nil
	}
	if !l.Always && was == "" {
		v, err := c.Classify(ctx, l.Tokens)
		if err != nil {
			return storage.Learned{}, err
		}
		if v.State == Judged && v.Shares[l.Class] >= knownFrom {
			return storage.Learned{}, fmt.Errorf("%w: %.2f", ErrKnown, v.Shares[l.Class])
		}
	}
	return c.put(ctx, storage.Lesson{Message: l.Message, Class: l.Class, IDs: idsOf(l.Tokens), Aliases: l.Digests})
}

// was returns the class that a message was learned in last, by Rspamd or here: what
// is noted under a digest and is not what was noted here, Rspamd noted since.
func (c *Classifier) was(ctx context.Context, l Lesson) (string, error) {
	class, err := storage.LessonAs(ctx, c.store, c.o.Table, l.Message, l.Digests)
	if err != nil {
		return "", fmt.Errorf("osb: %w", err)
	}
	return class, nil
}

// Unlearn takes back what was learned of a message here; what Rspamd learned it
// does not know by the name. Forget does.
func (c *Classifier) Unlearn(ctx context.Context, message string) (storage.Learned, error) {
	return c.put(ctx, storage.Lesson{Message: message})
}

func (c *Classifier) put(ctx context.Context, l storage.Lesson) (storage.Learned, error) {
	learned, err := c.store.Learn(ctx, c.o.Table, l)
	if err != nil {
		return learned, fmt.Errorf("osb: %w", err)
	}
	return learned, nil
}

func idsOf(tokens []Token) []uint64 {
	ids := make([]uint64, len(tokens))
	for i, t := range tokens {
		ids[i] = t.ID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
