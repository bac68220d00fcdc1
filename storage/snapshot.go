package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// A Snapshot is a value of many MiB that a KV holds in pieces under one name,
// such as a learner's tables. One version of it is in force; a reader sees that
// one whole or not at all.
type Snapshot struct {
	Data []byte
	// Mark is the number up to which a journal is covered: the entries from
	// Mark on are not in the snapshot, which makes it the Trim.Floor of the
	// journal. 0 where there is no journal.
	Mark uint64
	// Version is 1 for a name's first snapshot and grows by one with each that
	// comes in force. WriteSnapshot ignores it.
	Version uint64
	// Time is when writing began, in milliseconds; to WriteSnapshot zero means
	// now. It is at least the time of the latest sweep.
	Time time.Time
}

// MaxSnapshot is how large a Snapshot's Data may be, in bytes.
const MaxSnapshot = 1 << 30

const (
	pieceSize  = 64 << 10
	pieceBatch = 32       // pieces in one trip
	maxTrust   = 16 << 20 // what is allocated before a piece is seen
	readTries  = 8
)

// How a snapshot is laid out. Its pieces are written first, under an id that no
// other write has and that begins with the time. Then the head, which names the
// id in force, is replaced by CompareAndSwap. A sweep first raises the head's
// horizon in the same way and then removes pieces of ids that began before it:
// a writer that is as late as that finds the horizon when it wants to replace
// the head, and gives up. A writer that begins after the sweep has an id beyond
// the horizon whatever its clock says. So no clock is trusted for more than
// when rubbish goes.

// WriteSnapshot stores a snapshot and puts it in force. It is ErrSuperseded,
// and what was in force stays, if another snapshot came in force since the call
// began, if the one in force has a higher Mark (entries of the journal may have
// been trimmed since), or if a sweep took this one for abandoned. What was
// superseded stays in the store until SweepSnapshots, for those who read it.
func WriteSnapshot(ctx context.Context, kv KV, name string, s Snapshot) (version uint64, err error) {
	version, _, err = writeSnapshot(ctx, kv, name, s)
	return version, err
}

// ReplaceSnapshot is WriteSnapshot, and removes what it superseded, so that a
// name whose snapshots come and go takes the room of one. Who reads the one
// before at that moment reads the new one. A removal that fails is left to
// SweepSnapshots.
func ReplaceSnapshot(ctx context.Context, kv KV, name string, s Snapshot) (version uint64, err error) {
	version, was, err := writeSnapshot(ctx, kv, name, s)
	if err != nil {
		return version, err
	}
	for keys := range pieceKeys(name, was) {
		if err := kv.Delete(ctx, keys...); err != nil {
			break
		}
	}
	return version, nil
}

// writeSnapshot returns also the head that was replaced.
func writeSnapshot(ctx context.Context, kv KV, name string, s Snapshot) (version uint64, was head, err error) {
	if err := CheckKey(name); err != nil {
		return 0, was, err
	}
	if len(s.Data) > MaxSnapshot {
		return 0, was, ErrTooLarge
	}
	if s.Time.IsZero() {
		s.Time = time.Now()
	}
	was, old, err := getHead(ctx, kv, name)
	if err != nil {
		return 0, was, err
	}
	if s.Mark < was.mark {
		return 0, was, fmt.Errorf("%w: its mark %d is below %d, that of version %d", ErrSuperseded, s.Mark, was.mark, was.version)
	}
	began := max(uint64(max(0, s.Time.UnixMilli())), was.horizon)
	h := head{mark: s.Mark, length: uint64(len(s.Data)), id: newSnapshotID(began), sum: sha256.Sum256(s.Data)}
	if err := setPieces(ctx, kv, name, h, s.Data); err != nil {
		return 0, was, err
	}
	version, err = putInForce(ctx, kv, name, h, was, old)
	return version, was, err
}

// setPieces writes the pieces of a snapshot.
func setPieces(ctx context.Context, kv KV, name string, h head, data []byte) error {
	for keys := range pieceKeys(name, h) {
		values := make([]Value, len(keys))
		for i, key := range keys {
			n := min(len(data), pieceSize)
			values[i], data = Value{key, data[:n]}, data[n:]
		}
		if err := SetMany(ctx, kv, values, 0); err != nil {
			return err
		}
	}
	return nil
}

// putInForce replaces the head that was there, of which old are the bytes.
func putInForce(ctx context.Context, kv KV, name string, h, was head, old []byte) (uint64, error) {
	for {
		if h.id.before(was.horizon) {
			break
		}
		h.version, h.horizon = was.version+1, was.horizon
		swapped, err := kv.CompareAndSwap(ctx, headKey(name), old, h.bytes(), 0)
		if swapped && err == nil {
			return h.version, nil
		}
		// The swap may have been done in spite of an error, or been repeated
		// on the way to the store.
		now, bytes, getErr := getHead(ctx, kv, name)
		switch {
		case getErr != nil:
			return 0, errors.Join(err, getErr)
		case now.id == h.id:
			return now.version, nil
		case err != nil:
			return 0, err
		}
		if now.version != was.version {
			break
		}
		was, old = now, bytes // a sweep raised the horizon
	}
	for keys := range pieceKeys(name, h) {
		if err := kv.Delete(ctx, keys...); err != nil {
			break // a sweep will do it
		}
	}
	return 0, ErrSuperseded
}

// StatSnapshot returns the snapshot in force without its Data, or ErrNotFound.
func StatSnapshot(ctx context.Context, kv KV, name string) (Snapshot, error) {
	if err := CheckKey(name); err != nil {
		return Snapshot{}, err
	}
	h, _, err := getHead(ctx, kv, name)
	if err != nil {
		return Snapshot{}, err
	}
	if h.version == 0 {
		return Snapshot{}, ErrNotFound
	}
	return Snapshot{Mark: h.mark, Version: h.version, Time: h.id.time()}, nil
}

// ReadSnapshot returns the snapshot in force, or ErrNotFound. When it is
// superseded and swept meanwhile, the next one is read. Pieces that are lost
// from a store that evicts keys make it ErrDamaged.
func ReadSnapshot(ctx context.Context, kv KV, name string) (Snapshot, error) {
	if err := CheckKey(name); err != nil {
		return Snapshot{}, err
	}
	for range readTries {
		h, old, err := getHead(ctx, kv, name)
		if err != nil {
			return Snapshot{}, err
		}
		if h.version == 0 {
			return Snapshot{}, ErrNotFound
		}
		data, err := readPieces(ctx, kv, name, h)
		if err == nil {
			return Snapshot{Data: data, Mark: h.mark, Version: h.version, Time: h.id.time()}, nil
		}
		if !errors.Is(err, ErrDamaged) {
			return Snapshot{}, err
		}
		now, bytesNow, headErr := getHead(ctx, kv, name)
		switch {
		case headErr != nil:
			return Snapshot{}, headErr
		case now.id == h.id && bytes.Equal(old, bytesNow):
			return Snapshot{}, err
		}
	}
	return Snapshot{}, fmt.Errorf("%w: it was replaced %d times while it was read", ErrDamaged, readTries)
}

func readPieces(ctx context.Context, kv KV, name string, h head) ([]byte, error) {
	if h.length > MaxSnapshot {
		return nil, fmt.Errorf("%w: it claims %d bytes", ErrDamaged, h.length)
	}
	data := make([]byte, 0, min(h.length, maxTrust))
	for keys := range pieceKeys(name, h) {
		values, err := kv.GetMany(ctx, keys)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if v == nil || uint64(len(data)+len(v)) > h.length {
				return nil, fmt.Errorf("%w: version %d has not all its pieces", ErrDamaged, h.version)
			}
			data = append(data, v...)
		}
	}
	if uint64(len(data)) != h.length || sha256.Sum256(data) != h.sum {
		return nil, fmt.Errorf("%w: version %d has another checksum", ErrDamaged, h.version)
	}
	return data, nil
}

// SweepSnapshots removes what is left of a name's snapshots whose writing began
// before the time, other than the one in force: superseded ones, and those that
// were never finished. It returns how many keys it removed. A time of an hour
// ago leaves readers and writers alone; a writer that is later than that gets
// ErrSuperseded.
func SweepSnapshots(ctx context.Context, kv KV, name string, before time.Time) (removed int, err error) {
	if err := CheckKey(name); err != nil {
		return 0, err
	}
	h, err := raiseHorizon(ctx, kv, name, uint64(max(0, before.UnixMilli())))
	if err != nil {
		return 0, err
	}
	prefix := piecePrefix(name)
	for cursor := ""; ; {
		keys, next, err := kv.Scan(ctx, prefix, cursor, 0)
		if err != nil {
			return removed, err
		}
		var gone []string
		for _, key := range keys {
			if id, ok := pieceID(key[len(prefix):]); ok && id != h.id && id.before(h.horizon) {
				gone = append(gone, key)
			}
		}
		if len(gone) > 0 {
			if err := kv.Delete(ctx, gone...); err != nil {
				return removed, err
			}
			removed += len(gone)
		}
		if next == "" {
			return removed, nil
		}
		cursor = next
	}
}

// raiseHorizon forbids writers whose id is older than the time to come in force,
// and returns the head after that.
func raiseHorizon(ctx context.Context, kv KV, name string, horizon uint64) (head, error) {
	for {
		h, old, err := getHead(ctx, kv, name)
		if err != nil || h.horizon >= horizon {
			return h, err
		}
		h.horizon = horizon
		swapped, err := kv.CompareAndSwap(ctx, headKey(name), old, h.bytes(), 0)
		if err != nil || swapped {
			return h, err
		}
	}
}

// getHead returns the zero head and nil if there is none.
func getHead(ctx context.Context, kv KV, name string) (head, []byte, error) {
	b, err := kv.Get(ctx, headKey(name))
	if errors.Is(err, ErrNotFound) {
		return head{}, nil, nil
	}
	if err != nil {
		return head{}, nil, err
	}
	h, err := parseHead(b)
	return h, b, err
}
