package neural

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
)

// ErrNoVector is of a Result in which the family did not run: of a replay, or a
// Scanner without it.
var ErrNoVector = errors.New("neural: the scan has no vector")

// After returns the work that collects vectors of messages whose verdict is clear: an
// element of winnow.Options.After. A message that is put off, was not checked to its
// end, or was decided by a pre-result teaches nothing.
func (n *Nets) After() winnow.After {
	return winnow.After{
		Name: "neural", Doc: "collects what nets learn from", Reads: []checks.AnyFact{Fact}, Run: n.collect,
	}
}

func (n *Nets) collect(ctx context.Context, r *winnow.Result) error {
	v, ok := Fact.From(r)
	if !ok || r.Skipped != "" || r.PreResult != nil || len(r.Incomplete) > 0 || r.DNSDown ||
		r.Action == actions.SoftReject || r.Action == actions.Greylist {
		return nil
	}
	j := n.judgementOf(r)
	var errs []error
	for _, rule := range n.rules {
		if class := rule.classOf(j); class != "" {
			errs = append(errs, wrap(rule, n.push(ctx, rule, class, v, bayes.Digest(r.Message()), true)))
		}
	}
	return errors.Join(errs...)
}

// Learn gives all nets a message that a person has put in a class, spam or ham,
// whatever its verdict. It is one vector among many: there is no lesson to take back.
func (n *Nets) Learn(ctx context.Context, r *winnow.Result, class bayes.Class) error {
	v, ok := Fact.From(r)
	if !ok {
		return ErrNoVector
	}
	return n.Add(ctx, v, class, bayes.Digest(r.Message()))
}

// Add gives all nets a vector of spam or ham. The id is that of its message: the same
// one counts once.
func (n *Nets) Add(ctx context.Context, v *Vector, class bayes.Class, id string) error {
	if class != bayes.Spam && class != bayes.Ham {
		return fmt.Errorf("neural: class %q is neither spam nor ham", class)
	}
	var errs []error
	for _, rule := range n.rules {
		errs = append(errs, wrap(rule, n.push(ctx, rule, class, v, id, false)))
	}
	return errors.Join(errs...)
}

// A judgement is a verdict without what nets had to say in it.
type judgement struct {
	score              float64
	positive, negative int // symbols
	thresholds         actions.Thresholds
}

func (n *Nets) judgementOf(r *winnow.Result) judgement {
	j := judgement{score: r.Score, thresholds: r.Thresholds}
	for i := range r.Symbols {
		s := &r.Symbols[i]
		switch {
		case n.exclude[s.Name]:
			j.score -= s.Score
		case s.Score > 0:
			j.positive++
		case s.Score < 0:
			j.negative++
		}
	}
	return j
}

// classOf says what a message is to be learned as, "" for nothing.
func (r *Rule) classOf(j judgement) bayes.Class {
	reaches := func(list ...actions.Action) bool {
		return slices.ContainsFunc(list, func(a actions.Action) bool { t, ok := j.thresholds[a]; return ok && j.score >= t })
	}
	rejects, marked := reaches(actions.Reject), reaches(actions.AddHeader, actions.RewriteSubject)
	acted := rejects || marked || reaches(actions.Greylist)
	spam := rejects && j.positive > 1 || marked && j.positive > 2
	ham := !acted && (j.score < 0 || j.negative > 3)
	if r.SpamScore != nil {
		spam = j.score >= *r.SpamScore
	}
	if r.HamScore != nil {
		ham = j.score <= *r.HamScore
	}
	switch {
	case spam:
		return bayes.Spam
	case ham:
		return bayes.Ham
	}
	return ""
}

// logOf is the log of a rule's vectors of a class.
func (r *Rule) logOf(class bayes.Class) string { return "neural:" + r.Name + ":" + string(class) }

// push adds a vector, unless there are enough of its class. Where they are more than
// of the other one it is left out by a chance that keeps them alike, as Rspamd does;
// the chance is the message's own.
func (n *Nets) push(ctx context.Context, r *trained, class bayes.Class, v *Vector, id string, balanced bool) error {
	other := bayes.Spam
	if class == bayes.Spam {
		other = bayes.Ham
	}
	mine, err := n.count(ctx, r, class)
	if err != nil {
		return err
	}
	if mine > r.MaxTrains {
		return nil
	}
	if balanced {
		theirs, err := n.count(ctx, r, other)
		if err != nil {
			return err
		}
		if mine > theirs && chance(id+r.Name) < 1-float64(theirs)/float64(mine+1) {
			return nil
		}
	}
	data, err := v.marshal()
	if err != nil {
		return err
	}
	_, err = n.o.Store.Append(ctx, r.logOf(class), id, data)
	return err
}

func (n *Nets) count(ctx context.Context, r *trained, class bayes.Class) (int, error) {
	st, err := n.o.Store.LogState(ctx, r.logOf(class))
	return int(st.Next - st.First), err
}

// chance is a number from 0 to 1 that depends on a text alone.
func chance(s string) float64 {
	h := uint64(len(s))
	for _, c := range []byte(s) {
		h = mix(h ^ uint64(c))
	}
	return float64(h>>11) / (1 << 53)
}
