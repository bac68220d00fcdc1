package storage

import (
	"container/list"
	"context"
)

// A table of Memory's Tokens.
type table struct {
	size    int64
	classes map[string]*class
	notes   map[string]*note
	order   list.List // of *note, the oldest first
}

type class struct {
	lessons int64
	counts  map[uint64]int64
}

// A note is a lesson that can be moved and taken back.
type note struct {
	Lesson
	place *list.Element
}

// What a token's count in one class and a noted id take, about.
const (
	countSize = 40
	idSize    = 8
)

// Counts implements Tokens.
func (m *Memory) Counts(ctx context.Context, name string, ids []uint64) (Counts, error) {
	if err := m.begin(ctx, name); err != nil {
		return Counts{}, err
	}
	defer m.mu.Unlock()
	c := Counts{Lessons: map[string]int64{}, Tokens: map[string][]int64{}}
	t := m.tables[name]
	if t == nil {
		return c, nil
	}
	for name, class := range t.classes {
		if class.lessons > 0 {
			c.Lessons[name] = class.lessons
		}
		var counts []int64
		for i, id := range ids {
			if n := class.counts[id]; n != 0 {
				if counts == nil {
					counts = make([]int64, len(ids))
				}
				counts[i] = n
			}
		}
		if counts != nil {
			c.Tokens[name] = counts
		}
	}
	return c, nil
}

// Learn implements Tokens.
func (m *Memory) Learn(ctx context.Context, table string, l Lesson) (Learned, error) {
	learned, err := m.LearnMany(ctx, table, []Lesson{l})
	if err != nil {
		return Learned{}, err
	}
	return learned[0], nil
}

// LearnMany implements Tokens.
func (m *Memory) LearnMany(ctx context.Context, table string, ls []Lesson) ([]Learned, error) {
	learned := make([]Learned, 0, len(ls))
	for _, l := range ls {
		if err := l.Check(); err != nil {
			return learned, err
		}
		if err := m.begin(ctx, table); err != nil {
			return learned, err
		}
		one, err := m.learn(table, l)
		m.mu.Unlock()
		if err != nil {
			return learned, err
		}
		learned = append(learned, one)
	}
	return learned, nil
}

func (m *Memory) learn(name string, l Lesson) (Learned, error) {
	t := m.tables[name]
	if t == nil {
		t = &table{classes: map[string]*class{}, notes: map[string]*note{}}
	}
	old := t.notes[l.Message]
	var noted *Lesson
	if old != nil {
		noted = &old.Lesson
	}
	s := l.Step(noted)
	if !s.Learned.Changed {
		return s.Learned, nil
	}
	grows := t.grows(l.Message, s)
	if m.tables[name] == nil {
		grows += cost(name, nil)
	}
	if err := m.reserve(grows); err != nil {
		return Learned{}, err
	}
	m.tables[name] = t
	t.size += grows
	freed := t.count(s.From, s.IDs, -s.Weight, -s.Messages) + t.count(s.To, s.IDs, s.Weight, s.Messages)
	if old != nil {
		freed += t.forget(old)
	}
	if s.To != "" {
		n := &note{Lesson: Lesson{Message: l.Message, Class: s.To, IDs: s.IDs, Weight: s.Weight, Messages: s.Messages}}
		n.place = t.order.PushBack(n)
		t.notes[l.Message] = n
	}
	for len(t.notes) > m.lessons {
		freed += t.forget(t.order.Front().Value.(*note))
	}
	t.size -= freed
	return s.Learned, m.reserve(-freed)
}

// grows returns what a step adds to the table at most: the counts and the class
// that are new, and the note.
func (t *table) grows(message string, s LessonStep) int64 {
	if s.To == "" {
		return 0
	}
	c := t.classes[s.To]
	n := noteCost(message, s.IDs)
	if c == nil {
		return n + cost(s.To, nil) + countSize*int64(len(s.IDs))
	}
	for _, id := range s.IDs {
		if c.counts[id] == 0 {
			n += countSize
		}
	}
	return n
}

func noteCost(message string, ids []uint64) int64 { return cost(message, nil) + idSize*int64(len(ids)) }

// count adds to the counts of a class and returns what it freed.
func (t *table) count(name string, ids []uint64, by, lessons int64) (freed int64) {
	if name == "" {
		return 0
	}
	c := t.classes[name]
	if c == nil {
		c = &class{counts: map[uint64]int64{}}
		t.classes[name] = c
	}
	c.lessons += lessons
	for _, id := range ids {
		n := c.counts[id] + by
		if n == 0 {
			delete(c.counts, id)
			freed += countSize
			continue
		}
		c.counts[id] = n
	}
	return freed
}

// forget removes a note and returns what it took.
func (t *table) forget(n *note) int64 {
	t.order.Remove(n.place)
	if t.notes[n.Message] == n {
		delete(t.notes, n.Message)
	}
	return noteCost(n.Message, n.IDs)
}

// Lesson implements Tokens.
func (m *Memory) Lesson(ctx context.Context, table, message string) (string, error) {
	if err := m.begin(ctx, table, message); err != nil {
		return "", err
	}
	defer m.mu.Unlock()
	if t := m.tables[table]; t != nil {
		if n := t.notes[message]; n != nil {
			return n.Class, nil
		}
	}
	return "", nil
}

// DropTable implements Tokens.
func (m *Memory) DropTable(ctx context.Context, table string) error {
	if err := m.begin(ctx, table); err != nil {
		return err
	}
	defer m.mu.Unlock()
	t := m.tables[table]
	if t == nil {
		return nil
	}
	delete(m.tables, table)
	return m.reserve(-t.size)
}
