package winnow

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/winnowmail/winnow/internal/dnsscan"
)

// An account counts what is in progress under a Scanner. What a derived
// Scanner does is in its own account and in those above.
type account struct {
	above *account // of the Scanner that this one was derived from

	mu       sync.Mutex
	closed   bool
	scans    int
	held     int                // transactions that are open
	leftover map[string]int     // what outlived its scan, by name
	lines    map[*line]struct{} // of the sessions that are open and have DNS
	changed  chan struct{}      // closed at the next change; nil: nobody waits
}

// A line is a Session's DNS under one Scanner.
type line struct {
	scanner *Scanner
	dns     *dnsscan.Session
	cancel  context.CancelFunc
}

// enter counts a scan in, unless a Scanner is closed.
func (a *account) enter() error {
	if a == nil {
		return nil
	}
	if err := a.above.enter(); err != nil {
		return err
	}
	a.mu.Lock()
	closed := a.closed
	if !closed {
		a.scans++
	}
	a.mu.Unlock()
	if closed {
		a.above.exit()
		return ErrClosed
	}
	return nil
}

func (a *account) exit() { a.change(func(a *account) { a.scans-- }) }

// hold notes that a transaction began, release that it ended.
func (a *account) hold() { a.change(func(a *account) { a.held++ }) }

func (a *account) release() { a.change(func(a *account) { a.held-- }) }

// drain waits until no scan and no transaction is in progress, until the
// account is shut, or until ctx ends.
func (a *account) drain(ctx context.Context) {
	for {
		a.mu.Lock()
		done, changed := a.closed || a.scans == 0 && a.held == 0, a.next()
		a.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// under reports whether an account is b or below it.
func (a *account) under(b *account) bool {
	for ; a != nil && a != b; a = a.above {
	}
	return a != nil
}

// leave notes that something outlives its scan; returned notes that it came to
// an end.
func (a *account) leave(name string) {
	a.change(func(a *account) {
		if a.leftover == nil {
			a.leftover = map[string]int{}
		}
		a.leftover[name]++
	})
}

func (a *account) returned(name string) {
	a.change(func(a *account) {
		if a.leftover[name]--; a.leftover[name] <= 0 {
			delete(a.leftover, name)
		}
	})
}

// change changes an account and those above, and wakes the goroutines that wait
// for a change.
func (a *account) change(do func(*account)) {
	for ; a != nil; a = a.above {
		a.mu.Lock()
		do(a)
		if a.changed != nil {
			close(a.changed)
			a.changed = nil
		}
		a.mu.Unlock()
	}
}

// shut refuses new scans; those in progress go on.
func (a *account) shut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
}

// open notes a session's line; false means that a Scanner is closed.
func (a *account) open(l *line) bool {
	for ; a != nil; a = a.above {
		a.mu.Lock()
		closed := a.closed
		if !closed {
			if a.lines == nil {
				a.lines = map[*line]struct{}{}
			}
			a.lines[l] = struct{}{}
		}
		a.mu.Unlock()
		if closed {
			return false
		}
	}
	return true
}

// drop takes a line out; it reports whether it was there.
func (a *account) drop(l *line) (there bool) {
	for first := a; a != nil; a = a.above {
		a.mu.Lock()
		if a == first {
			_, there = a.lines[l]
		}
		delete(a.lines, l)
		a.mu.Unlock()
	}
	return there
}

func (a *account) openLines() []*line {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.lines))
}

// progress tells how many scans are in progress and what outlived its scan;
// changed is closed when that is no longer so.
func (a *account) progress() (scans int, leftover []string, changed <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.scans, slices.Sorted(maps.Keys(a.leftover)), a.next()
}

// next is closed at the next change; the lock is held.
func (a *account) next() <-chan struct{} {
	if a.changed == nil {
		a.changed = make(chan struct{})
	}
	return a.changed
}
