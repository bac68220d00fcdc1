package bolt

import (
	"context"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"github.com/winnowmail/winnow/storage"
)

// trimLessons is how many lessons go for each that comes, after Options.Lessons
// was made smaller.
const trimLessons = 10

// trim forgets the oldest lessons beyond Options.Lessons; what was learned of
// them stays.
func (tab *table) trim() error {
	over := min(tab.n-int64(tab.t.s.o.Lessons), trimLessons)
	if over <= 0 {
		return nil
	}
	c := tab.lessons.Cursor()
	for ; over > 0; over-- {
		k, _ := c.First()
		if k == nil {
			return damaged("the number of lessons")
		}
		if len(k) != 9 {
			return damaged("the number of a lesson")
		}
		at := binary.BigEndian.Uint64(k)
		l, err := parseLesson(pieces(tab.lessons, at))
		if err != nil {
			return err
		}
		if string(tab.messages.Get([]byte(l.Message))) == string(k[:8]) {
			if err := tab.t.del(tab.messages, []byte(l.Message)); err != nil {
				return err
			}
		}
		if err := tab.t.delPieces(tab.lessons, at); err != nil {
			return err
		}
		tab.n--
	}
	return nil
}

// notedLesson returns what a table notes of a message and its number, or nil.
func notedLesson(tb *bbolt.Bucket, message string) (*storage.Lesson, uint64, error) {
	if tb == nil {
		return nil, 0, nil
	}
	messages, lessons := tb.Bucket([]byte("messages")), tb.Bucket([]byte("lessons"))
	if messages == nil || lessons == nil {
		return nil, 0, nil
	}
	key := messages.Get([]byte(message))
	if key == nil {
		return nil, 0, nil
	}
	at, err := number(key)
	if err != nil {
		return nil, 0, err
	}
	l, err := parseLesson(pieces(lessons, at))
	if err == nil && l.Message != message {
		err = damaged("a lesson")
	}
	return &l, at, err
}

// appendLesson encodes what is noted: text class, varint weight, text message,
// varint number of ids, each id less the one before as a varint, and varint
// messages unless it is 1.
func appendLesson(message string, step storage.LessonStep) []byte {
	b := make([]byte, 0, len(message)+len(step.To)+16+9*len(step.IDs))
	b = binary.AppendUvarint(appendText(b, []byte(step.To)), uint64(step.Weight))
	b = binary.AppendUvarint(appendText(b, []byte(message)), uint64(len(step.IDs)))
	last := uint64(0)
	for _, id := range step.IDs {
		b = binary.AppendUvarint(b, id-last)
		last = id
	}
	if step.Messages > 1 {
		b = binary.AppendUvarint(b, uint64(step.Messages))
	}
	return b
}

func parseLesson(raw []byte) (storage.Lesson, error) {
	f := fields{rest: raw}
	l := storage.Lesson{Class: string(f.text()), Weight: int64(f.varint()), Message: string(f.text())}
	n := f.varint()
	if l.Weight < 1 || l.Class == "" || l.Message == "" || n > uint64(len(f.rest)) {
		return storage.Lesson{}, damaged("a lesson")
	}
	l.IDs = make([]uint64, 0, n)
	last := uint64(0)
	for i := range n {
		step := f.varint()
		if i > 0 && (step == 0 || last+step < last) {
			f.bad = true
		}
		last += step
		l.IDs = append(l.IDs, last)
	}
	if l.Messages = 1; len(f.rest) > 0 {
		l.Messages = int64(f.varint())
		f.bad = f.bad || l.Messages < 2
	}
	return l, f.end("a lesson")
}

// Lesson implements storage.Tokens.
func (s *Store) Lesson(ctx context.Context, table, message string) (string, error) {
	if err := checkKeys(table, message); err != nil {
		return "", err
	}
	return read(ctx, s, func(v view) (string, error) {
		l, _, err := notedLesson(v.Bucket([]byte(inTokens)).Bucket([]byte(table)), message)
		if l == nil {
			return "", err
		}
		return l.Class, err
	})
}
