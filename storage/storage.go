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
