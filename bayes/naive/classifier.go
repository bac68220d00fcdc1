package naive

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/storage"
)

// The classes of a Classifier whose Options name none.
const (
	Spam = "spam"
	Ham  = "ham"
)

// DefaultMinLearns is how many lessons each class needs by default.
const DefaultMinLearns = 20

// ErrEmpty: a lesson has no tokens.
var ErrEmpty = errors.New("naive: nothing to learn from")

// Options describe a Classifier.
type Options struct {
	// Table is where the store keeps the counts; "" means "naive".
	Table string
	// Classes are told apart, at least two; empty means spam and ham.
	Classes []string
	// MinLearns is how many lessons each class needs before anything is judged;
	// 0 means 20, below 0 none.
	MinLearns int
}

// A Classifier judges and learns with the counts of a store. It keeps nothing
// itself and is safe for concurrent use.
type Classifier struct {
	store storage.Tokens
	o     Options
}

// New returns a Classifier over store.
func New(store storage.Tokens, o Options) (*Classifier, error) {
	if len(o.Classes) == 0 {
		o.Classes = []string{Spam, Ham}
	}
	o.Classes = slices.Clone(o.Classes)
	if len(o.Classes) < 2 {
		return nil, fmt.Errorf("naive: %d classes: two at least", len(o.Classes))
	}
	for i, c := range o.Classes {
		if c == "" || slices.Contains(o.Classes[:i], c) {
			return nil, fmt.Errorf("naive: class %q is empty or there twice", c)
		}
	}
	if o.Table == "" {
		o.Table = "naive"
	}
	if o.MinLearns == 0 {
		o.MinLearns = DefaultMinLearns
	}
	return &Classifier{store: store, o: o}, nil
}

// A Verdict is what a Classifier thinks of a message.
type Verdict struct {
	// Class is the likeliest, "" if a class has learned too little or none of
	// the tokens is known.
	Class string
	// Shares are the probabilities by class; nil where Class is "".
	Shares map[string]float64
	// Margin is the natural logarithm of how much likelier Class is than the next
	// one. It tells verdicts apart whose share is as good as 1.
	Margin  float64
	Lessons map[string]int64 // by class
	Used    int              // tokens that were known
}

// Classify judges a message by its tokens.
func (c *Classifier) Classify(ctx context.Context, tokens []uint64) (Verdict, error) {
	counts, err := c.store.Counts(ctx, c.o.Table, tokens)
	if err != nil {
		return Verdict{}, fmt.Errorf("naive: %w", err)
	}
	v := Verdict{Lessons: counts.Lessons}
	of, lessons := make([][]int64, len(c.o.Classes)), make([]int64, len(c.o.Classes))
	for i, class := range c.o.Classes {
		if lessons[i] = counts.Lessons[class]; lessons[i] < int64(c.o.MinLearns) {
			return v, nil
		}
		if of[i] = counts.Tokens[class]; of[i] == nil {
			of[i] = make([]int64, len(tokens))
		}
	}
	p, margin, used := shares(of, lessons)
	if v.Used = used; used == 0 {
		return v, nil
	}
	v.Shares = make(map[string]float64, len(p))
	best := 0
	for i, class := range c.o.Classes {
		v.Shares[class] = p[i]
		if p[i] > p[best] {
			best = i
		}
	}
	v.Class, v.Margin = c.o.Classes[best], margin
	return v, nil
}

// Learn adds a message, which a digest or the like names, to a class, or moves
// it there from the class that it was learned in. Learning the same twice changes
// nothing.
func (c *Classifier) Learn(ctx context.Context, message, class string, tokens []uint64) (storage.Learned, error) {
	if !slices.Contains(c.o.Classes, class) {
		return storage.Learned{}, fmt.Errorf("naive: class %q: this classifier has %q", class, c.o.Classes)
	}
	if len(tokens) == 0 {
		return storage.Learned{}, ErrEmpty
	}
	return c.put(ctx, storage.Lesson{Message: message, Class: class, IDs: tokens})
}

// Unlearn takes back what was learned of a message.
func (c *Classifier) Unlearn(ctx context.Context, message string) (storage.Learned, error) {
	return c.put(ctx, storage.Lesson{Message: message})
}

func (c *Classifier) put(ctx context.Context, l storage.Lesson) (storage.Learned, error) {
	learned, err := c.store.Learn(ctx, c.o.Table, l)
	if err != nil {
		return learned, fmt.Errorf("naive: %w", err)
	}
	return learned, nil
}
