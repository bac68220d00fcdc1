package winnow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/mail"
)

// ErrNoLearner tells that the Scanner has no Options.Learner, nor Classifiers
// where those could do the work. ErrNoClass tells that none of them has the
// class.
var (
	ErrNoLearner = errors.New("winnow: no learner")
	ErrNoClass   = errors.New("winnow: no such class")
)

// LearnOptions say where a label comes from and whose it is. The zero value is
// a correction by the user whom the message is for.
type LearnOptions struct {
	Source bayes.Source
	// Classifier names the one of Options.Classifiers that alone is taught, or
	// "bayes" for the Learner; "" means all that have the class.
	Classifier string
	// User is the user who labels the message; "" is the one whom the message
	// is for, as in a scan. Only a Learner with users asks for it.
	User string
	// Seeds are those that the scan of the message had.
	Seeds []checks.Seeded
	// Explain asks Learn for LearnResult.Moved, which costs about a
	// millisecond. A lesson by id has none, since the words of its message are
	// not kept.
	Explain bool
}

// Learn teaches the Learner that a message is of a class. The symbols that
// checks raise are learned too. If the message was scanned recently they are
// those of that scan (bayes.RecentOptions); otherwise the message is checked as
// in a scan, up to the verdict: no After runs and no check commits anything. A
// message of an archive (bayes.Import) is always checked.
//
// Without an error the lesson is kept, or the outcome says why there is none.
// An error is the caller's mistake, the end of the context, or the store's.
// After an error of the store or the context the call may be repeated, since a
// message counts once.
//
// Classifiers that have the class learn the message as well. The result is the
// Learner's or, without one, the first classifier's. Each keeps its own
// lessons, so to repeat what failed for one does not harm the others.
func (s *Scanner) Learn(ctx context.Context, m *Message, class bayes.Class, o LearnOptions) (bayes.LearnResult, error) {
	if len(s.opt.Classifiers) > 0 {
		return s.learnAll(ctx, m, class, o)
	}
	if s.opt.Learner != nil && !s.learnerTakes(class, o.Classifier) {
		return bayes.LearnResult{}, fmt.Errorf("%w: %q of classifier %q", ErrNoClass, class, o.Classifier)
	}
	return s.learn(ctx, m, class, o)
}

// learn teaches the Learner.
func (s *Scanner) learn(ctx context.Context, m *Message, class bayes.Class, o LearnOptions) (bayes.LearnResult, error) {
	l, why, err := s.lesson(ctx, m, o)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	l.Class = class
	if !o.Explain {
		return s.teach(ctx, l)
	}
	before := why(l.User)
	r, err := s.teach(ctx, l)
	if err == nil {
		r.Moved = fused.Moved(before, why(l.User), maxLearned)
	}
	return r, err
}

func (s *Scanner) teach(ctx context.Context, l bayes.Lesson) (bayes.LearnResult, error) {
	r, err := s.opt.Learner.Learn(ctx, l)
	if err != nil {
		return r, fmt.Errorf("learn: %w", err)
	}
	return r, nil
}

// Unlearn takes back what a message was learned as.
func (s *Scanner) Unlearn(ctx context.Context, m *Message, o LearnOptions) (bayes.LearnResult, error) {
	if len(s.opt.Classifiers) > 0 {
		return s.learnAll(ctx, m, "", o)
	}
	return s.unlearn(ctx, m, o)
}

func (s *Scanner) unlearn(ctx context.Context, m *Message, o LearnOptions) (bayes.LearnResult, error) {
	l, _, err := s.lesson(ctx, m, o)
	if err != nil {
		return bayes.LearnResult{}, err
	}
	return s.takeBack(ctx, l)
}

func (s *Scanner) takeBack(ctx context.Context, l bayes.Lesson) (bayes.LearnResult, error) {
	r, err := s.opt.Learner.Unlearn(ctx, l)
	if err != nil {
		return r, fmt.Errorf("unlearn: %w", err)
	}
	return r, nil
}

// Classify asks the Learner about a message without a scan. No check runs, so
// the Learner does without the symbols of a scan, with which its judgement is
// better. Of the LearnOptions only User counts.
func (s *Scanner) Classify(ctx context.Context, m *Message, o LearnOptions) (bayes.Judgement, error) {
	var j bayes.Judgement
	err := s.lent(ctx, m, func(own *Message) error {
		raw, err := own.Body.read(s.maxSize)
		if err != nil {
			return err
		}
		msg := mail.Parse(raw, own.Envelope, s.opt.Limits)
		user := o.User
		if user == "" {
			user = statistics.User(msg.Envelope())
		}
		j = s.opt.Learner.Judge(s.opt.Learner.Features(msg, nil), user)
		return nil
	})
	return j, err
}

// lent calls do with a message that was admitted and fetched, for the Learner.
func (s *Scanner) lent(ctx context.Context, m *Message, do func(own *Message) error) error {
	if s.opt.Learner == nil {
		return ErrNoLearner
	}
	return s.admitted(ctx, m, func(own *Message) error {
		if err := s.opt.Learner.Wake(ctx); err != nil {
			return fmt.Errorf("winnow: %w", err)
		}
		return do(own)
	})
}

// admitted calls do with a message that was admitted and fetched.
func (s *Scanner) admitted(ctx context.Context, m *Message, do func(own *Message) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.exit()
	if m == nil {
		return fmt.Errorf("%w: nil", ErrMessage)
	}
	room, err := s.admit(ctx, m)
	if err != nil {
		return err
	}
	defer room.release()
	own := *m
	if err := s.fetch(&own, room); err != nil {
		return err
	}
	return do(&own)
}

// lesson returns what is to be learned of a message, without a class, and how to
// explain it to a user.
func (s *Scanner) lesson(ctx context.Context, m *Message, o LearnOptions) (l bayes.Lesson, why func(user string) fused.Explanation, err error) {
	explain := func(m *mail.Message, raised []string) {
		why = func(user string) fused.Explanation { return s.opt.Learner.Explain(m, raised, user, 0) }
	}
	err = s.lent(ctx, m, func(own *Message) error {
		if err := s.validSeeds(o.Seeds); err != nil {
			return err
		}
		sc, err := s.prepare(ctx, own, append(slices.Clip(o.Seeds), checks.Seed(statistics.Lesson, true)), nil)
		if err != nil {
			return err
		}
		if seen, ok := s.scannedBefore(ctx, sc.state.Message, o.Source); ok {
			l = lessonOf(seen, o)
			explain(sc.state.Message, nil)
			if own := sc.user(); o.User == "" && own != "" {
				l.User = own
			}
			return nil
		}
		sc.lesson = true
		if _, err := sc.run(ctx); err != nil {
			return err
		}
		k := s.known(sc.state)
		l = bayes.Lesson{Message: bayes.Digest(sc.state.Message), Features: k.Features, Source: o.Source, User: o.User}
		if l.User == "" {
			l.User = sc.user()
		}
		explain(sc.state.Message, k.Raised)
		return nil
	})
	return l, why, err
}

// known returns by what a message is known that was checked. Where the checks ended
// before, as after a pre-result, that is the message alone.
func (s *Scanner) known(c *checks.State) *statistics.Known {
	if k, ok := statistics.Features.From(c); ok {
		return k
	}
	return &statistics.Known{Features: s.opt.Learner.Features(c.Message, nil)}
}

// user is whom the message is for.
func (s *scan) user() string {
	if v, ok := s.state.Fact(statistics.Owner.Name); ok {
		user, _ := v.(string)
		return user
	}
	return statistics.User(s.state.Message.Envelope())
}

// Learned returns what the Learner knows; zero without a Learner.
func (s *Scanner) Learned() bayes.Stats {
	if s.opt.Learner == nil {
		return bayes.Stats{}
	}
	return s.opt.Learner.Stats()
}

// Judgement returns what the Learner thinks of the message; ok is false if it
// was not asked.
func (r *Result) Judgement() (j bayes.Judgement, ok bool) { return statistics.Judgement.From(r) }

// Probability is the calibrated probability that the message is spam, from what
// was learned; ok is false if the Learner was not asked or does not know enough
// yet (Judgement).
func (r *Result) Probability() (p float64, ok bool) {
	j, ok := r.Judgement()
	return j.Probability, ok && j.Enough
}
