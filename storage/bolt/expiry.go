package bolt

import (
	"encoding/binary"
	"math"
	"time"

	"go.etcd.io/bbolt"
)

// A stamp says until when something lives, and under which time the expiry
// bucket lists it. That time may come before the thing's end: when a life is
// prolonged the list stays as it is, and the sweep that comes across the entry
// moves it on. So a bucket of a rate limit does not rewrite the list each time.
type stamp struct {
	expires int64 // in ns; 0: never
	listed  int64 // 0: not listed
}

// The kinds of things that expire.
const (
	kindKV     = 'k'
	kindBucket = 'b'
	kindSet    = 's'
	kindSeries = 'a'
)

// appendStamp writes a stamp: a byte 0, or a byte 1 and the two times.
func appendStamp(b []byte, s stamp) []byte {
	if s == (stamp{}) {
		return append(b, 0)
	}
	b = binary.BigEndian.AppendUint64(append(b, 1), uint64(s.expires))
	return binary.BigEndian.AppendUint64(b, uint64(s.listed))
}

// readStamp reads a stamp from the front of a value.
func (f *fields) stamp() (s stamp) {
	switch f.byte() {
	case 0:
	case 1:
		s = stamp{int64(f.fixed()), int64(f.fixed())}
	default:
		f.bad = true
	}
	return s
}

func (s stamp) over(now time.Time) bool { return s.expires != 0 && s.expires <= now.UnixNano() }

// until returns when a ttl that begins now is over; 0 for one of 0.
func until(now time.Time, ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	n := now.UnixNano()
	if ttl > 0 && n > math.MaxInt64-int64(ttl) {
		return 0
	}
	return max(1, n+int64(ttl))
}

func listing(at int64, kind byte, key []byte) []byte {
	return append(append(fixed(uint64(at)), kind), key...)
}

// schedule returns the stamp of a thing whose stamp was old and that now lives
// until expires, and lists it if need be.
func (t *tx) schedule(kind byte, key []byte, old stamp, expires int64) (stamp, error) {
	list := t.root(inExpiry)
	if old.listed != 0 && (expires == 0 || expires < old.listed) {
		if err := t.del(list, listing(old.listed, kind, key)); err != nil {
			return stamp{}, err
		}
		old.listed = 0
	}
	if expires == 0 || old.listed != 0 {
		return stamp{expires, old.listed}, nil
	}
	return stamp{expires, expires}, t.put(list, listing(expires, kind, key), nil)
}

// unlist takes a thing off the list that is being removed.
func (t *tx) unlist(kind byte, key []byte, s stamp) error {
	if s.listed == 0 {
		return nil
	}
	return t.del(t.root(inExpiry), listing(s.listed, kind, key))
}

// maxSweep is how many entries of the list one transaction goes through.
const maxSweep = 2000

// sweep removes some of what is over and reports whether there is more.
func (s *Store) sweep() (more bool) {
	if !s.overdue() {
		return false
	}
	n := 0
	o := &op{done: make(chan struct{}), run: func(t *tx) (err error) {
		n, err = t.sweep()
		return err
	}}
	s.execute([]*op{o})
	return o.err == nil && n == maxSweep
}

// overdue reports whether the first entry of the list is due.
func (s *Store) overdue() (due bool) {
	err := s.viewed(func(v view) error {
		k, _ := v.Bucket([]byte(inExpiry)).Cursor().First()
		due = len(k) > 8 && binary.BigEndian.Uint64(k) <= uint64(v.now.UnixNano())
		return nil
	})
	return due && err == nil
}

func (t *tx) sweep() (n int, err error) {
	list := t.root(inExpiry)
	var due [][]byte
	end := uint64(t.now.UnixNano())
	c := list.Cursor()
	for k, _ := c.First(); k != nil && n < maxSweep; k, _ = c.Next() {
		if len(k) > 8 && binary.BigEndian.Uint64(k) > end {
			break
		}
		due = append(due, append([]byte(nil), k...))
		n++
	}
	for _, k := range due {
		if err := t.del(list, k); err != nil {
			return n, err
		}
		if len(k) < 10 {
			continue
		}
		if err := t.expire(int64(binary.BigEndian.Uint64(k)), k[8], k[9:]); err != nil {
			return n, err
		}
	}
	return n, nil
}

// expire removes a thing, or lists it at its time. An entry that the thing
// does not know any more, or whose thing can't be read, is only forgotten.
func (t *tx) expire(at int64, kind byte, key []byte) error {
	b, k := t.stamped(kind, key)
	if b == nil {
		return nil
	}
	value := b.Get(k)
	f := fields{rest: value}
	s := f.stamp()
	if value == nil || f.bad || s.listed != at {
		return nil
	}
	if s.over(t.now) {
		switch kind {
		case kindSet:
			return t.drop(t.root(inSets), string(key))
		case kindKV:
			t.keys--
		}
		return t.del(b, k)
	}
	s, err := t.schedule(kind, key, stamp{}, s.expires)
	if err != nil {
		return err
	}
	return t.put(b, k, append(appendStamp(nil, s), f.rest...))
}

// stamped returns where the stamp of a thing is: a bucket and a key in it.
func (t *tx) stamped(kind byte, key []byte) (*bbolt.Bucket, []byte) {
	switch kind {
	case kindKV:
		return t.root(inKV), key
	case kindBucket:
		return t.root(inBuckets), key
	case kindSeries:
		if in := t.root(inSeries); in != nil {
			return in, key
		}
	case kindSet:
		if set := t.root(inSets).Bucket(key); set != nil {
			return set, []byte{'s'}
		}
	}
	return nil, nil
}
