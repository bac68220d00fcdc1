package bayes

import (
	"math"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/mail"
)

// A Judgement is what a Learner thinks of a message.
type Judgement struct {
	fused.Verdict
	// Unread tells that the store has not answered since the Learner was opened:
	// nothing is known, and that says nothing about the message.
	Unread bool `json:",omitempty"`
	// Enough is false while too few messages of a class are known; the
	// probability is no more than a hint then.
	Enough bool
	// Prior is the probability of spam that Options.Prior gives by itself, 0 once
	// Enough or if it knows nothing of the message. It ranks mail from the first
	// day on, but one half is not where its spam and this mail's ham part.
	Prior float64
}

// Features are those of a message, for all users; raised names the symbols of the
// scan before statistics. There are none while Ready says why.
func (l *Learner) Features(m *mail.Message, raised []string) fused.Features {
	t := l.model.Load()
	if t == nil {
		return fused.Features{}
	}
	return t.Features(m, raised, "")
}

// Judge returns what the Learner thinks of the features of a message; user is whom
// it is for, "" if that is not one person. It asks no store.
func (l *Learner) Judge(f fused.Features, user string) Judgement {
	t := l.model.Load()
	if t == nil {
		return Judgement{Verdict: fused.Verdict{Probability: .5}, Unread: true}
	}
	v := t.Classify(t.ForUser(f, l.owner(user)))
	j := Judgement{Verdict: v, Enough: min(v.Ham, v.Spam) >= MinLessons}
	if !j.Enough {
		if m := f.PriorLogOdds(); m != 0 {
			j.Prior = 1 / (1 + math.Exp(-m))
		}
	}
	return j
}

// Explain tells by what the Learner, as it is now, comes to its verdict; see
// fused.Model.Explain. The zero Explanation is of a Learner that Ready says why of.
func (l *Learner) Explain(m *mail.Message, raised []string, user string, n int) fused.Explanation {
	t := l.model.Load()
	if t == nil {
		return fused.Explanation{}
	}
	return t.Explain(m, raised, l.owner(user), n)
}

// Stats tell what a Learner knows.
type Stats struct {
	Ham, Spam int    // lessons of each class, without later ones that were known already
	Events    uint64 // of the journal, applied
	Users     bool   // as Options.Users
}

// Stats returns what the Learner knows; nothing while Ready says why.
func (l *Learner) Stats() Stats {
	t := l.model.Load()
	if t == nil {
		return Stats{Users: l.opt.Users}
	}
	v := t.Classify(fused.Features{})
	return Stats{Ham: v.Ham, Spam: v.Spam, Events: l.applied.Load(), Users: l.opt.Users}
}
