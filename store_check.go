package winnow

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/winnowmail/winnow/storage"
)

// A checkStore is the store as one check of a scan has it; the check's own
// goroutines may share it.
type checkStore struct {
	scan  *scanStore
	check string
	next  storage.Store // nil in a replay

	mu     sync.Mutex
	calls  []recordedCall            // recorded
	left   map[string][]recordedCall // of the transcript, by what was asked
	failed *storeError               // the failure that comes first in order
	cut    bool

	step *checkStore // of the step that ran the check, nil: this one
	from int         // calls of step that an earlier transaction made
	// first is what the check itself did, once there is a copy.
	first *checkStore
}

func (k *checkStore) seen() (calls []recordedCall, failed *storeError, cut bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.step == nil {
		return slices.Clip(k.calls), k.failed, k.cut
	}
	k.step.mu.Lock()
	defer k.step.mu.Unlock()
	return slices.Concat(k.calls, k.step.calls[k.from:]), k.failed, k.cut
}

// copy is the view for a later step.
func (k *checkStore) copy(st *scanStore) *checkStore {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := &checkStore{scan: st, check: k.check, next: k.next, calls: slices.Clip(k.calls), failed: k.failed, cut: k.cut, step: k.step}
	if k.step != nil {
		k.step.mu.Lock()
		defer k.step.mu.Unlock()
		c.from = len(k.step.calls)
		return c
	}
	if k.first == nil {
		k.first = &checkStore{calls: c.calls, failed: k.failed, cut: k.cut}
	}
	c.calls, c.failed, c.cut = k.first.calls, k.first.failed, k.first.cut
	c.step, c.from = k, len(k.calls)
	return c
}

// storeCall makes one call for a check: of the store, or of the transcript.
func storeCall[T any](k *checkStore, op string, do func(s storage.Store) (T, error), args ...any) (T, error) {
	if k.scan.rerun != nil {
		return replayed[T](k, op, args)
	}
	v, err := attempt(k.via(), do)
	var failed *storeError
	if err != nil {
		failed = newStoreError(err, k.scan.spent(err))
	}
	k.note(failed)
	if k.scan.record {
		k.keep(op, args, v, failed)
	}
	if failed != nil {
		return v, failed
	}
	return v, nil
}

// attempt calls the store. A store that panics fails, and so does one that
// answers with a number that is none.
func attempt[T any](s storage.Store, do func(s storage.Store) (T, error)) (v T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: it panicked: %v", storage.ErrUnavailable, r)
		}
	}()
	if v, err = do(s); err == nil && !finite(v) {
		err = fmt.Errorf("%w: %v", storage.ErrNotNumber, v)
	}
	return v, err
}

// finite reports whether v has no number that a transcript can't hold.
func finite(v any) bool {
	is := func(fs ...float64) bool {
		for _, f := range fs {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return false
			}
		}
		return true
	}
	switch v := v.(type) {
	case float64:
		return is(v)
	case storage.Bucket:
		return is(v.Level, v.RateFactor, v.BurstFactor)
	case []storage.Bucket:
		for _, b := range v {
			if !finite(b) {
				return false
			}
		}
	case []storage.Series:
		for _, s := range v {
			for _, x := range s.Values {
				if !is(x) {
					return false
				}
			}
		}
	case []storage.Member:
		for _, m := range v {
			if !is(m.Score) {
				return false
			}
		}
	}
	return true
}

// note remembers that the store failed the check. Of several failures the one
// whose text sorts first counts, so that it is always the same.
func (k *checkStore) note(err *storeError) {
	if err == nil || err.answers() {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cut = k.cut || err.is("budget"); k.failed == nil || err.Text < k.failed.Text {
		k.failed = err
	}
}
