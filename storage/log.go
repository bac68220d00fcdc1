package storage

import (
	"context"
	"time"
)

// A Log keeps named ordered lists of entries: training vectors, and the
// journal of what was learned, which all learners apply in the same order.
type Log interface {
	// Append adds an entry and returns its sequence number, which grows by one
	// with each entry and begins at 1. An id that the log's entries have gives
	// that entry's number again and changes nothing, so a call whose outcome is
	// unknown can be repeated; with an empty id every call adds an entry, and
	// no store repeats it on its own.
	Append(ctx context.Context, log, id string, data []byte) (seq uint64, err error)
	// ReadLog returns up to n entries from the number on (0 is as 1), in order;
	// none at the end or if n is below 1. It is ErrTrimmed when the first of them was trimmed.
	ReadLog(ctx context.Context, log string, from uint64, n int) ([]Entry, error)
	// NewestLog returns up to n entries before the number, newest first; 0
	// means from the end.
	NewestLog(ctx context.Context, log string, before uint64, n int) ([]Entry, error)
	// LogState tells what the log holds. Of a log that is not there First and
	// Next are 1.
	LogState(ctx context.Context, log string) (LogState, error)
	// TrimLog removes the oldest entries as long as Trim.Removes says so, and
	// returns how many. The numbers of a log that is empty go on.
	TrimLog(ctx context.Context, log string, t Trim) (removed int, err error)
}

// An Entry is one entry of a log.
type Entry struct {
	Seq  uint64
	ID   string
	Time time.Time // when it was appended, by the store's clock, in milliseconds
	Data []byte
}

// A LogState tells what a log holds.
type LogState struct {
	First uint64 // number of the oldest entry; Next when there is none
	Next  uint64 // number of the next entry
	Bytes int64  // of the entries' data
}

// A Trim says which entries go: those beyond the newest Keep (0: any number may
// stay) and those older than Before (zero: of any age may stay).
type Trim struct {
	Keep   int
	Before time.Time
	// Floor, if not 0, is a number from which on nothing is removed: that of
	// the snapshot in force.
	Floor uint64
}
