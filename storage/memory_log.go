package storage

import (
	"context"
	"time"
)

// An entryLog is a log of Memory.
type entryLog struct {
	first   uint64 // number of entries[0]
	entries []Entry
	ids     map[string]uint64
	bytes   int64 // of the data
}

func (l *entryLog) next() uint64 { return l.first + uint64(len(l.entries)) }

// Append implements Log.
func (m *Memory) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	if id != "" {
		if err := CheckKey(id); err != nil {
			return 0, err
		}
	}
	if err := m.begin(ctx, log); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	l, size := m.logs[log], logCost(id, data)
	if l == nil {
		l = &entryLog{first: 1, ids: map[string]uint64{}}
		size += cost(log, nil)
	}
	if seq, ok := l.ids[id]; ok {
		return seq, nil
	}
	if err := m.reserve(size); err != nil {
		return 0, err
	}
	m.logs[log] = l
	seq := l.next()
	l.entries = append(l.entries, Entry{Seq: seq, ID: id, Time: m.now().Truncate(time.Millisecond), Data: clone(data)})
	l.bytes += int64(len(data))
	if id != "" {
		l.ids[id] = seq
	}
	return seq, nil
}

func logCost(id string, data []byte) int64 { return 2*int64(len(id)) + int64(len(data)) + overhead }

// ReadLog implements Log.
func (m *Memory) ReadLog(ctx context.Context, log string, from uint64, n int) ([]Entry, error) {
	if err := m.begin(ctx, log); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	l := m.logs[log]
	if l == nil {
		return nil, nil
	}
	from = max(1, from)
	if from < l.first {
		return nil, ErrTrimmed
	}
	if from >= l.next() {
		return nil, nil
	}
	entries := l.entries[from-l.first:]
	var read []Entry
	for _, e := range entries[:min(len(entries), max(0, n))] {
		e.Data = clone(e.Data)
		read = append(read, e)
	}
	return read, nil
}

// NewestLog implements Log.
func (m *Memory) NewestLog(ctx context.Context, log string, before uint64, n int) ([]Entry, error) {
	if err := m.begin(ctx, log); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	l := m.logs[log]
	if l == nil {
		return nil, nil
	}
	if before == 0 || before > l.next() {
		before = l.next()
	}
	var read []Entry
	for seq := before; seq > l.first && len(read) < n; seq-- {
		e := l.entries[seq-1-l.first]
		e.Data = clone(e.Data)
		read = append(read, e)
	}
	return read, nil
}

// LogState implements Log.
func (m *Memory) LogState(ctx context.Context, log string) (LogState, error) {
	if err := m.begin(ctx, log); err != nil {
		return LogState{}, err
	}
	defer m.mu.Unlock()
	l := m.logs[log]
	if l == nil {
		return LogState{First: 1, Next: 1}, nil
	}
	return LogState{First: l.first, Next: l.next(), Bytes: l.bytes}, nil
}

// TrimLog implements Log.
func (m *Memory) TrimLog(ctx context.Context, log string, t Trim) (int, error) {
	if err := m.begin(ctx, log); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	l := m.logs[log]
	if l == nil {
		return 0, nil
	}
	removed, freed := 0, int64(0)
	for len(l.entries) > 0 && t.Removes(l.entries[0], l.next()) {
		e := l.entries[0]
		if e.ID != "" {
			delete(l.ids, e.ID)
		}
		l.bytes -= int64(len(e.Data))
		freed += logCost(e.ID, e.Data)
		l.entries[0] = Entry{}
		l.entries = l.entries[1:]
		l.first++
		removed++
	}
	return removed, m.reserve(-freed)
}

// Removes reports whether a trim removes an entry of a log whose next entry has
// the number next, if it is the oldest. Stores remove the oldest entries until
// it is false, so what follows an entry that stays is never removed.
func (t Trim) Removes(e Entry, next uint64) bool {
	if t.Floor != 0 && e.Seq >= t.Floor {
		return false
	}
	return t.Keep > 0 && next-e.Seq > uint64(t.Keep) || !t.Before.IsZero() && e.Time.Before(t.Before)
}
