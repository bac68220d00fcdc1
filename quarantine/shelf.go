package quarantine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// A shelf is a Vault in a store:
//
//	quarantine (log)     an entry a copy, in order
//	quarantine:ID        its sealed Item
//	quarantine:ID:I      the pieces of the sealed message
//	quarantine:bytes     how many bytes were ever kept
//
// Keys end by themselves. The entry comes last, so that a copy which a crash
// cut off is not listed.
type shelf struct{ store storage.Store }

const (
	logName   = "quarantine"
	totalKey  = "quarantine:bytes"
	pieceSize = 512 << 10
	// page is how many entries are read at once, and maxPages how many pages one
	// new copy removes at most: that is far more than it adds.
	page, maxPages = 64, 16
	// maxCopy is more than a copy holds, sealed or not.
	maxCopy = 1 << 30
)

// An entry of the log.
type entry struct {
	ID            string
	Pieces, Bytes int
	Total         int64 // bytes ever kept when this was
}

// validID reports whether an id may be one of rand.Text.
func validID(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '2' || r > '7') })
}

func headKey(id string) string         { return "quarantine:" + id }
func pieceKey(id string, i int) string { return headKey(id) + ":" + strconv.Itoa(i) }

// keys are those of a copy.
func (e entry) keys() []string {
	all := []string{headKey(e.ID)}
	for i := range e.Pieces {
		all = append(all, pieceKey(e.ID, i))
	}
	return all
}

// put stores a copy and returns how many bytes were ever kept.
func (s shelf) put(ctx context.Context, id string, head, body []byte, lasts time.Duration) (total int64, err error) {
	e := entry{ID: id, Bytes: len(head) + len(body)}
	for len(body) > 0 {
		n := min(len(body), pieceSize)
		if err := s.store.Set(ctx, pieceKey(id, e.Pieces), body[:n], lasts); err != nil {
			return 0, err
		}
		body = body[n:]
		e.Pieces++
	}
	if err := s.store.Set(ctx, headKey(id), head, lasts); err != nil {
		return 0, err
	}
	if e.Total, err = s.store.Increment(ctx, totalKey, int64(e.Bytes), 0); err != nil {
		return 0, err
	}
	data, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	_, err = s.store.Append(ctx, logName, id, data)
	return e.Total, err
}

type bounds struct {
	messages int
	bytes    int64
	before   time.Time
}

// bound removes the oldest copies until what is left is within the bounds; a
// copy that was removed by hand counts until its turn comes.
func (s shelf) bound(ctx context.Context, b bounds, total int64) error {
	for range maxPages {
		state, err := s.store.LogState(ctx, logName)
		if err != nil {
			return err
		}
		oldest, err := s.store.ReadLog(ctx, logName, state.First, page)
		if errors.Is(err, storage.ErrTrimmed) {
			continue // by another process
		}
		if err != nil {
			return err
		}
		var keys []string
		floor := state.First
		for _, o := range oldest {
			e, err := parseEntry(o)
			fits := o.Seq+uint64(b.messages) >= state.Next && total-e.Total+int64(e.Bytes) <= b.bytes && !o.Time.Before(b.before)
			if err == nil && fits {
				break
			}
			keys = append(keys, e.keys()...)
			floor = o.Seq + 1
		}
		if floor == state.First {
			return nil
		}
		if err := s.store.Delete(ctx, keys...); err != nil {
			return err
		}
		if _, err := s.store.TrimLog(ctx, logName, storage.Trim{Keep: 1, Floor: floor}); err != nil {
			return err
		}
	}
	return nil
}

func parseEntry(o storage.Entry) (e entry, err error) {
	if err := json.Unmarshal(o.Data, &e); err != nil {
		return entry{ID: o.ID}, fmt.Errorf("quarantine: entry %d of the store: %w", o.Seq, err)
	}
	if e.Bytes < 0 || e.Bytes > maxCopy || e.Pieces < 0 || e.Pieces > e.Bytes/pieceSize+1 {
		return entry{ID: o.ID}, fmt.Errorf("quarantine: entry %d of the store: %d pieces of %d bytes", o.Seq, e.Pieces, e.Bytes)
	}
	return e, nil
}

// Heads implements Vault.
func (s shelf) Heads(ctx context.Context, before uint64, n int) ([]Head, error) {
	entries, err := s.store.NewestLog(ctx, logName, before, n)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	keys := make([]string, len(entries))
	heads := make([]Head, len(entries))
	for i, o := range entries {
		e, _ := parseEntry(o) // without its number nobody finds the ones before
		heads[i] = Head{Seq: o.Seq, ID: e.ID}
		keys[i] = headKey(e.ID)
	}
	values, err := s.store.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("quarantine: %w", err)
	}
	for i, sealed := range values {
		heads[i].Sealed = sealed
	}
	return heads, nil
}

// Message implements Vault.
func (s shelf) Message(ctx context.Context, id string) (head, message []byte, err error) {
	if !validID(id) {
		return nil, nil, fmt.Errorf("quarantine: copy %q: %w", id, storage.ErrNotFound)
	}
	head, err = s.store.Get(ctx, headKey(id))
	for i := 0; err == nil; i++ {
		var piece []byte
		if piece, err = s.store.Get(ctx, pieceKey(id, i)); err == nil {
			message = append(message, piece...)
			continue
		}
		if i > 0 && errors.Is(err, storage.ErrNotFound) {
			return head, message, nil
		}
	}
	return nil, nil, fmt.Errorf("quarantine: copy %q: %w", id, err)
}

// Delete implements Vault.
func (s shelf) Delete(ctx context.Context, id string) error {
	if !validID(id) {
		return fmt.Errorf("quarantine: copy %q: %w", id, storage.ErrNotFound)
	}
	_, err := s.store.Get(ctx, headKey(id))
	e := entry{ID: id}
	for ; err == nil; e.Pieces++ {
		_, err = s.store.Get(ctx, pieceKey(id, e.Pieces))
	}
	if e.Pieces == 0 || !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("quarantine: copy %q: %w", id, err)
	}
	if err := s.store.Delete(ctx, e.keys()...); err != nil {
		return fmt.Errorf("quarantine: copy %q: %w", id, err)
	}
	return nil
}
