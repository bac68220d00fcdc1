package storage

import (
	"context"
	"fmt"
	"slices"
)

// A Lesson is a message to learn.
type Lesson struct {
	Message string // identifies the message: a digest, any bytes
	// Class is where it belongs; "" takes back what was learned of the message.
	Class string
	// Aliases are names under which another program that shares the table may
	// have noted the message. A store in that program's layout (storage/redis in
	// Rspamd's) notes the class under all of them, and holds another class that it
	// finds under one for later than its own note; Tokens.Lesson finds them as well.
	// Other stores pass over them.
	Aliases []string
	// IDs are the message's tokens; repeated ones count once.
	IDs []uint64
	// Weight is what each token's count grows by, at least 0; 0 means 1. To move
	// or take back a lesson the store uses the IDs, the Weight and the Messages
	// that it noted when it learned.
	Weight int64
	// Messages is what the number of lessons grows by, at least 0; 0 means 1. Only
	// an import, which takes over what another filter counted, has more.
	Messages int64
}

// Learned tells what became of a lesson.
type Learned struct {
	// Was is the class that the message was learned in before, "" for none.
	Was string
	// Changed is false when the store knew the lesson already, or had nothing
	// to take back.
	Changed bool
}

// maxMessages is what a lesson counts as at most: sums of them stay exact.
const maxMessages = 1 << 40

// Check returns an error for a lesson that no store takes.
func (l Lesson) Check() error {
	if err := CheckKey(l.Message); err != nil {
		return fmt.Errorf("message of a lesson: %w", err)
	}
	if l.Class != "" {
		if err := CheckKey(l.Class); err != nil {
			return fmt.Errorf("class of a lesson: %w", err)
		}
	}
	if l.Weight < 0 {
		return fmt.Errorf("storage: lesson: weight %d is below 0", l.Weight)
	}
	if l.Messages < 0 || l.Messages > maxMessages {
		return fmt.Errorf("storage: lesson: it counts as %d messages, from 0 to %d", l.Messages, maxMessages)
	}
	return nil
}

// A LessonStep is what a store does to learn a lesson, in one atomic step: it
// changes the count of each of the IDs by Weight, and the number of lessons by
// Messages, down in the class From and up in the class To ("": in none). Then it
// notes under the message's name that it is learned in To with these IDs,
// this Weight and these Messages, or removes the note if To is "".
type LessonStep struct {
	From, To string
	IDs      []uint64 // sorted, each once
	Weight   int64
	Messages int64
	// Learned is the answer. If it is not Changed there is nothing to do.
	Learned Learned
}

// Step says how to learn a lesson whose message has the noted one, nil for
// none. It is what stores share of Tokens.Learn.
func (l Lesson) Step(noted *Lesson) LessonStep {
	s := LessonStep{To: l.Class}
	if noted != nil {
		s.From, s.IDs, s.Weight, s.Messages = noted.Class, noted.IDs, noted.Weight, max(1, noted.Messages)
	} else {
		s.IDs = slices.Compact(slices.Sorted(slices.Values(l.IDs)))
		s.Weight, s.Messages = max(1, l.Weight), max(1, l.Messages)
	}
	s.Learned = Learned{Was: s.From, Changed: s.From != s.To}
	return s
}

// An AliasReader is a Tokens that finds what another program has noted under
// Lesson.Aliases.
type AliasReader interface {
	// LessonAs is what the function LessonAs says.
	LessonAs(ctx context.Context, table, message string, aliases []string) (class string, err error)
}

// LessonAs is Tokens.Lesson for a message that has aliases, in one trip: a class
// under an alias that is another than the message's own counts for later, as in
// Learn. A store without an AliasReader's method knows no aliases.
func LessonAs(ctx context.Context, t Tokens, table, message string, aliases []string) (class string, err error) {
	if r, ok := t.(AliasReader); ok && len(aliases) > 0 {
		return r.LessonAs(ctx, table, message, aliases)
	}
	return t.Lesson(ctx, table, message)
}
