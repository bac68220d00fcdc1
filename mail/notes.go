package mail

import (
	"cmp"
	"slices"
	"sync"
)

// notes collects what was found broken; lazy views add to it from any
// goroutine.
type notes struct {
	mu   sync.Mutex
	list []Note
}

// maxNotes bounds the notes of one kind: a hostile message is odd in a
// million places.
const maxNotes = 32

func (m *Message) note(kind NoteKind, part string, offset int, text string) {
	m.notes.mu.Lock()
	defer m.notes.mu.Unlock()
	n := 0
	for i := range m.notes.list {
		if m.notes.list[i].Kind == kind {
			n++
		}
	}
	if n < maxNotes {
		m.notes.list = append(m.notes.list, Note{kind, part, offset, text})
	}
}

// Notes returns what was found broken or was cut so far, by place. Notes of a
// lazy view appear when the view is first used.
func (m *Message) Notes() []Note {
	m.notes.mu.Lock()
	defer m.notes.mu.Unlock()
	out := slices.Clone(m.notes.list)
	slices.SortStableFunc(out, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Part, b.Part))
	})
	return out
}
