package bayes

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

const (
	// atOnce is how many lessons LearnMany keeps together.
	atOnce = 512
	// notesAtOnce is how many of their notes are on the way to the store: one that
	// syncs takes those that wait in one transaction.
	notesAtOnce = 64
)

// LearnMany is Learn for each of the lessons in order, with the same results and
// the same tables in the end, in a few transactions for hundreds of lessons: it is
// for archives. On an error the lessons before len(results) are in the store; of
// the others some may be, and to repeat the call with them is right.
func (l *Learner) LearnMany(ctx context.Context, lessons []Lesson) (results []LearnResult, err error) {
	var copied copied
	for len(lessons) > 0 && err == nil {
		b := batch{l: l, copied: copied}
		err = b.gather(lessons)
		if len(b.list) == 0 {
			break
		}
		if err := b.run(ctx); err != nil {
			return results, err
		}
		for _, one := range b.list {
			results = append(results, one.result)
		}
		lessons, copied = lessons[len(b.list):], b.copied
	}
	return results, err
}

// A batch is lessons that are kept together.
type batch struct {
	l      *Learner
	list   []*planned
	copied copied // is ahead of the journal while the batch is planned
}

// A copied model is one of which the next batch makes use if nobody else changed
// the tables meanwhile.
type copied struct {
	model  *fused.Model
	tables *fused.Model // of which it is the copy
	next   uint64       // what the Learner's is while the two are the same
}

// model returns the copy.
func (b *batch) model() *fused.Model {
	c := &b.copied
	if c.model == nil || c.tables != b.l.tables || c.next != b.l.next {
		c.model, c.tables = b.l.tables.Clone(c.model), b.l.tables
	}
	c.next = 0 // until the batch is in the journal
	return c.model
}

// A planned lesson is one of a batch.
type planned struct {
	Lesson
	name     string         // of the note
	features fused.Features // with the user's own
	result   LearnResult
	unfit    bool // there is nothing to learn
	was, now note
	raw      []byte // of was in the store
	write    bool   // now is to be written
	lost     bool   // somebody else changed the lesson meanwhile
}

// gather takes the lessons up to the first that a batch can't take: a second
// label for the same message waits for the first. The error is that of the lesson
// behind them.
func (b *batch) gather(lessons []Lesson) error {
	classes := map[string]Class{}
	for _, lesson := range lessons[:min(len(lessons), atOnce)] {
		p := &planned{Lesson: lesson}
		if !b.l.opt.Users {
			p.User = ""
		}
		p.name = noteName(p.Message, p.User)
		r, fit, err := p.fit()
		if err != nil {
			return err
		}
		if !fit {
			p.result, p.unfit = r, true
		} else if other, ok := classes[p.name]; ok && other != p.Class {
			return nil
		} else {
			classes[p.name] = p.Class
		}
		b.list = append(b.list, p)
	}
	return nil
}

// run plans the lessons with a copy of the model, and keeps their notes and then
// their entries. The model itself learns what stands in the journal.
func (b *batch) run(ctx context.Context) error {
	if err := b.l.enter(ctx); err != nil {
		return err
	}
	defer b.l.leave()
	err := b.l.catchUp(ctx)
	if err == nil {
		err = b.users(ctx)
	}
	if err == nil {
		err = b.notes(ctx)
	}
	if err == nil {
		err = b.complete(ctx)
	}
	if err == nil {
		err = b.plan()
	}
	if err == nil {
		err = b.write(ctx)
	}
	if err == nil {
		err = b.append(ctx)
	}
	if err != nil {
		return err
	}
	b.l.snapshot(ctx)
	for _, p := range b.list {
		if !p.lost {
			continue
		}
		if p.result, err = b.l.learnEntered(ctx, p.Lesson); err != nil {
			return err
		}
	}
	return nil
}

// users finds the features of the lessons' users.
func (b *batch) users(ctx context.Context) error {
	if _, err := b.l.readResets(ctx); err != nil {
		return err
	}
	for _, p := range b.list {
		p.features = b.l.tables.ForUser(p.Features, b.l.owner(p.User))
	}
	return nil
}

// notes reads what the store knows of the lessons.
func (b *batch) notes(ctx context.Context) error {
	var keys []string
	var of []*planned
	for _, p := range b.list {
		if !p.unfit {
			keys, of = append(keys, b.l.key("lesson/")+p.name), append(of, p)
		}
	}
	values, err := b.l.opt.Store.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("bayes: lessons: %w", err)
	}
	for i, p := range of {
		if p.raw = values[i]; p.raw == nil {
			continue
		}
		if p.was, err = readNote(p.raw); err != nil {
			return fmt.Errorf("bayes: the note of lesson %q: %w", p.name, err)
		}
	}
	return nil
}

// complete adds the entries of notes whose writers did not come to it, as
// Learner.complete does for one.
func (b *batch) complete(ctx context.Context) error {
	var pending []*planned
	for _, p := range b.list {
		if len(p.was.events) > 0 {
			pending = append(pending, p)
		}
	}
	if len(pending) == 0 {
		return nil
	}
	state, err := b.l.opt.Store.LogState(ctx, b.l.key("journal"))
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	var entries []entry
	for _, p := range pending {
		if state.First <= p.was.from {
			entries = append(entries, entry{p.was.id(p.name), p.was.events})
		}
	}
	items, err := itemsOf(entries)
	if err != nil {
		return err
	}
	seqs, err := storage.AppendMany(ctx, b.l.opt.Store, b.l.key("journal"), items)
	return b.l.applyAppended(ctx, items, seqs, err)
}

// plan decides what each lesson changes, in order, each after those before it.
func (b *batch) plan() error {
	model := b.model()
	seen := map[string]bool{}
	for _, p := range b.list {
		if p.unfit {
			continue
		}
		events, before := p.events(model, p.features)
		p.result = LearnResult{Outcome: Learned, Was: p.was.class, Before: before, After: before}
		if seen[p.name] {
			p.was.class, p.result.Was = p.Class, p.Class
		}
		seen[p.name] = true
		if p.was.class == p.Class {
			p.result.Outcome = Already
			continue
		}
		p.write = true
		p.now = note{
			class: p.Class, source: p.Source, time: b.l.opt.Clock(), times: p.was.times + 1, from: b.l.next,
			events: append(p.was.reverse(), events...),
		}
		if err := applyAll(model, p.now.events); err != nil {
			return fmt.Errorf("bayes: lesson %q: %w", p.name, err)
		}
		if !p.now.changes() {
			p.result.Outcome = Known // and as likely spam as before
			continue
		}
		p.result.After = model.Classify(p.features).Probability
	}
	return nil
}

// write keeps the notes.
func (b *batch) write(ctx context.Context) error {
	errs := make([]error, len(b.list))
	turns := make(chan struct{}, notesAtOnce)
	var wg sync.WaitGroup
	for i, p := range b.list {
		if !p.write {
			continue
		}
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			swapped, err := b.l.note(ctx, p.name, p.raw, p.now)
			p.lost, errs[i] = !swapped, err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// append keeps the entries of the notes that were written.
func (b *batch) append(ctx context.Context) error {
	var entries []entry
	whole := true
	for _, p := range b.list {
		whole = whole && !p.lost
		if p.write && !p.lost && len(p.now.events) > 0 {
			entries = append(entries, entry{p.now.id(p.name), p.now.events})
		}
	}
	items, err := itemsOf(entries)
	if err != nil {
		return err
	}
	l := b.l
	seqs, err := storage.AppendMany(ctx, l.opt.Store, l.key("journal"), items)
	same := err == nil && whole && follow(seqs, l.next)
	if err = l.applyAppended(ctx, items, seqs, err); err == nil && same {
		b.copied.next = l.next // The copy has learned just this.
	}
	return err
}

// follow reports whether numbers are next and those behind it.
func follow(seqs []uint64, next uint64) bool {
	for i, seq := range seqs {
		if seq != next+uint64(i) {
			return false
		}
	}
	return true
}

// An entry is one that is to stand in the journal.
type entry struct {
	id     string
	events []fused.Event
}

func itemsOf(entries []entry) ([]storage.Item, error) {
	items := make([]storage.Item, len(entries))
	for i, e := range entries {
		data, err := marshal(e.events)
		if err != nil {
			return nil, err
		}
		items[i] = storage.Item{ID: e.id, Data: data}
	}
	return items, nil
}

// applyAppended applies what stands in the journal up to the items, of which those
// with a number were added before the error.
func (l *Learner) applyAppended(ctx context.Context, items []storage.Item, seqs []uint64, err error) error {
	for i, seq := range seqs {
		if seq == l.next {
			l.apply(storage.Entry{Seq: seq, Data: items[i].Data})
		} else if seq > l.next {
			err = errors.Join(err, l.catchUp(ctx))
			break
		}
	}
	if err != nil {
		return fmt.Errorf("bayes: journal: %w", err)
	}
	return nil
}
