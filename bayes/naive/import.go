package naive

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/bayes/counts"
)

// Import adds what bogofilter or SpamAssassin learned: words of texts and, of
// bogofilter, those of subjects, in small letters. What they know of addresses,
// hops and URLs is left out, since it is named otherwise here, and of
// SpamAssassin's hashes those that are of no word in small letters are never looked
// for. Rspamd's pairs of words are counts.ErrUseless.
//
// An import that was interrupted can be repeated; the same dump counts once.
// progress may be nil.
func (c *Classifier) Import(ctx context.Context, d *counts.Dump, progress func(done, all int64)) (counts.Report, error) {
	if !slices.Contains(c.o.Classes, Spam) || !slices.Contains(c.o.Classes, Ham) {
		return counts.Report{}, fmt.Errorf("naive: a dump has counts of %q and %q, this classifier of %q", Spam, Ham, c.o.Classes)
	}
	var id func(counts.Token) (uint64, bool)
	switch d.Kind {
	case counts.Bogofilter:
		id = bogofilter
	case counts.SpamAssassin:
		id = func(t counts.Token) (uint64, bool) { return t.ID, t.ID != nothing }
	default:
		return counts.Report{}, fmt.Errorf("naive: %w: those of %s are of pairs of words; bayes/osb can", counts.ErrUseless, d.Kind)
	}
	r, err := d.Store(ctx, c.store, c.o.Table, counts.Classes{Spam: Spam, Ham: Ham}, id, progress)
	if err != nil {
		return r, fmt.Errorf("naive: %w", err)
	}
	return r, nil
}

// bogofilter finds a token of bogofilter's: a word of a text, or with a mark before
// a colon something of the header.
func bogofilter(t counts.Token) (uint64, bool) {
	mark, rest, marked := strings.Cut(t.Word, ":")
	switch {
	case !marked:
		return word(strings.ToLower(t.Word)), true
	case mark == "subj" && rest != "":
		return named("s:", strings.ToLower(rest)), true
	}
	return nothing, false
}
