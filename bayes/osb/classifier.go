package osb

import (
	"context"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// What Options have where they say 0: Rspamd's own.
const (
	DefaultTable     = "RS"
	DefaultMinLearns = 200
	DefaultMinTokens = 11
	DefaultMinHits   = 2
	DefaultStrength  = 0.05
)

// The classes of a Classifier whose Options name none.
const (
	Spam = "spam"
	Ham  = "ham"
)

// Options describe a Classifier. The zero value is Rspamd 4.1.6 as it comes.
type Options struct {
	Dialect Dialect
	// Table is where the store keeps the counts, "" means RS, the name that
	// Rspamd uses; for a user's own the user's name follows it.
	Table string
	// Classes are told apart, at least two. Empty means spam and ham, for which
	// the formula is another than for classes that are named.
	Classes []string
	// MinLearns is how many lessons each class needs before anything is judged;
	// 0 means 200, below 0 none.
	MinLearns int
	// MinTokens is how many tokens a message needs to be judged or learned; 0
	// means 11, below 0 none.
	MinTokens int
	// MinHits is how often a token must have been learned to count; 0 means 2.
	MinHits int
	// Strength is how far from one half a token's probability must be to count; 0
	// means 0.05.
	Strength float64
}

// A Classifier judges and learns with the counts of a store. It keeps nothing
// itself and is safe for concurrent use.
type Classifier struct {
	o      Options
	store  storage.Tokens
	named  bool
	params params
}

// New returns a Classifier over store.
func New(store storage.Tokens, o Options) (*Classifier, error) {
	if o.Dialect != Rspamd416 && o.Dialect != Rspamd34 {
		return nil, fmt.Errorf("osb: unknown dialect %d", o.Dialect)
	}
	named := len(o.Classes) > 0
	if !named {
		o.Classes = []string{Spam, Ham}
	}
	o.Classes = slices.Clone(o.Classes)
	if len(o.Classes) < 2 {
		return nil, fmt.Errorf("osb: %d classes: two at least", len(o.Classes))
	}
	for i, c := range o.Classes {
		if c == "" || slices.Contains(o.Classes[:i], c) {
			return nil, fmt.Errorf("osb: class %q is empty or there twice", c)
		}
	}
	if o.Table == "" {
		o.Table = DefaultTable
	}
	if o.Strength < 0 || o.Strength >= .5 {
		return nil, fmt.Errorf("osb: strength %g: from 0 to below 0.5", o.Strength)
	}
	if o.Strength == 0 {
		o.Strength = DefaultStrength
	}
	o.MinLearns, o.MinTokens = usual(o.MinLearns, DefaultMinLearns), usual(o.MinTokens, DefaultMinTokens)
	o.MinHits = usual(o.MinHits, DefaultMinHits)
	return &Classifier{o: o, store: store, named: named, params: params{int64(o.MinHits), o.Strength}}, nil
}

func usual(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return max(n, 0)
}

// Tokens returns the tokens of a message in the Classifier's dialect.
func (c *Classifier) Tokens(m *mail.Message, seen Seen) []Token { return Tokens(m, c.o.Dialect, seen) }

// Classify judges a message by its tokens.
func (c *Classifier) Classify(ctx context.Context, tokens []Token) (Verdict, error) {
	v := Verdict{Probability: .5, Tokens: len(tokens)}
	ids := idsOf(tokens)
	counts, err := c.store.Counts(ctx, c.o.Table, ids)
	if err != nil {
		return v, fmt.Errorf("osb: %w", err)
	}
	v.Lessons = counts.Lessons
	if v.State = c.ready(tokens, counts.Lessons); v.State != Judged {
		return v, nil
	}
	if !c.named {
		c.judge(&v, tokens, ids, counts)
	} else {
		c.choose(&v, tokens, ids, counts)
	}
	return v, nil
}

// ready says whether there is enough to judge a message by.
func (c *Classifier) ready(tokens []Token, lessons map[string]int64) State {
	able := 0
	for _, class := range c.o.Classes {
		if lessons[class] >= int64(c.o.MinLearns) {
			able++
		}
	}
	switch {
	case len(tokens) < c.o.MinTokens:
		return FewTokens
	case !c.named && able < len(c.o.Classes) || able == 0:
		return FewLessons
	case !slices.ContainsFunc(tokens, func(t Token) bool { return !t.Meta }):
		return NoText
	}
	return Judged
}

// judge fills in what Rspamd's formula for spam and ham says.
func (c *Classifier) judge(v *Verdict, tokens []Token, ids []uint64, counts storage.Counts) {
	lessons := [2]int64{counts.Lessons[Spam], counts.Lessons[Ham]}
	spam, ham := counts.Tokens[Spam], counts.Tokens[Ham]
	var e evidence
	skip := metaPrevails(tokens)
	for _, t := range tokens {
		if t.Meta && skip {
			continue
		}
		i, _ := slices.BinarySearch(ids, t.ID)
		e.weigh(t, at(spam, i), at(ham, i), lessons, c.params)
	}
	v.Used = e.used
	if v.State = c.found(e.used, e.text); v.State != Judged {
		return
	}
	v.Probability = e.probability()
	v.Class, v.Sure = Spam, v.Probability
	if v.Probability < .5 {
		v.Class, v.Sure = Ham, 1-v.Probability
	}
	v.Shares = map[string]float64{Spam: v.Probability, Ham: 1 - v.Probability}
}

// choose fills in what Rspamd's formula for named classes says.
func (c *Classifier) choose(v *Verdict, tokens []Token, ids []uint64, counts storage.Counts) {
	n := len(c.o.Classes)
	e := classesOf{sums: make([]float64, n), lessons: make([]int64, n), able: make([]bool, n)}
	for k, class := range c.o.Classes {
		e.lessons[k] = counts.Lessons[class]
		e.able[k] = e.lessons[k] >= int64(c.o.MinLearns)
	}
	skip := metaPrevails(tokens)
	of := make([]int64, n)
	for _, t := range tokens {
		if t.Meta && skip {
			continue
		}
		i, _ := slices.BinarySearch(ids, t.ID)
		for k, class := range c.o.Classes {
			of[k] = at(counts.Tokens[class], i)
		}
		e.weigh(t, of, c.params)
	}
	v.Used = e.used
	if v.State = c.found(e.used, e.text); v.State != Judged {
		return
	}
	best, shares, sure := e.best()
	v.Class, v.Sure, v.named = c.o.Classes[best], sure, true
	v.Shares = make(map[string]float64, n)
	for k, class := range c.o.Classes {
		v.Shares[class] = shares[k]
	}
	v.Probability = v.Shares[Spam]
}

// found says whether enough of a message's tokens were known.
func (c *Classifier) found(used, text int) State {
	if used == 0 || text < c.o.MinTokens/10 {
		return Unknown
	}
	return Judged
}

// metaPrevails reports whether meta tokens are left out: where a message has
// hardly any others. Named classes make Rspamd leave out some of them by chance;
// here the verdict on a message is always the same.
func metaPrevails(tokens []Token) bool {
	meta := 0
	for _, t := range tokens {
		if t.Meta {
			meta++
		}
	}
	return len(tokens)-meta <= meta
}

func at(counts []int64, i int) int64 {
	if i >= len(counts) {
		return 0
	}
	return counts[i]
}
