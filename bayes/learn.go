package bayes

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
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
}

// Learn learns a message, and takes back first what it had been learned as. When
// it returns without an error, the lesson is in the store. After an error it may
// be there; to repeat the call is right then.
func (l *Learner) Learn(ctx context.Context, lesson Lesson) (LearnResult, error) {
	if why := lesson.Source.refuses(lesson.Class); why != "" {
		return LearnResult{Outcome: Refused, Reason: why}, nil
	}
	if lesson.Message == "" {
		return LearnResult{}, errors.New("bayes: a lesson of a message without a name")
	}
	f := lesson.Features
	if len(f.Tokens.Slots) < minTokens || len(f.Grams.Slots) < minGrams {
		return LearnResult{Outcome: TooFew}, nil
	}
	return l.change(ctx, lesson.Message, f, lesson.Class, func() []fused.Event {
		e, _, ok := l.model.Learn(fused.Lesson{Features: f, Spam: lesson.Class == Spam, Sure: lesson.Source.sure()})
		if !ok {
			return nil
		}
		return []fused.Event{e}
	})
}

// Unlearn takes back what a message was learned as. Its features only tell what
// the result says of before and after.
func (l *Learner) Unlearn(ctx context.Context, message string, f fused.Features) (LearnResult, error) {
	r, err := l.change(ctx, message, f, "", func() []fused.Event { return nil })
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

// change makes a message one of class, "" for none: it takes back what it was
// learned as, and adds what learn asks for.
//
// The note comes before the entry in the journal, so that of two processes with
// the same message one waits for what the other did. A process that dies between
// the two leaves a note whose entry is missing; whoever reads it adds that first.
func (l *Learner) change(ctx context.Context, message string, f fused.Features, class Class, learn func() []fused.Event) (LearnResult, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range tries {
		was, raw, err := l.noted(ctx, message)
		if err == nil {
			err = l.complete(ctx, message, was)
		}
		if err != nil {
			return LearnResult{}, err
		}
		r := LearnResult{Outcome: Learned, Was: was.class, Before: l.model.Classify(f).Probability}
		if was.class == class {
			r.Outcome, r.After = Already, r.Before
			return r, nil
		}
		now := note{class: class, times: was.times + 1, from: l.next, events: append(was.reverse(), learn()...)}
		swapped, err := l.note(ctx, message, raw, now)
		if err != nil {
			return LearnResult{}, err
		}
		if !swapped {
			continue
		}
		if !slices.ContainsFunc(now.events, func(e fused.Event) bool { return !e.Empty() }) {
			r.Outcome = Known
		}
		if len(now.events) > 0 {
			if err := l.append(ctx, message, now); err != nil {
				return LearnResult{}, err
			}
		}
		r.After = l.model.Classify(f).Probability
		l.snapshot(ctx)
		return r, nil
	}
	return LearnResult{}, fmt.Errorf("bayes: lesson %s changes all the time", message)
}

// complete adds the entry of a note to the journal if the process that wrote the
// note did not come to it. Where the journal is trimmed beyond that time nobody
// can tell, and it is taken to be there.
func (l *Learner) complete(ctx context.Context, message string, n note) error {
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
	return l.append(ctx, message, n)
}

// append puts the events of a note into the journal, once, and applies what
// stands there up to them.
func (l *Learner) append(ctx context.Context, message string, n note) error {
	data, err := marshal(n.events)
	if err != nil {
		return err
	}
	seq, err := l.opt.Store.Append(ctx, l.key("journal"), fmt.Sprintf("%s %d %d", message, n.times, n.from), data)
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	if seq == l.next {
		l.apply(storage.Entry{Seq: seq, Data: data})
		return nil
	}
	if seq < l.next {
		return nil
	}
	return l.catchUp(ctx)
}

// A note is what the store knows of a message's lesson.
type note struct {
	class  Class
	times  uint32 // changes so far
	from   uint64 // number of the journal at which the latest change may stand, or later
	events []fused.Event
}

// reverse returns the events that take the lesson back.
func (n *note) reverse() []fused.Event {
	for _, e := range n.events {
		if !e.Undo {
			return []fused.Event{e.Reverse()}
		}
	}
	return nil
}

const (
	noteVersion = 1
	noteHead    = 2 + 4 + 8
)

// noted returns the note of a message, and its bytes.
func (l *Learner) noted(ctx context.Context, message string) (n note, raw []byte, err error) {
	raw, err = l.opt.Store.Get(ctx, l.key("lesson/")+message)
	if errors.Is(err, storage.ErrNotFound) {
		return note{}, nil, nil
	}
	if err != nil {
		return note{}, nil, fmt.Errorf("bayes: lesson: %w", err)
	}
	if len(raw) < noteHead || raw[0] != noteVersion || raw[1] > 2 {
		return note{}, nil, fmt.Errorf("bayes: the note of lesson %s can't be read", message)
	}
	n = note{class: [...]Class{"", Ham, Spam}[raw[1]], times: binary.LittleEndian.Uint32(raw[2:]), from: binary.LittleEndian.Uint64(raw[6:])}
	if n.events, err = unmarshal(raw[noteHead:]); err != nil {
		return note{}, nil, fmt.Errorf("bayes: the note of lesson %s: %w", message, err)
	}
	return n, raw, nil
}

// note replaces the note of a message, unless it is not what it was.
func (l *Learner) note(ctx context.Context, message string, was []byte, n note) (swapped bool, err error) {
	class := byte(0)
	switch n.class {
	case Ham:
		class = 1
	case Spam:
		class = 2
	}
	b := binary.LittleEndian.AppendUint32([]byte{noteVersion, class}, n.times)
	b = binary.LittleEndian.AppendUint64(b, n.from)
	data, err := marshal(n.events)
	if err != nil {
		return false, err
	}
	if swapped, err = l.opt.Store.CompareAndSwap(ctx, l.key("lesson/")+message, was, append(b, data...), keepLessons); err != nil {
		return false, fmt.Errorf("bayes: lesson: %w", err)
	}
	return swapped, nil
}
