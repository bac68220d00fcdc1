package bayes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
)

// keepLessons is how long the lesson of a message can be taken back. After that
// another label is learned beside the first.
const keepLessons = 180 * 24 * time.Hour

// A Lesson is a message to learn.
type Lesson struct {
	Message  string // names the message: its Digest
	Features fused.Features
	Class    Class
	Source   Source
	// User is whose lesson it is, "" for all: with Options.Users a message can be
	// ham to one and spam to another.
	User string
}

// An Outcome is what became of a lesson.
type Outcome string

// The outcomes.
const (
	Learned Outcome = "learned"
	Already Outcome = "already" // this message was learned as this class before
	Known   Outcome = "known"   // a correction of what the model is sure of anyway; it is noted, and no table changed
	TooFew  Outcome = "too few" // too little text to learn from
	Refused Outcome = "refused" // Reason says why
	Undone  Outcome = "undone"
	Unknown Outcome = "unknown" // there is no lesson to take back
)

// A LearnResult tells what became of a lesson.
type LearnResult struct {
	Outcome Outcome
	Reason  string // of Refused
	Was     Class  // as which the message had been learned before, "" if it was not
	// Before and After are the probabilities of spam.
	Before, After float64
	// Moved are the features whose contribution changed most, where that was asked
	// for (winnow.LearnOptions.Explain).
	Moved []fused.Change
}

var errNameless = errors.New("bayes: a lesson of a message without a name")

// Learn learns a message, and takes back first what it had been learned as. When
// it returns without an error, the lesson is in the store. After an error it may
// be there; to repeat the call is right then.
func (l *Learner) Learn(ctx context.Context, lesson Lesson) (LearnResult, error) {
	if r, fit, err := lesson.fit(); err != nil || !fit {
		return r, err
	}
	if err := l.enter(ctx); err != nil {
		return LearnResult{}, err
	}
	defer l.leave()
	return l.learnEntered(ctx, lesson)
}

// learnEntered is Learn for one who has the gate, of a lesson that is fit.
func (l *Learner) learnEntered(ctx context.Context, lesson Lesson) (LearnResult, error) {
	return l.changeEntered(ctx, lesson, func(f fused.Features) []fused.Event {
		events, _ := lesson.events(l.tables, f)
		return events
	})
}

// fit reports whether there is anything to learn, else the result says why not.
func (l *Lesson) fit() (r LearnResult, fit bool, err error) {
	if why := l.Source.refuses(l.Class); why != "" {
		return LearnResult{Outcome: Refused, Reason: why}, false, nil
	}
	if l.Message == "" {
		return LearnResult{}, false, errNameless
	}
	if len(l.Features.Tokens.Slots) == 0 { // An empty message has some.
		return LearnResult{}, false, fmt.Errorf("%w: a lesson without features", ErrNotReady)
	}
	if len(l.Features.Tokens.Slots) < minTokens || len(l.Features.Grams.Slots) < minGrams {
		return LearnResult{Outcome: TooFew}, false, nil
	}
	return LearnResult{}, true, nil
}

// events are what a model asks for to learn the lesson, whose features are f, and
// how likely spam it is to the model before.
func (l *Lesson) events(m *fused.Model, f fused.Features) (list []fused.Event, before float64) {
	e, v, ok := m.Learn(fused.Lesson{Features: f, Spam: l.Class == Spam, Sure: l.Source.sure()})
	if !ok {
		return nil, v.Probability
	}
	return []fused.Event{e}, v.Probability
}

// Unlearn takes back what a message was learned as, by that user. The features
// only tell what the result says of before and after; class and source have no
// meaning.
func (l *Learner) Unlearn(ctx context.Context, lesson Lesson) (LearnResult, error) {
	if lesson.Message == "" {
		return LearnResult{}, errNameless
	}
	if err := l.enter(ctx); err != nil {
		return LearnResult{}, err
	}
	defer l.leave()
	lesson.Class = ""
	r, err := l.changeEntered(ctx, lesson, func(fused.Features) []fused.Event { return nil })
	switch r.Outcome {
	case Already:
		r.Outcome = Unknown
	case Learned, Known:
		r.Outcome = Undone
	}
	return r, err
}

// tries is how often a change is begun anew because another process changed the
// lesson of the same message.
const tries = 10

// changeEntered makes a message one of class, "" for none: it takes back what it was
// learned as, and adds what learn asks for. The caller has the gate.
//
// The note comes before the entry in the journal, so that of two processes with
// the same message one waits for what the other did. A process that dies between
// the two leaves a note whose entry is missing; whoever reads it adds that first.
func (l *Learner) changeEntered(ctx context.Context, lesson Lesson, learn func(fused.Features) []fused.Event) (LearnResult, error) {
	if !l.opt.Users {
		lesson.User = ""
	}
	if lesson.User != "" {
		if _, err := l.readResets(ctx); err != nil {
			return LearnResult{}, err
		}
	}
	name, f := noteName(lesson.Message, lesson.User), l.tables.ForUser(lesson.Features, l.owner(lesson.User))
	for range tries {
		was, raw, err := l.noted(ctx, name)
		if err == nil {
			err = l.complete(ctx, name, was)
		}
		if err != nil {
			return LearnResult{}, err
		}
		r := LearnResult{Outcome: Learned, Was: was.class, Before: l.tables.Classify(f).Probability}
		if was.class == lesson.Class {
			r.Outcome, r.After = Already, r.Before
			return r, nil
		}
		now := note{
			class: lesson.Class, source: lesson.Source, time: l.opt.Clock(), times: was.times + 1, from: l.next,
			events: append(was.reverse(), learn(f)...),
		}
		swapped, err := l.note(ctx, name, raw, now)
		if err != nil {
			return LearnResult{}, err
		}
		if !swapped {
			continue
		}
		if !now.changes() {
			r.Outcome = Known
		}
		if len(now.events) > 0 {
			if err := l.append(ctx, name, now); err != nil {
				return LearnResult{}, err
			}
		}
		r.After = l.tables.Classify(f).Probability
		l.snapshot(ctx)
		return r, nil
	}
	return LearnResult{}, fmt.Errorf("bayes: lesson %q changes all the time", name)
}

// complete adds the entry of a note to the journal if the process that wrote the
// note did not come to it. Where the journal is trimmed beyond that time nobody
// can tell, and it is taken to be there.
func (l *Learner) complete(ctx context.Context, name string, n note) error {
	if len(n.events) == 0 {
		return nil
	}
	state, err := l.opt.Store.LogState(ctx, l.key("journal"))
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	if state.First > n.from {
		return nil
	}
	return l.append(ctx, name, n)
}

// append puts the events of a note into the journal, once, and applies what
// stands there up to them. It reads them back with what was applied before them.
func (l *Learner) append(ctx context.Context, name string, n note) error {
	data, err := marshal(n.events)
	if err != nil {
		return err
	}
	if _, err := l.opt.Store.Append(ctx, l.key("journal"), n.id(name), data); err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	return l.catchUp(ctx)
}
