package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/symbols"
)

// An AutolearnForm says which messages are learned without a person's word. The
// forms are those of Rspamd's option autolearn.
type AutolearnForm int

// The forms.
const (
	// AutolearnAction learns as spam from the reject threshold on, and as ham below 0.
	AutolearnAction AutolearnForm = iota
	// AutolearnScore learns as spam from Spam on, and as ham up to Ham.
	AutolearnScore
	// AutolearnVerdict learns as spam a message that is to be rejected and has
	// at least two symbols that raise its score, and one that gets a header or
	// another subject and has at least three. It learns as ham a message to
	// which nothing is done and which has a score below 0 or at least four
	// symbols that lower it. Thresholds that are set have to be reached as
	// well.
	AutolearnVerdict
)

// AutolearnOptions say what Autolearn learns, and who is taught.
type AutolearnOptions struct {
	Form AutolearnForm
	// Spam and Ham are the thresholds of AutolearnScore, which needs both.
	// AutolearnVerdict takes them too, and Junk for messages that get a header
	// or another subject.
	Spam, Junk, Ham *float64
	// Balance keeps the classes of similar size: a class is not learned while
	// it has more than 1/Balance times as many lessons as the other. 0 means
	// that their sizes do not matter; 0.9 is usual in Rspamd.
	Balance float64
	// Learner and Classifiers are taught. They are to be those of the Scanner's
	// Options.
	Learner     *bayes.Learner
	Classifiers []statistics.Classifier
	// Tell, if set, is called with what was decided about each message, before
	// Scan returns. Several goroutines may call it at once.
	Tell func(*Result, AutolearnDecision)
}

// An AutolearnDecision says what Autolearn made of a message, and why.
type AutolearnDecision struct {
	// Class is the class that the message is to be learned as, "" if it is not
	// to be learned.
	Class bayes.Class
	// Score is the number that decided: the score of the message without its
	// statistics.
	Score float64
	// Why is a short explanation.
	Why string
	// Outcomes say what became of the lesson, by classifier; "bayes" is the
	// Learner.
	Outcomes map[string]bayes.Outcome
}

// Autolearn returns the After that learns messages by their own verdicts.
// Symbols of the group statistics do not count in the decision, so that what
// was learned before does not confirm itself. Messages that a pre-result
// decided, that were not checked to the end or that are in a class already are
// not learned.
func Autolearn(o AutolearnOptions) (After, error) {
	if err := o.validate(); err != nil {
		return After{}, fmt.Errorf("autolearn: %w", err)
	}
	return After{
		Name: "autolearn", Doc: "learns messages by their verdicts", Durable: true,
		Run: func(ctx context.Context, r *Result) error {
			d := o.decide(r)
			var err error
			if d.Class != "" {
				err = o.teach(ctx, r, &d)
			}
			if o.Tell != nil {
				o.Tell(r, d)
			}
			return err
		},
	}, nil
}

func (o *AutolearnOptions) validate() error {
	switch {
	case o.Learner == nil && len(o.Classifiers) == 0:
		return errors.New("neither Learner nor Classifiers")
	case o.Balance < 0 || o.Balance > 1:
		return fmt.Errorf("option Balance: %g is not between 0 and 1", o.Balance)
	}
	switch o.Form {
	case AutolearnAction:
		if o.Spam != nil || o.Ham != nil || o.Junk != nil {
			return errors.New("form AutolearnAction has no thresholds")
		}
	case AutolearnScore:
		switch {
		case o.Spam == nil || o.Ham == nil:
			return errors.New("form AutolearnScore needs Spam and Ham")
		case !(*o.Ham < *o.Spam):
			return fmt.Errorf("option Ham: %g is not below %g, which is Spam", *o.Ham, *o.Spam)
		case o.Junk != nil:
			return errors.New("form AutolearnScore has no Junk")
		}
	case AutolearnVerdict:
	default:
		return fmt.Errorf("form %d is unknown", o.Form)
	}
	return nil
}

// decide says what a message is to be learned as.
func (o *AutolearnOptions) decide(r *Result) AutolearnDecision {
	d := AutolearnDecision{Outcomes: map[string]bayes.Outcome{}}
	switch {
	case r.Skipped != "":
		d.Why = "nothing was checked"
		return d
	case r.PreResult != nil:
		d.Why = "a pre-result of " + r.PreResult.Check
		return d
	case len(r.Incomplete) > 0:
		d.Why = "check " + r.Incomplete[0].Check + " did not come to its end"
		return d
	}
	v := o.untaught(r)
	d.Score = v.score
	d.Class, d.Why = o.classOf(r, v)
	return d
}

// An untaught verdict is one without what was learned.
type untaught struct {
	score              float64
	positive, negative int // symbols
}

func (o *AutolearnOptions) untaught(r *Result) untaught {
	v := untaught{score: r.Score}
	for i := range r.Symbols {
		s := &r.Symbols[i]
		switch {
		case o.taught(s.Def):
			v.score -= s.Score
		case s.Score > 0:
			v.positive++
		case s.Score < 0:
			v.negative++
		}
	}
	return v
}

// taught reports whether a symbol tells what was learned.
func (o *AutolearnOptions) taught(d *symbols.Def) bool {
	if d == nil || slices.Contains(d.Groups, "statistics") {
		return d != nil
	}
	return slices.ContainsFunc(o.Classifiers, func(c statistics.Classifier) bool {
		for _, own := range c.Symbols {
			if own.Name == d.Name {
				return true
			}
		}
		return false
	})
}

func (o *AutolearnOptions) classOf(r *Result, v untaught) (class bayes.Class, why string) {
	reject, rejects := r.Thresholds[actions.Reject]
	rejects = rejects && v.score >= reject
	switch o.Form {
	case AutolearnAction:
		switch {
		case rejects:
			return bayes.Spam, fmt.Sprintf("score %.2f: at least %.2f, the threshold to reject", v.score, reject)
		case v.score < 0:
			return bayes.Ham, fmt.Sprintf("score %.2f: below 0", v.score)
		}
	case AutolearnScore:
		switch {
		case v.score >= *o.Spam:
			return bayes.Spam, fmt.Sprintf("score %.2f: at least %.2f", v.score, *o.Spam)
		case v.score <= *o.Ham:
			return bayes.Ham, fmt.Sprintf("score %.2f: at most %.2f", v.score, *o.Ham)
		}
	case AutolearnVerdict:
		return o.byVerdict(r, v, rejects)
	}
	return "", fmt.Sprintf("score %.2f: neither", v.score)
}

func (o *AutolearnOptions) byVerdict(r *Result, v untaught, rejects bool) (bayes.Class, string) {
	done := func(a actions.Action) bool { t, ok := r.Thresholds[a]; return ok && v.score >= t }
	marked := done(actions.AddHeader) || done(actions.RewriteSubject)
	switch {
	case rejects && v.positive > 1:
		if o.Spam != nil && v.score < *o.Spam {
			return "", fmt.Sprintf("spam by its verdict, but score %.2f is below %.2f", v.score, *o.Spam)
		}
		return bayes.Spam, fmt.Sprintf("score %.2f by %d symbols: to be rejected", v.score, v.positive)
	case !rejects && marked && v.positive > 2:
		if o.Junk != nil && v.score < *o.Junk {
			return "", fmt.Sprintf("junk by its verdict, but score %.2f is below %.2f", v.score, *o.Junk)
		}
		return bayes.Spam, fmt.Sprintf("score %.2f by %d symbols: junk", v.score, v.positive)
	case !rejects && !marked && !done(actions.Greylist) && (v.score < 0 || v.negative > 3):
		if o.Ham != nil && v.score > *o.Ham {
			return "", fmt.Sprintf("ham by its verdict, but score %.2f is above %.2f", v.score, *o.Ham)
		}
		return bayes.Ham, fmt.Sprintf("score %.2f, %d symbols that lower it", v.score, v.negative)
	}
	return "", fmt.Sprintf("score %.2f: neither by its verdict", v.score)
}

// teach learns a message by all whom neither balance nor their own opinion forbids.
func (o *AutolearnOptions) teach(ctx context.Context, r *Result, d *AutolearnDecision) error {
	var errs []error
	name := bayes.Digest(r.Message())
	if f, ok := statistics.Features.From(r); ok && o.Learner != nil {
		j, _ := r.Judgement()
		knows := d.Class == bayes.Spam && r.Has(statistics.Spam.Name) || d.Class == bayes.Ham && r.Has(statistics.Ham.Name)
		if outcome := o.allowed(d.Class, int64(j.Spam), int64(j.Ham), knows); outcome != "" {
			d.Outcomes["bayes"] = outcome
		} else {
			res, err := o.Learner.Learn(ctx, bayes.Lesson{Message: name, Features: f.Features, Class: d.Class, Source: bayes.Auto, User: r.scan.user()})
			d.Outcomes["bayes"] = res.Outcome
			errs = append(errs, err)
		}
	}
	for _, c := range o.Classifiers {
		opinion, ok := r.Opinion(c.Key())
		if !ok || !slices.Contains(c.Model.Classes(), string(d.Class)) {
			continue
		}
		knows := opinion.Class == string(d.Class) && opinion.Share > 0
		if outcome := o.allowed(d.Class, opinion.Lessons[string(bayes.Spam)], opinion.Lessons[string(bayes.Ham)], knows); outcome != "" {
			d.Outcomes[c.Key()] = outcome
			continue
		}
		res, err := c.Model.Teach(ctx, name, string(d.Class), r.Message(), false)
		d.Outcomes[c.Key()] = res.Outcome
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// allowed returns what forbids a lesson, "" if nothing does.
func (o *AutolearnOptions) allowed(class bayes.Class, spam, ham int64, knows bool) bayes.Outcome {
	if knows {
		return bayes.Known
	}
	more, less := spam, ham
	if class == bayes.Ham {
		more, less = ham, spam
	}
	if o.Balance > 0 && float64(more)/float64(less+1) > 1/o.Balance {
		return Unbalanced
	}
	return ""
}

// Unbalanced is the outcome of a lesson that AutolearnOptions.Balance forbids.
const Unbalanced bayes.Outcome = "unbalanced"
