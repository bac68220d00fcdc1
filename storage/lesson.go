package storage

import (
	"fmt"
	"slices"
)

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
