package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/storage"
)

// Names of the logs: entries of the first are rows, those of the second say what
// the rows of a block have.
const (
	rowsLog  = "history"
	indexLog = "history-index"
)

// A block is 512 rows whose numbers follow each other; block b begins at 512·b+1.
const block = 512

// trimEvery is after how many rows the bounds are enforced.
const trimEvery = 64

// A journal is the shelf for many rows.
type journal struct {
	o     *Options
	codec *codec
}

// add appends a row. Whoever completes a block writes what is in it; a block about
// which nothing was written, since that failed, is read when something is looked
// for.
func (j *journal) add(ctx context.Context, _ *winnow.Result, data []byte) error {
	seq, err := j.o.Store.Append(ctx, rowsLog, "", data)
	if err != nil {
		return err
	}
	if seq%block == 0 {
		if err := j.describe(ctx, seq/block-1); err != nil {
			return fmt.Errorf("history: row %d is kept, the index is not: %w", seq, err)
		}
	}
	if seq%trimEvery == 0 {
		if err := j.trim(ctx); err != nil {
			return fmt.Errorf("history: row %d is kept, old ones are not removed: %w", seq, err)
		}
	}
	return nil
}

// trim removes what is beyond the bounds.
func (j *journal) trim(ctx context.Context) error {
	t := storage.Trim{Keep: j.o.Rows}
	if j.o.Age > 0 {
		t.Before = j.o.Clock().Add(-j.o.Age)
	}
	if t.Keep > 0 || !t.Before.IsZero() {
		if _, err := j.o.Store.TrimLog(ctx, rowsLog, t); err != nil {
			return err
		}
	}
	st, err := j.o.Store.LogState(ctx, rowsLog)
	if err != nil {
		return err
	}
	if n := float64(st.Next - st.First); j.o.Bytes > 0 && st.Bytes > j.o.Bytes {
		keep := max(1, int(n*float64(j.o.Bytes)/float64(st.Bytes))) // by their average size
		if _, err := j.o.Store.TrimLog(ctx, rowsLog, storage.Trim{Keep: keep}); err != nil {
			return err
		}
		if st, err = j.o.Store.LogState(ctx, rowsLog); err != nil {
			return err
		}
	}
	_, err = j.o.Store.TrimLog(ctx, indexLog, storage.Trim{Keep: int(st.Next-st.First)/block + 2})
	return err
}

// describe writes what the rows of a block have.
func (j *journal) describe(ctx context.Context, b uint64) error {
	entries, err := j.read(ctx, b*block+1, (b+1)*block)
	if err != nil {
		return err
	}
	d := newDescription(b)
	for _, e := range entries {
		if row, err := j.codec.row(e.Data); err == nil {
			d.add(row)
		}
	}
	_, err = j.o.Store.Append(ctx, indexLog, fmt.Sprint(b), d.marshal())
	return err
}

// read returns the rows with the numbers from first to last that are there still,
// oldest first.
func (j *journal) read(ctx context.Context, first, last uint64) ([]storage.Entry, error) {
	var all []storage.Entry
	for first <= last {
		entries, err := j.o.Store.ReadLog(ctx, rowsLog, first, min(page, int(last-first)+1))
		if errors.Is(err, storage.ErrTrimmed) {
			st, err := j.o.Store.LogState(ctx, rowsLog)
			if err != nil {
				return nil, err
			}
			first = max(first+1, st.First)
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			break
		}
		all = append(all, entries...)
		first = entries[len(entries)-1].Seq + 1
	}
	return all, nil
}

// walk goes through the rows from the newest on, leaving out blocks of which the
// index says that nothing in them is looked for.
func (j *journal) walk(ctx context.Context, f filter, see func([]byte) bool) error {
	st, err := j.o.Store.LogState(ctx, rowsLog)
	if err != nil {
		return err
	}
	first := j.oldest(st)
	var without map[uint64]bool
	if f.selects() && st.Next-first > block {
		if without, err = j.without(ctx, f); err != nil {
			return err
		}
	}
	before := st.Next
	if f.skip > 0 {
		before -= min(before, uint64(f.skip))
	}
	for before > first {
		b := (before - 2) / block
		if without[b] {
			before = b*block + 1
			continue
		}
		n := int(min(page, before-max(first, b*block+1)))
		entries, err := j.o.Store.NewestLog(ctx, rowsLog, before, n)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if e.Seq < first || j.isOld(e.Time) || !f.from.IsZero() && e.Time.Before(f.from.Add(-slack)) || !see(e.Data) {
				return nil
			}
		}
		before = entries[len(entries)-1].Seq
	}
	return nil
}

// slack is how much later than its scan a row may be appended.
const slack = time.Hour

// oldest is the number of the first row that counts.
func (j *journal) oldest(st storage.LogState) uint64 {
	if n := uint64(j.o.Rows); n > 0 && st.Next-st.First > n {
		return st.Next - n
	}
	return st.First
}

func (j *journal) isOld(t time.Time) bool {
	return j.o.Age > 0 && t.Before(j.o.Clock().Add(-j.o.Age))
}

// without returns the blocks that have nothing of what is looked for.
func (j *journal) without(ctx context.Context, f filter) (map[uint64]bool, error) {
	out := map[uint64]bool{}
	for before := uint64(0); ; {
		entries, err := j.o.Store.NewestLog(ctx, indexLog, before, page)
		if err != nil || len(entries) == 0 {
			return out, err
		}
		for _, e := range entries {
			if d, ok := parseDescription(e.Data); ok && !d.may(f) {
				out[d.block] = true
			}
		}
		before = entries[len(entries)-1].Seq
		if before <= 1 {
			return out, nil
		}
	}
}

// reset removes all rows; their numbers go on.
func (j *journal) reset(ctx context.Context) error {
	for _, log := range []string{rowsLog, indexLog} {
		if _, err := j.o.Store.TrimLog(ctx, log, storage.Trim{Before: farFuture()}); err != nil {
			return err
		}
	}
	return nil
}

// farFuture is later than any row.
func farFuture() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }
