package bayes

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

// readAtOnce is how many entries of the journal one call reads.
const readAtOnce = 200

// An entry of the journal is one or two events that are applied together: what
// was learned of a message, after what it takes back. Each has its length before
// it.
func marshal(events []fused.Event) ([]byte, error) {
	var b []byte
	for _, e := range events {
		data, err := e.MarshalBinary()
		if err != nil {
			return nil, err
		}
		b = append(binary.AppendUvarint(b, uint64(len(data))), data...)
	}
	return b, nil
}

var errEntry = errors.New("bayes: not an entry of the journal")

func unmarshal(b []byte) (events []fused.Event, err error) {
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) || len(events) == 2 {
			return nil, errEntry
		}
		var e fused.Event
		if err := e.UnmarshalBinary(b[size : size+int(n)]); err != nil {
			return nil, err
		}
		events, b = append(events, e), b[size+int(n):]
	}
	return events, nil
}

// catchUp applies the entries of the journal that are not applied yet. The entry
// that was applied last has to stand there still: a server that took over from
// another may lack what that one did not hand on, and have others in its place. Then
// the tables are read anew, so that they are again what the journal says.
func (l *Learner) catchUp(ctx context.Context) error {
	for {
		entries, err := l.behind(ctx)
		if err == nil && l.last.seq > 0 && (len(entries) == 0 || sumOf(entries[0]) != l.last) {
			l.opt.Log.Warn("the journal is not the one that was applied; what was learned is read anew", "number", l.last.seq)
			if err := l.restart(ctx); err != nil {
				return err
			}
			continue
		}
		if errors.Is(err, storage.ErrTrimmed) {
			// Others are so far ahead that only a snapshot has what is missing.
			l.last = sum{}
			if err := l.load(ctx); err != nil {
				return err
			}
			if entries, err = l.behind(ctx); err != nil {
				return fmt.Errorf("bayes: the journal begins after the snapshot: %w", err)
			}
		} else if err != nil {
			return fmt.Errorf("bayes: journal: %w", err)
		}
		for _, e := range entries {
			if e.Seq >= l.next {
				l.apply(e)
			}
		}
		if len(entries) < readAtOnce {
			return nil
		}
	}
}

// behind reads entries from the one that was applied last on, or from the next one
// where that is not known or was trimmed.
func (l *Learner) behind(ctx context.Context) ([]storage.Entry, error) {
	if l.last.seq > 0 && l.last.seq == l.next-1 {
		entries, err := l.opt.Store.ReadLog(ctx, l.key("journal"), l.last.seq, readAtOnce)
		if !errors.Is(err, storage.ErrTrimmed) {
			return entries, err
		}
	}
	l.last = sum{}
	return l.opt.Store.ReadLog(ctx, l.key("journal"), l.next, readAtOnce)
}

// A sum tells entries of the journal apart; seq is 0 for none.
type sum struct {
	seq  uint64
	hash [sha256.Size]byte
}

func sumOf(e storage.Entry) sum { return sum{e.Seq, sha256.Sum256(e.Data)} }

// restart reads everything anew.
func (l *Learner) restart(ctx context.Context) error {
	tables, next, since, last := l.tables, l.next, l.since, l.last
	if err := l.read(ctx); err != nil {
		l.tables, l.since, l.last = tables, since, last
		l.reach(next)
		return err
	}
	l.model.Store(l.tables)
	return nil
}

// apply makes the changes of an entry. One that can't be read changes nothing
// anywhere: every process leaves it out.
func (l *Learner) apply(e storage.Entry) {
	events, err := unmarshal(e.Data)
	switch {
	case bytes.Equal(e.Data, resetEntry[:]):
		l.tables.Reset()
		err = nil
	case err == nil:
		err = applyAll(l.tables, events)
	}
	if err != nil {
		l.opt.Log.Warn("an entry of the journal is left out", "number", e.Seq, "error", err)
	}
	l.reach(e.Seq + 1)
	l.last = sumOf(e)
	l.since++
}

// applyAll applies all of an entry's events or, on an error, none.
func applyAll(m *fused.Model, events []fused.Event) error {
	for i := range events {
		if err := m.Fits(events[i]); err != nil {
			return err
		}
	}
	for _, event := range events {
		_ = m.Apply(event) // It fits.
	}
	return nil
}

// writersTake is how long a process may take from a lesson's note to its entry. Entries
// stay for that time: the journal adds an entry once because it knows the ids of those
// that it has, and another process may have added this one meanwhile.
const writersTake = 2 * time.Minute

// sweepAfter is how long writing tables may take: what is older and not in force
// is of a process that died meanwhile.
const sweepAfter = time.Minute

// snapshots are written by turns, so that the one before is still there when the
// latest is damaged. The journal keeps what the older one lacks.
var snapshots = [2]string{"tables/0", "tables/1"}

// load brings back the newest snapshot that is whole.
func (l *Learner) load(ctx context.Context) error {
	var places []int
	for i, name := range snapshots {
		s, err := storage.StatSnapshot(ctx, l.opt.Store, l.key(name))
		switch {
		case errors.Is(err, storage.ErrNotFound):
		case errors.Is(err, storage.ErrDamaged):
			l.opt.Log.Warn("a snapshot is damaged", "name", l.key(name))
		case err != nil:
			return fmt.Errorf("bayes: snapshot: %w", err)
		default:
			l.marks[i] = s.Mark
			places = append(places, i)
		}
	}
	slices.SortFunc(places, func(a, b int) int { return cmp.Compare(l.marks[b], l.marks[a]) })
	for _, i := range places {
		done, err := l.loadOne(ctx, i)
		if err != nil || done {
			return err
		}
		l.marks[i] = 0
	}
	return nil
}

// loadOne brings back one snapshot; done is false if it is damaged.
func (l *Learner) loadOne(ctx context.Context, i int) (done bool, err error) {
	name := l.key(snapshots[i])
	s, err := storage.ReadSnapshot(ctx, l.opt.Store, name)
	if errors.Is(err, storage.ErrDamaged) || errors.Is(err, storage.ErrNotFound) {
		l.opt.Log.Warn("a snapshot is damaged", "name", name)
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("bayes: snapshot: %w", err)
	}
	if s.Mark < l.next {
		return true, nil // What is applied already is newer.
	}
	if err := l.tables.UnmarshalBinary(s.Data); err != nil {
		return false, fmt.Errorf("%w: snapshot %s: %w", errStored, name, err)
	}
	l.marks[i] = s.Mark
	l.reach(s.Mark)
	l.since, l.turn, l.last = 0, 1-i, sum{}
	return true, nil
}

// reach notes that everything before the next entry is applied.
func (l *Learner) reach(next uint64) {
	l.next = next
	l.applied.Store(next - 1)
}

// snapshot writes the tables when it is time, and trims the journal to what the
// older of the two snapshots lacks and what is new. A failure is not an error of the lesson: the
// journal has it.
func (l *Learner) snapshot(ctx context.Context) {
	if l.since < l.opt.SnapshotEvery {
		return
	}
	data, err := l.tables.MarshalBinary()
	if err == nil {
		_, err = storage.ReplaceSnapshot(ctx, l.opt.Store, l.key(snapshots[l.turn]), storage.Snapshot{Data: data, Mark: l.next})
	}
	if err != nil && !errors.Is(err, storage.ErrSuperseded) {
		l.opt.Log.Warn("the tables can't be kept", "error", err)
		return
	}
	l.since = 0
	if err != nil {
		return // Another process was faster.
	}
	l.marks[l.turn] = l.next
	if !l.swept[l.turn] {
		l.swept[l.turn] = true // Once, since a sweep looks through the store's keys.
		if _, err := storage.SweepSnapshots(ctx, l.opt.Store, l.key(snapshots[l.turn]), time.Now().Add(-sweepAfter)); err != nil {
			l.opt.Log.Warn("what is left of earlier tables can't be removed", "error", err)
		}
	}
	l.turn = 1 - l.turn
	if older := l.marks[l.turn]; older > 0 {
		if _, err := l.opt.Store.TrimLog(ctx, l.key("journal"), storage.Trim{Before: l.opt.Clock().Add(-writersTake), Floor: older}); err != nil {
			l.opt.Log.Warn("the journal can't be trimmed", "error", err)
		}
	}
}
