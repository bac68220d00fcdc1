package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// Append implements storage.Log.
func (s *Store) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	if err := storage.CheckKey(log); err != nil {
		return 0, err
	}
	if id != "" {
		if err := storage.CheckKey(id); err != nil {
			return 0, err
		}
	}
	if err := checkValue(data); err != nil {
		return 0, err
	}
	data = bytes.Clone(data)
	return write(ctx, s, len(data)+2*len(id)+64, func(t *tx) (uint64, error) {
		return t.append(log, id, data)
	})
}

// AppendMany implements storage.ManyAppender, 512 items in a transaction.
func (s *Store) AppendMany(ctx context.Context, log string, items []storage.Item) ([]uint64, error) {
	if err := storage.CheckKey(log); err != nil {
		return nil, err
	}
	seqs := make([]uint64, 0, len(items))
	for len(items) > 0 {
		part, size, err := itemsOf(items)
		if len(part) > 0 {
			done, err := write(ctx, s, size, func(t *tx) ([]uint64, error) { return t.appendAll(log, part) })
			if err != nil {
				return seqs, err
			}
			seqs, items = append(seqs, done...), items[len(part):]
		}
		if err != nil {
			return seqs, err
		}
	}
	return seqs, ctx.Err()
}

// itemsOf copies the items that the next transaction takes. On an error the item
// behind them is the bad one.
func itemsOf(items []storage.Item) (part []storage.Item, size int, err error) {
	for _, item := range items[:min(len(items), maxLessons)] {
		if item.ID != "" {
			if err := storage.CheckKey(item.ID); err != nil {
				return part, size, err
			}
		}
		if err := checkValue(item.Data); err != nil {
			return part, size, err
		}
		if size += len(item.Data) + 2*len(item.ID) + 64; size > maxCost && len(part) > 0 {
			break
		}
		item.Data = bytes.Clone(item.Data)
		part = append(part, item)
	}
	return part, size, nil
}

func (t *tx) appendAll(log string, items []storage.Item) ([]uint64, error) {
	seqs := make([]uint64, 0, len(items))
	for _, item := range items {
		seq, err := t.append(log, item.ID, item.Data)
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, nil
}

func (t *tx) append(log, id string, data []byte) (uint64, error) {
	if seq, err := sequenceOf(t.root(inLogs).Bucket([]byte(log)), id); seq != 0 || err != nil {
		return seq, err
	}
	b, err := t.within(t.root(inLogs), log, false)
	if err != nil {
		return 0, err
	}
	total, err := number(b.Get([]byte("bytes")))
	if err != nil {
		return 0, err
	}
	entries, err := t.within(b, "entries", true)
	if err != nil {
		return 0, err
	}
	seq := entries.Sequence() + 1
	if err := entries.SetSequence(seq); err != nil {
		return 0, err
	}
	if err := t.put(entries, fixed(seq), appendEntry(t.now, id, data)); err != nil {
		return 0, err
	}
	if id != "" {
		ids, err := t.within(b, "ids", false)
		if err != nil {
			return 0, err
		}
		if err := t.put(ids, []byte(id), fixed(seq)); err != nil {
			return 0, err
		}
	}
	return seq, t.put(b, []byte("bytes"), fixed(total+uint64(len(data))))
}

// sequenceOf returns the number of the entry with that id, 0 for none.
func sequenceOf(log *bbolt.Bucket, id string) (uint64, error) {
	if log == nil || id == "" {
		return 0, nil
	}
	ids := log.Bucket([]byte("ids"))
	if ids == nil {
		return 0, nil
	}
	return number(ids.Get([]byte(id)))
}

func appendEntry(now time.Time, id string, data []byte) []byte {
	b := make([]byte, 0, 8+binary.MaxVarintLen32+len(id)+len(data))
	b = binary.BigEndian.AppendUint64(b, uint64(now.UnixMilli()))
	return append(appendText(b, []byte(id)), data...)
}

// parseEntry returns an entry whose Data points into the file.
func parseEntry(seq uint64, raw []byte) (storage.Entry, error) {
	f := fields{rest: raw}
	e := storage.Entry{Seq: seq, Time: time.UnixMilli(int64(f.fixed())), ID: string(f.text())}
	if f.bad {
		return storage.Entry{}, damaged("an entry of a log")
	}
	e.Data = f.rest
	return e, nil
}

// A logView is a log as a transaction sees it.
type logView struct {
	log, entries *bbolt.Bucket // nil if there is no such log
	first, next  uint64
}

func logOf(logs *bbolt.Bucket, name string) (logView, error) {
	l := logView{first: 1, next: 1}
	if l.log = logs.Bucket([]byte(name)); l.log == nil {
		return l, nil
	}
	if l.entries = l.log.Bucket([]byte("entries")); l.entries == nil {
		return l, damaged("a log")
	}
	l.next = l.entries.Sequence() + 1
	l.first = l.next
	if k, _ := l.entries.Cursor().First(); len(k) == 8 {
		l.first = binary.BigEndian.Uint64(k)
	} else if k != nil {
		return l, damaged("the number of an entry")
	}
	return l, nil
}

// ReadLog implements storage.Log.
func (s *Store) ReadLog(ctx context.Context, log string, from uint64, n int) ([]storage.Entry, error) {
	from = max(1, from)
	return readLog(ctx, s, log, func(l logView) ([]storage.Entry, error) {
		if from < l.first {
			return nil, storage.ErrTrimmed
		}
		if from >= l.next {
			return nil, nil
		}
		c := l.entries.Cursor()
		k, raw := c.Seek(fixed(from))
		return entries(k, raw, n, c.Next)
	})
}

// NewestLog implements storage.Log.
func (s *Store) NewestLog(ctx context.Context, log string, before uint64, n int) ([]storage.Entry, error) {
	return readLog(ctx, s, log, func(l logView) ([]storage.Entry, error) {
		if before == 0 || before > l.next {
			before = l.next
		}
		if before <= l.first {
			return nil, nil
		}
		c := l.entries.Cursor()
		k, raw := c.Seek(fixed(before - 1))
		return entries(k, raw, n, c.Prev)
	})
}

func readLog(ctx context.Context, s *Store, log string, run func(logView) ([]storage.Entry, error)) ([]storage.Entry, error) {
	if err := storage.CheckKey(log); err != nil {
		return nil, err
	}
	return read(ctx, s, func(v view) ([]storage.Entry, error) {
		l, err := logOf(v.Bucket([]byte(inLogs)), log)
		if err != nil || l.log == nil {
			return nil, err
		}
		return run(l)
	})
}

// entries copies up to n entries, the first of which is given.
func entries(k, raw []byte, n int, next func() (k, v []byte)) (read []storage.Entry, err error) {
	for ; k != nil && len(read) < n; k, raw = next() {
		if len(k) != 8 {
			return nil, damaged("the number of an entry")
		}
		e, err := parseEntry(binary.BigEndian.Uint64(k), raw)
		if err != nil {
			return nil, err
		}
		e.Data = append([]byte{}, e.Data...)
		read = append(read, e)
	}
	return read, nil
}

// LogState implements storage.Log.
func (s *Store) LogState(ctx context.Context, log string) (storage.LogState, error) {
	if err := storage.CheckKey(log); err != nil {
		return storage.LogState{}, err
	}
	return read(ctx, s, func(v view) (st storage.LogState, err error) {
		l, err := logOf(v.Bucket([]byte(inLogs)), log)
		if err != nil {
			return st, err
		}
		st.First, st.Next = l.first, l.next
		if l.log == nil {
			return st, nil
		}
		total, err := number(l.log.Get([]byte("bytes")))
		st.Bytes = int64(total)
		return st, err
	})
}

// maxTrim is how many entries one transaction trims.
const maxTrim = 1000

// TrimLog implements storage.Log. It goes in steps; when ctx ends, the steps
// before have been done. On a full disk the steps become smaller: a page that
// keeps some of its entries is written anew, which needs room, and one that
// loses all of them is only given up.
func (s *Store) TrimLog(ctx context.Context, log string, trim storage.Trim) (removed int, err error) {
	if err := storage.CheckKey(log); err != nil {
		return 0, err
	}
	for step := maxTrim; ; {
		n, err := write(ctx, s, 0, func(t *tx) (int, error) { return t.trim(log, trim, step) })
		removed += n
		switch {
		case errors.Is(err, storage.ErrFull) && step > 1:
			step = max(step/2, min(step, 8)-1)
		case err != nil || n < step:
			return removed, err
		default:
			step = min(2*step, maxTrim)
		}
	}
}

// trim removes at most so many entries.
func (t *tx) trim(log string, trim storage.Trim, most int) (removed int, err error) {
	l, err := logOf(t.root(inLogs), log)
	if err != nil || l.log == nil {
		return 0, err
	}
	total, err := number(l.log.Get([]byte("bytes")))
	if err != nil {
		return 0, err
	}
	ids := l.log.Bucket([]byte("ids"))
	for seq := l.first; seq < l.next && removed < most; seq++ {
		e, err := parseEntry(seq, l.entries.Get(fixed(seq)))
		if err != nil {
			return removed, err
		}
		if !trim.Removes(e, l.next) {
			break
		}
		total = uint64(max(0, int64(total)-int64(len(e.Data))))
		if err := t.del(l.entries, fixed(seq)); err != nil {
			return removed, err
		}
		if e.ID != "" && ids != nil {
			if err := t.del(ids, []byte(e.ID)); err != nil {
				return removed, err
			}
		}
		removed++
	}
	if removed == 0 {
		return 0, nil
	}
	return removed, t.put(l.log, []byte("bytes"), fixed(total))
}
