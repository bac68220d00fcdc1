// Package statistics asks what was learned from labelled mail about a message.
package statistics

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// The symbols. Their option is how sure the learner is, in percent, which by a
// curve is what they count.
var (
	Spam = &symbols.Def{
		Name: "BAYES_SPAM", Groups: []string{"statistics"}, Weight: 5.1,
		Doc: "The message is like mail that was learned as spam",
	}
	Ham = &symbols.Def{
		Name: "BAYES_HAM", Groups: []string{"statistics"}, Weight: -3,
		Doc: "The message is like mail that was learned as ham",
	}
	// Prior never comes together with the others.
	Prior = &symbols.Def{
		Name: "BAYES_PRIOR", Groups: []string{"statistics"}, Weight: 1,
		Doc: "Too little was learned yet, and the message is like spam elsewhere",
	}
)

// A Learner is asked; a *bayes.Learner is one.
type Learner interface {
	Features(m *mail.Message, raised []string) fused.Features
	Judge(f fused.Features, user string) bayes.Judgement
}

// Judgement is what the learner thinks of the message.
var Judgement = checks.Fact[bayes.Judgement]{Name: "bayes"}

// A Known is what the learner knows a message by.
type Known struct {
	fused.Features
	Raised []string // the symbols before the learner was asked
	User   string
}

// Features are what the learner knows the message by. They are not recorded: a
// replay has none.
var Features = checks.Fact[*Known]{Name: "bayes-features"}

// Lesson is seeded where a message is checked only to be learned: nobody is asked what
// was learned before.
var Lesson = checks.Fact[bool]{Name: "bayes-lesson"}

// slight is how far from one half a probability has to be for a symbol, as in
// Rspamd 4.1.6.
const slight = 0.05

// New returns the family that asks a learner; nil leaves the family without
// checks.
func New(l Learner) *checks.Family {
	f := &checks.Family{Name: "bayes", Doc: "what was learned from labelled mail"}
	if l == nil {
		return f
	}
	f.Checks = []*checks.Check{{
		Name:     "bayes",
		Doc:      "asks what was learned about messages like this one",
		Symbols:  []*symbols.Def{Spam, Ham, Prior},
		Stage:    checks.Classify,
		Requires: append(checks.Facts(Lesson), checks.AllSymbols()),
		Provides: []checks.AnyFact{Judgement, Features, Owner},
		Run: func(_ context.Context, t *checks.Task) error {
			if lesson, _ := Lesson.Get(t); lesson {
				know(l, t)
				return nil
			}
			j, ok := checks.Observe(t, "judgement", func() bayes.Judgement {
				k := know(l, t)
				return l.Judge(k.Features, k.User)
			})
			if !ok {
				return nil
			}
			if j.Unread {
				return bayes.ErrNotReady
			}
			Judgement.Set(t, j)
			report(t, j)
			return nil
		},
	}}
	return f
}

// know leaves what the learner knows the message by.
func know(l Learner, t *checks.Task) *Known {
	k := &Known{Raised: t.Names(), User: user(t)}
	k.Features = l.Features(t.Message(), k.Raised)
	Features.Set(t, k)
	return k
}

// report raises a symbol if the learner has an opinion. Until enough was learned
// it is the prior's, whose ham is not this mail's: it counts little, for spam
// alone, and no more than what was learned so far agrees with. A prior is seldom
// sure, so its curve is a straight line.
func report(t *checks.Task, j bayes.Judgement) {
	def, away, curve := Spam, j.Probability-.5, 8.0
	switch {
	case !j.Enough:
		def, away, curve = Prior, min(away, j.Prior-.5), 1
		if away < 0 {
			return
		}
	case away < 0:
		def = Ham
	}
	if !(math.Abs(away) > slight) {
		return
	}
	percent := math.Abs(away) * 200
	t.HitFactor(def, math.Pow(percent/100, curve), strconv.FormatFloat(percent, 'f', 2, 64)+"%")
}

// Owner is whom the message is for, where the host knows that better than the
// envelope tells: a mailbox's name, "" for nobody in particular.
var Owner = checks.Fact[string]{Name: "bayes-user"}

// user is the one whom a message is for.
func user(t *checks.Task) string {
	if owner, ok := Owner.Get(t); ok {
		return owner
	}
	return User(t.Envelope())
}

// User is the one whom a message is for by its envelope, "" if it is for several.
func User(e *mail.Envelope) string {
	if len(e.Rcpts) != 1 {
		return ""
	}
	return strings.ToLower(e.Rcpts[0])
}
