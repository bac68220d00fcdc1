package storage

import (
	"context"
)

// Tokens are statistics of learned messages, by table (a classifier's, or a
// user's of it), class and token. A lesson is one message in one class.
type Tokens interface {
	// Counts returns, in one trip, how often each token was learned in each
	// class, and how many lessons each class has.
	Counts(ctx context.Context, table string, ids []uint64) (Counts, error)
	// Learn adds a lesson, moves it to another class or takes it back, all of
	// it or nothing, and once: repeating a call changes nothing. Lesson.Step
	// says what that means. A lesson that fails its Check is an error.
	Learn(ctx context.Context, table string, l Lesson) (Learned, error)
	// LearnMany is Learn for each lesson in order, in as few transactions as
	// the store can; an import uses it. On an error the lessons before
	// len(result) were learned.
	LearnMany(ctx context.Context, table string, ls []Lesson) ([]Learned, error)
	// Lesson returns the class that a message is learned in, "" for none or
	// one that is not known any more.
	Lesson(ctx context.Context, table, message string) (class string, err error)
	// DropTable removes a table with everything in it.
	DropTable(ctx context.Context, table string) error
}

// Counts answer Tokens.Counts.
type Counts struct {
	// Lessons is the number of lessons by class.
	Lessons map[string]int64
	// Tokens has for each class that any of the tokens has the counts in the
	// order of the ids asked for.
	Tokens map[string][]int64
}

// DefaultLessons is how many lessons a table remembers by default for being
// moved and taken back. What was learned before those stays in the counts; to
// take it back is ErrForgotten only where the store can tell.
const DefaultLessons = 200_000
