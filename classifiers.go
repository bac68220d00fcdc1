package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/mail"
)

// Opinion returns what one of Options.Classifiers thinks of the message; ok is
// false if that was not asked or its store did not answer.
func (r *Result) Opinion(classifier string) (o bayes.Opinion, ok bool) {
	return (&statistics.Classifier{Name: classifier}).Opinion().From(r)
}

// A ClassifierState says what the Learner, or one of Options.Classifiers, has
// learned.
type ClassifierState struct {
	Name    string // "bayes" for the Learner
	Learner bool
	PerUser bool // it learns for single users too
	Classes []string
	Symbols []string         // of Classes
	Lessons map[string]int64 // by class; nil if the store did not answer
}

// LearnedBy returns what the Learner and Options.Classifiers have learned. An
// error tells that stores did not answer; the states of the others are returned
// beside it.
func (s *Scanner) LearnedBy(ctx context.Context) (list []ClassifierState, err error) {
	if s.opt.Learner != nil {
		st := s.opt.Learner.Stats()
		list = append(list, ClassifierState{
			Name: "bayes", Learner: true, PerUser: st.Users, Classes: []string{string(bayes.Spam), string(bayes.Ham)},
			Symbols: []string{statistics.Spam.Name, statistics.Ham.Name},
			Lessons: map[string]int64{string(bayes.Spam): int64(st.Spam), string(bayes.Ham): int64(st.Ham)},
		})
	}
	var errs []error
	for i := range s.opt.Classifiers {
		c := &s.opt.Classifiers[i]
		st := ClassifierState{Name: c.Key(), Classes: c.Model.Classes()}
		for _, class := range st.Classes {
			st.Symbols = append(st.Symbols, c.Symbol(class))
		}
		var err error
		if st.Lessons, err = c.Model.Lessons(ctx); err != nil {
			errs = append(errs, fmt.Errorf("classifier %s: %w", c.Key(), err))
		}
		list = append(list, st)
	}
	return list, errors.Join(errs...)
}

// learnAll teaches class to all that have it and that LearnOptions allow, or takes a
// message back where class is "".
func (s *Scanner) learnAll(ctx context.Context, m *Message, class bayes.Class, o LearnOptions) (bayes.LearnResult, error) {
	theirs := s.taught(class, o.Classifier)
	ours := s.learnerTakes(class, o.Classifier)
	if !ours && len(theirs) == 0 {
		return bayes.LearnResult{}, fmt.Errorf("%w: %q of classifier %q", ErrNoClass, class, o.Classifier)
	}
	var first *bayes.LearnResult
	if len(theirs) > 0 {
		own, name, err := s.parsed(ctx, m)
		if err != nil {
			return bayes.LearnResult{}, err
		}
		for _, c := range theirs {
			r, err := teachOne(ctx, &c, name, class, own, o)
			if err != nil {
				return bayes.LearnResult{}, err
			}
			if first == nil {
				first = &r
			}
		}
		next := *m // a reader is read once
		next.Body = FromBytes(own.Raw())
		m = &next
	}
	switch {
	case !ours:
		return *first, nil
	case class == "":
		return s.unlearn(ctx, m, o)
	}
	return s.learn(ctx, m, class, o)
}

// learnerTakes reports whether the Learner is meant by a class, "" being one of all,
// of a classifier.
func (s *Scanner) learnerTakes(class bayes.Class, classifier string) bool {
	return s.opt.Learner != nil && (classifier == "" || classifier == "bayes") && slices.Contains([]bayes.Class{"", bayes.Ham, bayes.Spam}, class)
}

// taught are the classifiers that have class, "" being one of all.
func (s *Scanner) taught(class bayes.Class, name string) (list []statistics.Classifier) {
	for _, c := range s.opt.Classifiers {
		if (name == "" || name == c.Key()) && (class == "" || slices.Contains(c.Model.Classes(), string(class))) {
			list = append(list, c)
		}
	}
	return list
}

func teachOne(ctx context.Context, c *statistics.Classifier, name string, class bayes.Class, m *mail.Message, o LearnOptions) (r bayes.LearnResult, err error) {
	if class == "" {
		r, err = c.Model.Forget(ctx, name, m)
	} else if why := o.Source.Refuses(class); why != "" {
		return bayes.LearnResult{Outcome: bayes.Refused, Reason: why}, nil
	} else {
		r, err = c.Model.Teach(ctx, name, string(class), m, o.Source == bayes.Import)
	}
	if err != nil {
		return r, fmt.Errorf("learn: classifier %s: %w", c.Key(), err)
	}
	return r, nil
}

// parsed reads a message and tells its name. It is the caller's own: whoever is
// given it as the next message reads it again.
func (s *Scanner) parsed(ctx context.Context, m *Message) (msg *mail.Message, name string, err error) {
	err = s.admitted(ctx, m, func(own *Message) error {
		raw, err := own.Body.read(s.maxSize)
		if err != nil {
			return err
		}
		msg = mail.Parse(raw, own.Envelope, s.opt.Limits)
		name = bayes.Digest(msg)
		return nil
	})
	return msg, name, err
}
