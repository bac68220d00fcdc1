package winnow

import (
	"context"
	"reflect"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// Call makes a call of a store on behalf of an After, with the context that its
// Run was given. If the After is Together and s is the Scanner's store, the
// call goes in one trip with what checks commit. Otherwise it is made alone
// (storage.Alone).
func (r *Result) Call(ctx context.Context, s storage.KV, c storage.Call) error {
	if w := r.with; w != nil && ctx == w.ctx && same(s, r.scan.scanner.opt.Store) {
		return w.ask(c, r.scan.store.next)
	}
	full := storage.Full(s)
	storage.Alone(storage.ByDeadline(ctx, full), full, c)
	return c.Failed()
}

// same reports whether two stores are one.
func same(a, b storage.KV) bool {
	return a != nil && reflect.ValueOf(a).Comparable() && a == b
}

// together are the After values that run while checks commit. Where the scan is
// recorded there are none, since the transcript has what was committed.
func (s *scan) together() (list []*afterWorker) {
	if s.record != nil && s.record.wanted {
		return nil
	}
	for _, a := range s.scanner.afters {
		if a.Together && !s.missed(a.reads) {
			list = append(list, a)
		}
	}
	return list
}

// A running After is one that runs while checks commit.
type runningAfter struct {
	*afterWorker
	begun time.Time
	done  <-chan error
}

// beginAfters begins those that run together; g, if there is one, counts them.
func (s *scan) beginAfters(ctx context.Context, list []*afterWorker, res *Result, g *gathering) []runningAfter {
	running := make([]runningAfter, len(list))
	for n, a := range list {
		own := res.forAfter()
		own.with, own.Took = g, time.Since(s.begun)
		running[n] = runningAfter{afterWorker: a, begun: time.Now()}
		if ctx.Err() != nil {
			continue
		}
		running[n].done = s.scanner.begin(a.account(), func() error {
			if g != nil {
				defer g.end()
			}
			return a.run(ctx, own)
		})
	}
	return running
}

// end waits for an After until ctx ends; then it is given up.
func (r *runningAfter) end(ctx context.Context) {
	ended, err := endOf(ctx, r.done)
	if !ended {
		err = ctx.Err()
	}
	r.afterWorker.done(time.Since(r.begun), err)
}
