package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/archive"
	"github.com/winnowmail/winnow/storage"
)

const (
	// usualBatch is how many messages are learned together: all of them work on one
	// copy of the tables.
	usualBatch = 2048
	// noteEvery is how many messages are between two lines about the progress.
	noteEvery = 1000
	// keepPlace is how long a place is kept at which nobody goes on.
	keepPlace = 30 * 24 * time.Hour
)

// An imported collection is learned in order, many messages at once.
type collection struct {
	p       *program
	learner *bayes.Learner
	store   storage.KV
	key     string // of the place, "" for none

	batch []report
	tally tally
	shown progress
	first *report // held back until it is known whether there are more
	begun time.Time
	notes int // lines about the progress so far
}

// A kept place is what the store holds of a collection that is not learned to its
// end.
type keptPlace struct {
	Place archive.Place `json:"place"`
	Name  string        `json:"name"` // of the message before it
}

// placeKey names the place of the paths in the store. There is none for the
// standard input, which can't be read from the middle.
func (p *program) placeKey() string {
	if slices.Contains(p.paths, "-") {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %v %q", p.lesson.class, p.quoting, p.lesson.source, p.lesson.owner)
	for _, path := range p.paths {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		fmt.Fprintf(h, "\x00%s", path)
	}
	return "scan/place/" + hex.EncodeToString(h.Sum(nil)[:16])
}

// newCollection returns the collection of the program's paths, and where to go on.
func (p *program) newCollection(ctx context.Context, l *bayes.Learner, store storage.KV) (*collection, *archive.Place, error) {
	c := &collection{
		p: p, learner: l, store: store, key: p.placeKey(), begun: time.Now(),
		tally: tally{actions: map[actions.Action]int{}}, shown: progress{on: p.progress, out: p.stderr},
	}
	if c.key == "" {
		return c, nil, nil
	}
	if p.restart {
		return c, nil, store.Delete(ctx, c.key)
	}
	b, err := store.Get(ctx, c.key)
	if errors.Is(err, storage.ErrNotFound) {
		return c, nil, nil
	}
	if err != nil {
		return c, nil, err
	}
	var kept keptPlace
	if err := json.Unmarshal(b, &kept); err != nil || kept.Place.Check(len(p.paths)) != nil {
		return c, nil, nil // To learn again what was learned changes nothing.
	}
	fmt.Fprintf(p.stderr, "scan: goes on behind %s, where it was interrupted after %d messages; -restart begins anew\n", kept.Name, kept.Place.Messages)
	return c, &kept.Place, nil
}

// lesson makes a lesson of a message.
func (p *program) prepare(ctx context.Context, scanner *winnow.Scanner, rep report, m *winnow.Message) report {
	l, err := scanner.Lesson(ctx, m, p.lesson.class, p.lesson.options())
	if err != nil {
		rep.err = fmt.Errorf("%s: %w", rep.name, err)
	}
	rep.lesson = l
	return rep
}

// learn learns the lessons as they come, and returns the exit code.
func (c *collection) learn(ctx context.Context, order <-chan *slot) int {
	defer c.shown.clear()
	ok := true
	for s := range order {
		rep := <-s.done
		if ctx.Err() != nil || !ok {
			continue
		}
		if c.batch = append(c.batch, rep); len(c.batch) == cmp.Or(c.p.batch, usualBatch) {
			ok = c.flush(ctx, false)
		}
	}
	if ok && ctx.Err() == nil {
		ok = c.flush(ctx, true)
	}
	c.shown.clear()
	if c.first != nil {
		c.p.write(&c.tally, c.first.text)
	}
	if !c.p.json && c.tally.scanned > 1 {
		c.p.write(&c.tally, c.tally.summary())
	}
	if ctx.Err() != nil {
		fmt.Fprintln(c.p.stderr, "scan: interrupted; the same command goes on where this one was")
	}
	if !ok || c.tally.failed > 0 || c.tally.broken || ctx.Err() != nil {
		return 1
	}
	return 0
}

// flush learns what has been gathered and keeps the place; last says that nothing
// follows.
func (c *collection) flush(ctx context.Context, last bool) bool {
	var lessons []bayes.Lesson
	for _, rep := range c.batch {
		if rep.err == nil {
			lessons = append(lessons, rep.lesson)
		}
	}
	results, err := c.learner.LearnMany(ctx, lessons)
	for _, rep := range c.batch {
		if rep.err == nil {
			if len(results) == 0 {
				break
			}
			rep, results = c.p.learned(rep, results[0]), results[1:]
		}
		c.report(rep)
	}
	if err == nil {
		err = c.keep(ctx, last)
	}
	c.batch = c.batch[:0]
	if err != nil && ctx.Err() == nil {
		c.shown.clear()
		fmt.Fprintf(c.p.stderr, "scan: %v; what was learned stays, and the same command goes on from there\n", err)
	}
	return err == nil
}

// keep notes the place behind the batch, or at the end that there is none.
func (c *collection) keep(ctx context.Context, last bool) error {
	if c.key == "" || len(c.batch) == 0 && !last {
		return nil
	}
	// What has been learned is learned, even if the context ends now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if last {
		return c.store.Delete(ctx, c.key)
	}
	end := c.batch[len(c.batch)-1]
	b, _ := json.Marshal(keptPlace{end.place, end.name}) // always marshals
	return c.store.Set(ctx, c.key, b, keepPlace)
}

// learned renders what became of a lesson.
func (p *program) learned(rep report, r bayes.LearnResult) report {
	rep.action = actions.Action(r.Outcome)
	if p.json {
		b, _ := json.Marshal(map[string]any{"outcome": r.Outcome, "reason": r.Reason, "was": r.Was, "before": r.Before, "after": r.After}) // always marshals
		rep.text = withFile(b, rep.name)
		return rep
	}
	outcome := string(r.Outcome)
	if r.Reason != "" {
		outcome += " (" + r.Reason + ")"
	}
	rep.text = fmt.Appendf(nil, "%s: %s, probability of spam %.3f, was %.3f\n", rep.name, outcome, r.After, r.Before)
	rep.brief = []byte{} // the summary says it
	return rep
}

// report prints what became of a message, and now and then how far it is.
func (c *collection) report(rep report) {
	c.tally.add(&rep, 0)
	switch {
	case rep.err != nil:
		c.shown.clear()
		fmt.Fprintf(c.p.stderr, "scan: %v\n", rep.err)
	case c.p.json:
		c.shown.clear()
		c.p.write(&c.tally, rep.text)
	case c.tally.scanned == 1:
		c.first = &rep
	default:
		c.first = nil
	}
	c.shown.step(c.tally.scanned, c.tally.failed)
	n := c.tally.scanned + c.tally.failed
	if n/noteEvery > c.notes && !c.shown.on {
		c.notes = n / noteEvery
		fmt.Fprintf(c.p.stderr, "scan: %d messages, %d failed, %.0f a second, at %s\n", n, c.tally.failed, float64(n)/time.Since(c.begun).Seconds(), rep.name)
	}
}
