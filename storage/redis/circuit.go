package redis

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// failures is how many failures in a row to reach a server open its circuit.
const failures = 3

// A circuit keeps calls from a server that does not answer.
type circuit struct {
	name   string        // of the server, for errors
	wake   chan struct{} // of the goroutine that asks servers again
	failed atomic.Bool   // lately: there is something to undo when it answers

	mu    sync.Mutex
	fails int
	open  bool
	err   error
	since time.Time
}

// allow returns an error that wraps storage.ErrUnavailable while the circuit is
// open.
func (c *circuit) allow() error {
	if !c.failed.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return nil
	}
	return fmt.Errorf("%w: %s is down since %s: %w", storage.ErrUnavailable, c.name, c.since.UTC().Format(time.RFC3339), c.err)
}

// answer notes that the server answered.
func (c *circuit) answer() {
	if !c.failed.Load() {
		return
	}
	c.mu.Lock()
	c.fails, c.open, c.err = 0, false, nil
	c.failed.Store(false)
	c.mu.Unlock()
}

// fail notes that the server could not be reached, n times, and reports whether
// that opened the circuit.
func (c *circuit) fail(err error, n int) bool {
	c.mu.Lock()
	c.fails += n
	if c.err == nil {
		c.since = time.Now()
	}
	c.err = err
	opened := !c.open && c.fails >= failures
	c.open = c.open || opened
	c.failed.Store(true)
	c.mu.Unlock()
	if opened {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	return opened
}

// state returns whether the circuit is open, and the latest failure and since when
// there are some, nil since the server last answered.
func (c *circuit) state() (open bool, since time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open, c.since, c.err
}
