package bayes

import (
	"context"

	"github.com/winnowmail/winnow/mail"
)

// A Classifier tells classes of mail apart by counts that a store keeps; there may
// be more than two. bayes/osb and bayes/naive have some. It is safe for concurrent
// use, and belongs to the program as a Learner does.
type Classifier interface {
	// Classes are those that it tells apart.
	Classes() []string
	// Lessons are those learned so far, by class. An error is the store's.
	Lessons(ctx context.Context) (map[string]int64, error)
	// Opine judges a message. An error is the store's.
	Opine(ctx context.Context, m *mail.Message, p Passed) (Opinion, error)
	// Teach learns a message as class, and takes back first what it had been
	// learned as. The name tells messages apart: their Digest. Always learns what
	// is known well enough too.
	Teach(ctx context.Context, name, class string, m *mail.Message, always bool) (LearnResult, error)
	// Forget takes back what a message was learned as.
	Forget(ctx context.Context, name string, m *mail.Message) (LearnResult, error)
}

// Passed is what a scan found out about a message's sender. The zero value leaves
// it to the message's Authentication-Results.
type Passed struct {
	Checked bool     // SPF and DKIM were checked: the fields below count
	SPF     bool     // SPF passed
	DKIM    []string // domains with a valid signature
}

// An Opinion is what a Classifier thinks of a message.
type Opinion struct {
	// State says why there is no verdict, "" if there is one: "not enough learned",
	// "too short" and the like.
	State string
	// Class is the likeliest, "" without a verdict, Shares are the probabilities by
	// class.
	Class  string
	Shares map[string]float64
	// Share is what share of the score of the class's symbol the verdict gives, and
	// Option the symbol's option; Share 0 means no symbol.
	Share  float64
	Option string
	// Lessons by class.
	Lessons map[string]int64
}

// Probability is that of spam, one half without a verdict.
func (o *Opinion) Probability() float64 {
	if o.State != "" {
		return .5
	}
	return o.Shares[string(Spam)]
}
