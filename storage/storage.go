// Package storage holds the small interfaces through which winnow keeps
// state (greylisting, rate limits, learned tokens, history), and an in-memory
// implementation of them.
//
// Implementations on disk and in Redis are packages of their own below this
// one, so that a program links only what it uses. Every one of them, a user's
// own too, passes storagetest.Run.
package storage

import (
	"context"
	"errors"
	"time"
)

// Errors of a KV; use errors.Is. Any other error means that the store could
// not be reached or is broken, and nothing is known about the key.
var (
	ErrNotFound  = errors.New("storage: no such key")
	ErrNotNumber = errors.New("storage: value is not a number in range")
	ErrBadKey    = errors.New("storage: key is empty or too long")
	ErrTooLarge  = errors.New("storage: value is too large")
	ErrClosed    = errors.New("storage: closed")
)

// MaxKey is the longest key in bytes. Keys may hold any bytes.
const MaxKey = 1024

// MaxValue is the size in bytes up to which every store takes a value.
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
	// Add stores value only if key is not there, and reports whether it did.
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) (added bool, err error)
	// Increment adds delta to the decimal number that key holds, none
	// counting as 0, and returns the sum. The ttl is set only when that
	// makes the key. Another value, or a sum that leaves int64, is
	// ErrNotNumber and changes nothing.
	Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error)
	// Delete removes keys; missing ones are no error.
	Delete(ctx context.Context, keys ...string) error
}

// CheckKey returns ErrBadKey for a key that no store takes.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return ErrBadKey
	}
	return nil
}
