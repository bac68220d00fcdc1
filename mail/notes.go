package mail

import (
	"cmp"
	"slices"
	"sync"
)

// notes collects what was found broken, by place; lazy views add to it from
// any goroutine.
type notes struct {
	mu   sync.Mutex
	list []Note
	head []Note // those of the header, which Parse reads
}

// maxNotes bounds the notes of one kind, and those of one limit: a hostile
// message is odd in a million places. The first ones by place stay, whatever
// the order in which they were found.
const maxNotes = 32

func (m *Message) note(kind NoteKind, part string, offset int, text string) {
	n := Note{kind, part, offset, text}
	m.notes.mu.Lock()
	defer m.notes.mu.Unlock()
	alike, last := 0, -1
	for i := range m.notes.list {
		if m.notes.list[i].alike(n) {
			alike, last = alike+1, i
		}
	}
	if alike == maxNotes {
		if n.compare(m.notes.list[last]) >= 0 {
			return
		}
		m.notes.list = slices.Delete(m.notes.list, last, last+1)
	}
	i, _ := slices.BinarySearchFunc(m.notes.list, n, Note.compare)
	m.notes.list = slices.Insert(m.notes.list, i, n)
}

// alike reports whether two notes count for the same bound.
func (n Note) alike(o Note) bool {
	return n.Kind == o.Kind && (n.Kind != NoteCut || n.Text == o.Text)
}

func (n Note) compare(o Note) int {
	return cmp.Or(cmp.Compare(n.Offset, o.Offset), cmp.Compare(n.Kind, o.Kind),
		cmp.Compare(n.Part, o.Part), cmp.Compare(n.Text, o.Text))
}

// Notes returns what is broken in the message or was cut from it, by place. It
// decodes and reads all of the message that was not looked at yet; HeaderNotes
// and Cuts return some of the notes at a lower cost.
func (m *Message) Notes() []Note {
	for _, p := range m.Parts() {
		p.Content()
	}
	m.Cuts()
	return m.noted(func(Note) bool { return true })
}

// HeaderNotes returns what is broken in the message's own header or was cut
// before its end: the notes that need no look at the body. The result must not
// be changed.
func (m *Message) HeaderNotes() []Note { return m.notes.head }

// Cuts returns what Limits cut from the message, by place: the notes of kind
// NoteCut. The views that a limit bounds are read for that, so the result does
// not depend on what was looked at before.
func (m *Message) Cuts() []Note {
	m.collectURLs() // reads every text, and HTML with its tags
	m.ContentURLs()
	for _, p := range m.Parts() {
		p.Archive()
	}
	for _, t := range m.Texts() {
		if len(t.Plain()) > m.limits.Words { // a word has a byte at least
			t.countWords()
		}
	}
	return m.noted(func(n Note) bool { return n.Kind == NoteCut })
}

// noted returns a copy of the notes that are wanted.
func (m *Message) noted(want func(Note) bool) []Note {
	m.notes.mu.Lock()
	defer m.notes.mu.Unlock()
	var out []Note
	for _, n := range m.notes.list {
		if want(n) {
			out = append(out, n)
		}
	}
	return out
}
