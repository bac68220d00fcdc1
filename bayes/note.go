package bayes

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

// A note is what the store knows of a message's lesson.
type note struct {
	class  Class
	source Source
	time   time.Time // of the latest change, in seconds
	times  uint32    // changes so far
	from   uint64    // number of the journal at which the latest change may stand, or later
	events []fused.Event
}

// id is that of the note's entry in the journal.
func (n *note) id(name string) string { return fmt.Sprintf("%s %d %d", name, n.times, n.from) }

// changes reports whether the events change a table.
func (n *note) changes() bool {
	return slices.ContainsFunc(n.events, func(e fused.Event) bool { return !e.Empty() })
}

// reverse returns the events that take the lesson back.
func (n *note) reverse() []fused.Event {
	for _, e := range n.events {
		if !e.Undo {
			return []fused.Event{e.Reverse()}
		}
	}
	return nil
}

const (
	noteVersion = 2
	noteHead    = 3 + 8 + 4 + 8
)

// noteName is the name of a message's note: each user has notes of their own.
func noteName(message, user string) string {
	if user == "" {
		return message
	}
	return userPrefix(user) + message
}

// userPrefix begins the names of a user's notes. No digest has such a beginning.
func userPrefix(user string) string {
	sum := sha256.Sum256([]byte(user))
	return "user/" + base64.RawURLEncoding.EncodeToString(sum[:18]) + "/"
}

// noted returns the note of that name, and its bytes.
func (l *Learner) noted(ctx context.Context, name string) (n note, raw []byte, err error) {
	raw, err = l.opt.Store.Get(ctx, l.key("lesson/")+name)
	if errors.Is(err, storage.ErrNotFound) {
		return note{}, nil, nil
	}
	if err != nil {
		return note{}, nil, fmt.Errorf("bayes: lesson: %w", err)
	}
	if n, err = readNote(raw); err != nil {
		return note{}, nil, fmt.Errorf("bayes: the note of lesson %q: %w", name, err)
	}
	return n, raw, nil
}

// readNote reads what bytes wrote.
func readNote(b []byte) (n note, err error) {
	if len(b) < noteHead || b[0] != noteVersion || b[1] > 2 || Source(b[2]) >= sources {
		return note{}, errors.New("bayes: not a note")
	}
	n = note{
		class: [...]Class{"", Ham, Spam}[b[1]], source: Source(b[2]), time: time.Unix(int64(binary.LittleEndian.Uint64(b[3:])), 0),
		times: binary.LittleEndian.Uint32(b[11:]), from: binary.LittleEndian.Uint64(b[15:]),
	}
	n.events, err = unmarshal(b[noteHead:])
	return n, err
}

func (n *note) bytes() ([]byte, error) {
	class := byte(0)
	switch n.class {
	case Ham:
		class = 1
	case Spam:
		class = 2
	}
	b := binary.LittleEndian.AppendUint64([]byte{noteVersion, class, byte(n.source)}, uint64(n.time.Unix()))
	b = binary.LittleEndian.AppendUint32(b, n.times)
	b = binary.LittleEndian.AppendUint64(b, n.from)
	data, err := marshal(n.events)
	return append(b, data...), err
}

// note replaces the note of that name, unless it is not what it was.
func (l *Learner) note(ctx context.Context, name string, was []byte, n note) (swapped bool, err error) {
	b, err := n.bytes()
	if err != nil {
		return false, err
	}
	if swapped, err = l.opt.Store.CompareAndSwap(ctx, l.key("lesson/")+name, was, b, keepLessons); err != nil {
		return false, fmt.Errorf("bayes: lesson: %w", err)
	}
	return swapped, nil
}
