package osb

import (
	"context"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/bayes/counts"
)

// Import adds what Rspamd learned, for a store in which Rspamd does not learn
// itself: where both use one Redis there is nothing to import. The counts serve
// both dialects, Rspamd416 as far as the tokens are of neighbours. The words of
// other filters are counts.ErrUseless: no pairs can be made of them.
//
// An import that was interrupted can be repeated; the same dump counts once.
// progress may be nil.
func (c *Classifier) Import(ctx context.Context, d *counts.Dump, progress func(done, all int64)) (counts.Report, error) {
	if d.Kind != counts.Rspamd {
		return counts.Report{}, fmt.Errorf("osb: %w: those of %s are single words, and this model needs pairs; bayes/naive can", counts.ErrUseless, d.Kind)
	}
	if !slices.Contains(c.o.Classes, Spam) || !slices.Contains(c.o.Classes, Ham) {
		return counts.Report{}, fmt.Errorf("osb: a dump has counts of %q and %q, this classifier of %q", Spam, Ham, c.o.Classes)
	}
	same := func(t counts.Token) (uint64, bool) { return t.ID, true }
	r, err := d.Store(ctx, c.store, c.o.Table, counts.Classes{Spam: Spam, Ham: Ham}, same, progress)
	if err != nil {
		return r, fmt.Errorf("osb: %w", err)
	}
	return r, nil
}
