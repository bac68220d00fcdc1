package bolt

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// A LearnMany is cut into transactions of at most so many lessons and tokens.
const (
	maxLessons      = 512
	maxLessonTokens = 512 << 10
)

// Learn implements storage.Tokens.
func (s *Store) Learn(ctx context.Context, table string, l storage.Lesson) (storage.Learned, error) {
	learned, err := s.LearnMany(ctx, table, []storage.Lesson{l})
	if err != nil {
		return storage.Learned{}, err
	}
	return learned[0], nil
}

// LearnMany implements storage.Tokens, 512 lessons in a transaction.
func (s *Store) LearnMany(ctx context.Context, table string, ls []storage.Lesson) ([]storage.Learned, error) {
	if err := storage.CheckKey(table); err != nil {
		return nil, err
	}
	learned := make([]storage.Learned, 0, len(ls))
	for len(ls) > 0 {
		part, tokens, err := portion(ls)
		if len(part) > 0 {
			done, err := write(ctx, s, 24*tokens+256*len(part), func(t *tx) ([]storage.Learned, error) {
				return t.learn(table, part)
			})
			if err != nil {
				return learned, err
			}
			learned = append(learned, done...)
			ls = ls[len(part):]
		}
		if err != nil {
			return learned, err
		}
	}
	return learned, nil
}

// portion copies the lessons that the next transaction takes, with their ids
// sorted. On an error the lesson behind them is the bad one.
func portion(ls []storage.Lesson) (part []storage.Lesson, tokens int, err error) {
	for _, l := range ls {
		if len(part) == maxLessons || len(part) > 0 && tokens+len(l.IDs) > maxLessonTokens {
			break
		}
		if err := l.Check(); err != nil {
			return part, tokens, err
		}
		l.IDs = slices.Clone(l.IDs)
		slices.Sort(l.IDs)
		tokens += len(l.IDs)
		part = append(part, l)
	}
	return part, tokens, nil
}

// A table is a table of tokens in a transaction that writes.
type table struct {
	t        *tx
	name     string
	tb       *bbolt.Bucket
	classes  map[string]class
	changed  map[string]bool // of classes
	messages *bbolt.Bucket
	lessons  *bbolt.Bucket
	n        int64 // lessons that are noted
	wasN     int64
}

// learn learns lessons in order.
func (t *tx) learn(name string, ls []storage.Lesson) ([]storage.Learned, error) {
	learned := make([]storage.Learned, 0, len(ls))
	var tab *table
	tokens := 0
	for _, l := range ls {
		tokens += len(l.IDs)
	}
	if t.deltas == nil {
		t.deltas = map[string][]delta{}
	}
	t.deltas[name] = slices.Grow(t.deltas[name], tokens)
	for _, l := range ls {
		noted, at, err := notedLesson(t.root(inTokens).Bucket([]byte(name)), l.Message)
		if err != nil {
			return nil, err
		}
		step := l.Step(noted)
		learned = append(learned, step.Learned)
		if !step.Learned.Changed {
			continue
		}
		if tab == nil {
			if tab, err = t.table(name); err != nil {
				return nil, err
			}
		}
		if err := tab.apply(l.Message, at, step); err != nil {
			return nil, err
		}
	}
	if tab == nil {
		return learned, nil
	}
	return learned, tab.finish()
}

// table opens a table, which it makes if need be.
func (t *tx) table(name string) (*table, error) {
	tab := &table{t: t, name: name, classes: map[string]class{}, changed: map[string]bool{}}
	var err error
	if tab.tb, err = t.within(t.root(inTokens), name, false); err != nil {
		return nil, err
	}
	f := fields{rest: tab.tb.Get([]byte("n"))}
	if len(f.rest) > 0 {
		tab.n = int64(f.varint())
	}
	if err := f.end("the number of lessons"); err != nil {
		return nil, err
	}
	tab.wasN = tab.n
	if tab.messages, err = t.within(tab.tb, "messages", false); err != nil {
		return nil, err
	}
	tab.lessons, err = t.within(tab.tb, "lessons", true)
	return tab, err
}

// apply does one step. at is the number of the lesson that is noted, or 0.
func (tab *table) apply(message string, at uint64, step storage.LessonStep) error {
	if err := tab.count(step.From, step, -1); err != nil {
		return err
	}
	if err := tab.count(step.To, step, 1); err != nil {
		return err
	}
	if at != 0 {
		tab.n--
		if err := tab.t.delPieces(tab.lessons, at); err != nil {
			return err
		}
	}
	if step.To == "" {
		return tab.t.del(tab.messages, []byte(message))
	}
	seq := tab.lessons.Sequence() + 1
	if err := tab.lessons.SetSequence(seq); err != nil {
		return err
	}
	tab.n++
	if err := tab.t.put(tab.messages, []byte(message), fixed(seq)); err != nil {
		return err
	}
	if err := tab.t.putPieces(tab.lessons, seq, appendLesson(message, step)); err != nil {
		return err
	}
	return tab.trim()
}

// count changes a class's lessons, and leaves its tokens to the end of the
// transaction.
func (tab *table) count(name string, step storage.LessonStep, sign int64) error {
	if name == "" {
		return nil
	}
	c, err := tab.class(name)
	if err != nil {
		return err
	}
	c.lessons = max(0, c.lessons+sign*step.Messages)
	tab.classes[name], tab.changed[name] = c, true
	ds := tab.t.deltas[tab.name]
	for _, id := range step.IDs {
		ds = append(ds, delta{id, c.number, sign * step.Weight})
	}
	tab.t.deltas[tab.name] = ds
	tab.t.changes++
	return nil
}

// class returns a class, which it numbers if it is new.
func (tab *table) class(name string) (class, error) {
	if c, ok := tab.classes[name]; ok {
		return c, nil
	}
	b, err := tab.t.within(tab.tb, "classes", false)
	if err != nil {
		return class{}, err
	}
	if raw := b.Get([]byte(name)); raw != nil {
		return parseClass(raw)
	}
	tab.t.changes++
	n, err := b.NextSequence()
	if err == nil && n > math.MaxInt32 {
		err = damaged("the number of classes")
	}
	return class{number: n}, err
}

// finish writes what the steps changed in the table.
func (tab *table) finish() error {
	classes, err := tab.t.within(tab.tb, "classes", false)
	if err != nil {
		return err
	}
	for name := range tab.changed {
		c := tab.classes[name]
		raw := binary.AppendUvarint(binary.AppendUvarint(nil, c.number), uint64(c.lessons))
		if err := tab.t.put(classes, []byte(name), raw); err != nil {
			return err
		}
	}
	if tab.n == tab.wasN {
		return nil
	}
	return tab.t.put(tab.tb, []byte("n"), binary.AppendUvarint(nil, uint64(max(0, tab.n))))
}
