package bolt

import (
	"encoding/binary"
	"math"
	"time"

	"go.etcd.io/bbolt"
)

// The buckets of the file in version 1 of the schema. Numbers are
// big-endian, varints are encoding/binary's:
//
//	meta     "schema": version, 4 bytes; "keys": number of keys in kv, 8 bytes
//	kv       key -> stamp, value
//	expiry   time in ns (8), kind (1), key -> nothing: when to look at the key
//	buckets  name -> stamp, level, rate factor, burst factor, time in ns
//	series   name -> stamp, varint count, time in ms (8), then for each window the
//	         varint length of its name, the name, average; made when first used
//	tokens   table -> bucket of
//	             "cells":    last id (8) -> tokens, see cell.go
//	             "classes":  name -> varint number, varint lessons
//	             "messages": message -> number of its lesson (8)
//	             "lessons":  number (8), piece (1) -> see lessons.go
//	             "n":        how many lessons there are, varint
//	logs     log -> bucket of
//	             "entries": sequence number (8) -> time in ms (8), varint length of id, id, data
//	             "ids":     id -> sequence number (8)
//	             "bytes":   bytes of all data (8)
//	lists    list -> bucket of number (8) -> item
//	sets     set -> bucket of
//	             'm', member -> score
//	             'o', score in an order of bytes (8), member -> nothing
//	             's' -> stamp, varint number of members
const (
	inMeta    = "meta"
	inKV      = "kv"
	inExpiry  = "expiry"
	inBuckets = "buckets"
	inSeries  = "series"
	inTokens  = "tokens"
	inLogs    = "logs"
	inLists   = "lists"
	inSets    = "sets"
)

// rootBuckets are those that every file of the version has.
func rootBuckets() []string {
	return []string{inMeta, inKV, inExpiry, inBuckets, inTokens, inLogs, inLists, inSets}
}

// A tx is a transaction that writes.
type tx struct {
	*bbolt.Tx
	s       *Store
	now     time.Time
	changes int   // calls of put, del and the like
	keys    int64 // how many keys came to kv
	deltas  map[string][]delta
}

func (t *tx) root(name string) *bbolt.Bucket { return t.Bucket([]byte(name)) }

func (t *tx) put(b *bbolt.Bucket, key, value []byte) error {
	t.changes++
	return b.Put(key, value)
}

func (t *tx) del(b *bbolt.Bucket, key []byte) error {
	t.changes++
	return b.Delete(key)
}

// within returns a bucket of b, which it makes if need be. Keys of an
// appending bucket only grow, so its pages are filled.
func (t *tx) within(b *bbolt.Bucket, name string, appending bool) (*bbolt.Bucket, error) {
	in := b.Bucket([]byte(name))
	if in == nil {
		t.changes++
		var err error
		if in, err = b.CreateBucket([]byte(name)); err != nil {
			return nil, err
		}
	}
	if appending {
		in.FillPercent = 1
	}
	return in, nil
}

// drop removes a bucket of b if it is there.
func (t *tx) drop(b *bbolt.Bucket, name string) error {
	if b.Bucket([]byte(name)) == nil {
		return nil
	}
	t.changes++
	return b.DeleteBucket([]byte(name))
}

// flush writes what the ops left to the end of the transaction.
func (t *tx) flush() error {
	for table, ds := range t.deltas {
		if err := t.addTokens(table, ds); err != nil {
			return err
		}
	}
	if t.keys == 0 {
		return nil
	}
	meta := t.root(inMeta)
	n, err := number(meta.Get([]byte("keys")))
	if err != nil {
		return err
	}
	return t.put(meta, []byte("keys"), fixed(uint64(max(0, int64(n)+t.keys))))
}

// fixed returns 8 bytes whose order is that of the numbers.
func fixed(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// number reads what fixed wrote; nil is 0.
func number(b []byte) (uint64, error) {
	switch len(b) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(b), nil
	}
	return 0, damaged("a number")
}

// ordered returns 8 bytes whose order is that of the numbers; -0 is 0.
func ordered(f float64) []byte {
	u := math.Float64bits(f + 0)
	if u>>63 == 1 {
		return fixed(^u)
	}
	return fixed(u | 1<<63)
}

// A fields reads a value from the front. After the first field that isn't
// whole it reads zeros, and ok is false.
type fields struct {
	rest []byte
	bad  bool
}

func (f *fields) fixed() uint64 {
	if len(f.rest) < 8 {
		f.bad, f.rest = true, nil
		return 0
	}
	n := binary.BigEndian.Uint64(f.rest)
	f.rest = f.rest[8:]
	return n
}

func (f *fields) float() float64 { return math.Float64frombits(f.fixed()) }

func (f *fields) varint() uint64 {
	n, size := binary.Uvarint(f.rest)
	if size <= 0 {
		f.bad, f.rest = true, nil
		return 0
	}
	f.rest = f.rest[size:]
	return n
}

func (f *fields) byte() byte {
	if len(f.rest) == 0 {
		f.bad = true
		return 0
	}
	c := f.rest[0]
	f.rest = f.rest[1:]
	return c
}

// text reads a length and so many bytes, which point into the value.
func (f *fields) text() []byte {
	n := f.varint()
	if n > uint64(len(f.rest)) {
		f.bad, f.rest = true, nil
		return nil
	}
	b := f.rest[:n:n]
	f.rest = f.rest[n:]
	return b
}

// end returns an error unless the value was read to its end.
func (f *fields) end(what string) error {
	if f.bad || len(f.rest) > 0 {
		return damaged(what)
	}
	return nil
}

func appendText(b, text []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}
