package winnow

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/storage"
)

// DefaultStoreBudget is how long one scan waits for its stores altogether where
// Options.StoreBudget is 0.
const DefaultStoreBudget = 300 * time.Millisecond

// A scanStore is the store of one scan: it bounds the waiting, remembers which
// checks did not get what they asked for, and records or replays the calls.
type scanStore struct {
	next   storage.Store            // nil in a replay, and where only families have stores
	own    map[string]storage.Store // of families that have one, by the names of their checks
	timed  []*storage.TimedStore    // all of them, where there is a budget
	budget time.Duration
	record bool
	rerun  *rerun // nil unless this is a replay

	batches   bool // one of them makes several calls in one trip
	gathering atomic.Pointer[gathering]

	mu    sync.Mutex
	views map[string]*checkStore
}

// newScanStore makes the store of a scan, nil for a Scanner without one.
func (s *Scanner) newScanStore(record bool, r *rerun) *scanStore {
	if s.opt.Store == nil && len(s.stores) == 0 {
		return nil
	}
	st := &scanStore{budget: s.opt.StoreBudget, record: record, rerun: r, views: map[string]*checkStore{}}
	if r != nil {
		return st
	}
	if s.opt.Store != nil {
		st.next = st.bounded(s.opt.Store)
	}
	for _, own := range s.stores {
		next := st.bounded(own.store)
		for _, check := range own.checks {
			if st.own == nil {
				st.own = map[string]storage.Store{}
			}
			st.own[check] = next
		}
	}
	return st
}

// bounded is a store with the budget of a scan.
func (st *scanStore) bounded(kv storage.KV) storage.Store {
	full := storage.Full(kv)
	st.batches = st.batches || storage.Batches(full)
	if st.budget <= 0 {
		return full
	}
	t := storage.Timed(full, st.budget)
	st.timed = append(st.timed, t)
	return t
}

// spentBudget is how much of the budget is used up: of several stores, which are
// waited for at the same time, the most.
func (st *scanStore) spentBudget() (most time.Duration) {
	for _, t := range st.timed {
		most = max(most, t.Spent())
	}
	return most
}

// of returns the scan's store for one check.
func (st *scanStore) of(c *checks.Check) storage.Store {
	st.mu.Lock()
	defer st.mu.Unlock()
	v := st.views[c.Name]
	if v == nil {
		v = &checkStore{scan: st, check: c.Name, next: st.next}
		if own := st.own[c.Name]; own != nil {
			v.next = own
		}
		if v.next == nil && st.rerun == nil {
			return nil
		}
		if st.rerun != nil {
			v.left = byCall(st.rerun.t.Store[c.Name])
		}
		st.views[c.Name] = v
	}
	return v
}

// inherit takes over what a check did with the store in an earlier step. What
// it handed over with Task.Commit then still uses the store of that step: those
// calls count here too, and not those of an earlier transaction.
func (st *scanStore) inherit(prev *scanStore, check string) {
	if st == nil || prev == nil {
		return
	}
	prev.mu.Lock()
	v := prev.views[check]
	prev.mu.Unlock()
	if v == nil {
		return
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	st.views[check] = v.copy(st)
}

// storeLeft returns what is left of the store's budget after the verdict, or
// of the scan's time where the budget has no bound.
func (s *scan) storeLeft() (left time.Duration, bounded bool) {
	o := &s.scanner.opt
	if s.rerun != nil || o.StoreBudget < 0 && o.Timeout < 0 {
		return 0, false
	}
	if o.StoreBudget < 0 {
		return max(o.Timeout-time.Since(s.begun), 0), true
	}
	left = o.StoreBudget
	if s.store != nil {
		left -= s.store.spentBudget()
	}
	return max(left, 0), true
}

// failure returns why a check did not have the store, nil if it did or did not
// ask; cut tells that the scan's budget was spent.
func (st *scanStore) failure(check string) (err error, cut bool) {
	if st == nil {
		return nil, false
	}
	st.mu.Lock()
	v := st.views[check]
	st.mu.Unlock()
	if v == nil {
		return nil, false
	}
	_, failed, cut := v.seen()
	if failed == nil {
		return nil, cut
	}
	return failed, cut
}

// storeCut reports whether the store's budget cut off what a check asked for
// that ended. A replay knows it too.
func (s *scan) storeCut() bool {
	for i := range s.results {
		if s.results[i].ended {
			if _, cut := s.store.failure(s.plan().Checks()[i].Name); cut {
				return true
			}
		}
	}
	return false
}

// calls returns what was recorded, by check.
func (st *scanStore) calls() map[string][]recordedCall {
	if st == nil {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	var all map[string][]recordedCall
	for name, v := range st.views {
		if calls, _, _ := v.seen(); len(calls) > 0 {
			if all == nil {
				all = map[string][]recordedCall{}
			}
			all[name] = calls
		}
	}
	return all
}

// letGo leaves calls that the store has not finished to the Scanner's account.
func (s *Scanner) letGo(st *scanStore) {
	if st == nil {
		return
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, t := range st.timed {
		if t.Wait(ended) == nil {
			continue
		}
		s.leave("store")
		go func() {
			_ = t.Wait(context.Background())
			s.returned("store")
		}()
	}
}

// spent reports whether an error is due to the scan's budget.
func (st *scanStore) spent(err error) bool {
	return len(st.timed) > 0 && errors.Is(err, storage.ErrUnavailable) && st.spentBudget() >= st.budget
}
