// Package storage holds the small interfaces through which winnow keeps
// state, and an in-memory implementation of them.
package storage

// KV is a store of small values by key.
type KV interface{}
