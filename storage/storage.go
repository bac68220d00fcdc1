// Package storage holds the small interfaces through which winnow keeps
// state (greylisting, rate limits, learned tokens, journals, history), and an
// in-memory implementation of all of them.
//
// Implementations on disk (storage/bolt) and in Redis (storage/redis) are
// packages of their own, so that a program links only what it uses. A store
// implements the interfaces that it can; Full makes a Store of it whose other
// methods return ErrUnsupported. Every implementation, a user's own too,
// passes storagetest.Run.
//
// Prefix gives each user of a store a part of its own, Timed bounds how long a
// scan waits for it, and WriteSnapshot and ReadSnapshot keep values that are
// larger than a KV takes.
//
// Keys, names, members and values are bytes: a Go string may hold any of
// them. Names of buckets, series, tables, logs, lists and sets obey CheckKey as keys
// do, and each kind has names of its own.
package storage

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors of a store; use errors.Is. Any other error means that the store could
// not be reached or is broken, and nothing is known about the key.
var (
	ErrNotFound    = errors.New("storage: no such key")
	ErrNotNumber   = errors.New("storage: value is not a number in range")
	ErrBadKey      = errors.New("storage: key is empty or too long")
	ErrTooLarge    = errors.New("storage: value is too large")
	ErrClosed      = errors.New("storage: closed")
	ErrTrimmed     = errors.New("storage: entry was trimmed")
	ErrForgotten   = errors.New("storage: lesson is not known any more")
	ErrUnsupported = errors.New("storage: the store can't do this")
	// ErrFull is of writes to a store that has no room left: memory's MaxBytes,
	// a disk, a server's limit. The write changed nothing.
	ErrFull = errors.New("storage: no room left")
	// ErrSuperseded is of a snapshot that did not come in force, since another
	// one did meanwhile or covers more.
	ErrSuperseded = errors.New("storage: snapshot is superseded")
	// ErrDamaged is of a snapshot of which something is missing or changed.
	ErrDamaged = errors.New("storage: snapshot is damaged")
	// ErrUnavailable is wrapped by errors of a store that is known to be down
	// and was not asked: its circuit is open, or the budget is spent.
	ErrUnavailable = errors.New("storage: store is unavailable")
)

// MaxKey is the longest key in bytes. Keys may hold any bytes.
const MaxKey = 1024

// MaxValue is the size in bytes up to which every store takes a value, a log
// entry or an item of a list.
const MaxValue = 1 << 20

// A KV is a store of small values by key. It is safe for concurrent use; each
// method is atomic for each key. A method returns ctx's error when ctx has
// ended. Values are copied in both directions: the caller may change what it
// gave and what it got.
//
// A ttl is how long a key lives from now on; 0 means for ever, a negative one
// that the key is gone at once.
type KV interface {
	// Get returns the value of key, or ErrNotFound.
	Get(ctx context.Context, key string) ([]byte, error)
	// GetMany returns the values of keys in their order, nil for the ones
	// that are not there. An empty value is not nil.
	GetMany(ctx context.Context, keys []string) ([][]byte, error)
	// Set stores value, whatever was there before.
	Set(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// Add stores value only if key is not there. It returns nil when it did,
	// else the value that is there, which is never nil.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (was []byte, err error)
	// CompareAndSwap stores value if the key holds old, and reports whether it
	// did. A nil old means that the key must not be there; a nil value removes
	// the key. It is for state that is rarely contended: Buckets and Increment
	// are for the rest.
	CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (swapped bool, err error)
	// Increment adds delta to the decimal number that key holds, written as
	// strconv.FormatInt does and none counting as 0, and returns the sum. The ttl is set only when that
	// makes the key. Another value, or a sum that leaves int64, is
	// ErrNotNumber and changes nothing.
	Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error)
	// Delete removes keys; missing ones are no error.
	Delete(ctx context.Context, keys ...string) error
	// Scan lists keys that begin with prefix, about n at a time (n < 1: the
	// store's choice), for operators' commands and sweeps, never in the scan of
	// a mail. cursor is "" at first, then the next of the call before, until
	// that is ""; a call may give no keys and not be the last. The order is
	// unspecified; a key that is there all the time is seen at least once,
	// perhaps more often.
	Scan(ctx context.Context, prefix, cursor string, n int) (keys []string, next string, err error)
}

// Buckets are leaky buckets: what limits of rates count in.
type Buckets interface {
	// Take leaks the bucket up to now and then adds N if the sum does not
	// exceed the burst; all of it in one atomic step, which Bucket.Take is the
	// arithmetic of. Without an error the Bucket is as the step left it. A time
	// before the bucket's last leaks nothing. A draw that fails its Check is an
	// error.
	Take(ctx context.Context, name string, d Draw, now time.Time) (Bucket, error)
	// Tune multiplies the bucket's factors within bounds (Rspamd's dynamic
	// limits), as Bucket.Tune does. A bucket that is not there is made, empty.
	// A tuning that fails its Check is an error.
	Tune(ctx context.Context, name string, t Tuning, now time.Time) (Bucket, error)
	// TakeAll is Take for several buckets, whose names differ, in one step: if
	// one of them has no room, nothing is added to any, except that a draw with
	// Over keeps the others from nothing. The Buckets are in the order of the
	// claims. A store that spreads over several servers, as a Redis Cluster does,
	// may take several trips and take back what it has added; others may see that.
	TakeAll(ctx context.Context, claims []Claim, now time.Time) ([]Bucket, error)
	// Settle gives back what was taken, and tunes, several buckets in one step, as
	// Bucket.Settle does. A bucket that is not there is not made to give back.
	Settle(ctx context.Context, ss []Settlement, now time.Time) error
	// Forget empties a bucket and sets its factors to 1.
	Forget(ctx context.Context, name string) error
}

// A Claim is what TakeAll asks of one bucket.
type Claim struct {
	Name string
	Draw
}

// A Settlement is what Settle does to one bucket.
type Settlement struct {
	Name string
	Back float64 // taken out of the bucket, at most all of it
	Tuning
}

// A Draw is what one Take asks for. Its numbers are finite and at least 0.
type Draw struct {
	Rate  float64 // leaks per second, at least 0
	Burst float64 // what the bucket holds
	// N is what is added. 0 only looks: the Bucket is as a draw would have left
	// it, and the store neither makes nor changes nor prolongs anything.
	N float64
	// Lasts is how long the bucket is kept from now on, by the store's clock; 0
	// means DefaultLasts.
	Lasts time.Duration
	// Over adds N also where there is no room.
	Over bool
	// Fixed takes the bucket's factors for 1.
	Fixed bool
	// Label is for operators: where there is no room it is kept with the bucket,
	// which otherwise may have no name but a digest. It has at most MaxLabel bytes.
	Label string
}

// MaxLabel is the longest label of a draw in bytes.
const MaxLabel = 512

// A Bucket is the state of a leaky bucket.
type Bucket struct {
	Level       float64
	RateFactor  float64 // multiplies Draw.Rate; 1 unless tuned
	BurstFactor float64 // multiplies Draw.Burst
	Time        time.Time
	// OK is false when the Take found no room; nothing was added then, unless the
	// draw had Over.
	OK bool
	// Filled is when a draw last found no room, zero if none did, and Label what
	// that draw said.
	Filled time.Time
	Label  string
	// First tells that this draw is the first of an incident that found no room.
	// An incident is over when no draw has found the bucket full for as long as
	// a full one takes to empty.
	First bool
}

// A Tuning multiplies a bucket's factors, 0 leaving one as it is; the results
// stay within [1/Max, Max] of their kind. A Max below 1 means 1. The numbers are
// finite and at least 0.
type Tuning struct {
	Rate, Burst       float64
	MaxRate, MaxBurst float64
	Lasts             time.Duration // as in Draw
}

// Averages are moving averages of what was observed, by series: what reputations
// are made of.
type Averages interface {
	// Observed returns, in one trip, what is known of each series in the order
	// asked for, with the averages of the windows that are named; one with a Count
	// of 0 is not known.
	Observed(ctx context.Context, of []SeriesOf) ([]Series, error)
	// Observe adds the observations, in as few transactions as the store can; each
	// of them in one atomic step, which Series.Observe is the arithmetic of. One
	// that fails its Check is an error, and none is done. After another error some
	// may be done. A store that loses the answer may count an observation again;
	// that does not change the averages.
	Observe(ctx context.Context, obs []Observation, now time.Time) error
}

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

// DefaultLessons is how many lessons a table remembers by default for being
// moved and taken back. What was learned before those stays in the counts; to
// take it back is ErrForgotten only where the store can tell.
const DefaultLessons = 200_000

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

// Recent are bounded lists, newest first: Rspamd's history.
type Recent interface {
	// Push puts an item in front and drops those beyond the newest keep; 0
	// keeps all.
	Push(ctx context.Context, list string, item []byte, keep int) error
	// Items returns up to n items after the newest skip ones. A skip or n below
	// 0 is as 0.
	Items(ctx context.Context, list string, skip, n int) ([][]byte, error)
}

// Ranked are sets of members with scores: Rspamd's known senders.
type Ranked interface {
	// Rank sets a member's score, which may be infinite but not NaN
	// (ErrNotNumber), drops the members with the lowest scores beyond keep (0:
	// keeps all), and makes the whole set last for ttl (0: for ever) from now
	// on. Of equal scores that of the member with the greater bytes is higher.
	// A ttl below 0 removes the set.
	Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error
	// RankOf returns a member's score, or ErrNotFound.
	RankOf(ctx context.Context, set, member string) (float64, error)
	// Members returns up to n members by falling score after the first skip. A
	// skip or n below 0 is as 0.
	Members(ctx context.Context, set string, skip, n int) ([]Member, error)
	// Unrank removes members; missing ones are no error.
	Unrank(ctx context.Context, set string, members ...string) error
}

// A Member is a member of a ranked set.
type Member struct {
	Name  string
	Score float64
}

// A Store does everything. Memory, and what the packages storage/bolt and
// storage/redis open, are Stores; Full makes one of any KV.
type Store interface {
	KV
	Buckets
	Averages
	Tokens
	Log
	Recent
	Ranked
	io.Closer
	// Stats tells how the store is; it never waits.
	Stats() Stats
}

// Stats tell how a store is.
type Stats struct {
	Kind string // "memory", "bolt", "redis"
	// Up is false while the store is known to be unreachable.
	Up bool
	// Err is the latest failure to reach the store, nil since it was last
	// reached; Since when that began.
	Err   error
	Since time.Time
	// Calls, Failed and Refused count since the start: calls, those of them
	// that ended in an error of the store, and those that were not tried
	// because it was down or a budget was spent.
	Calls, Failed, Refused int64
	// Keys and Bytes are what is stored, -1 where that is not known; Free is
	// what of a file is unused.
	Keys, Bytes, Free int64
	// Warnings are what an operator has to mend: a setting of the server under
	// which data may be lost.
	Warnings []string
}

// CheckKey returns ErrBadKey for a key that no store takes.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return ErrBadKey
	}
	return nil
}
