package checks

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// A life is what the Start functions of a family's checks began.
type life struct {
	users int // Scanners that began the family and did not end it
	stop  context.CancelFunc

	mu   sync.Mutex
	left []background
}

// A background is a function that a check runs beside the scans.
type background struct {
	name string
	done chan struct{} // closed when it has returned
}

// Begin starts the family for one more Scanner. The Start functions of its
// checks run for the first one only, with what that Scanner's env has; the
// Scanners that share a family should therefore share resolver and store too.
// When a Start fails the error names the check; the context of what has begun
// ends, and env.Go gets functions that return when all of it has.
func (f *Family) Begin(env Env) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.life != nil {
		f.life.users++
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{users: 1, stop: cancel}
	own := env
	own.Go = l.run
	for _, c := range f.Checks {
		if c.Start == nil {
			continue
		}
		if err := Contain(c.Name, func() error { return c.Start(ctx, &own) }); err != nil {
			l.end(env.Go)
			return fmt.Errorf("start of check %s: %w", c.Name, err)
		}
	}
	f.life = l
	return nil
}

// End takes one Begin back. At the last one the context that Start was given
// ends, and wait gets functions that return when the background work has ended;
// while other Scanners use the family there is nothing to wait for. A family
// may begin again after it ended.
func (f *Family) End(wait func(name string, f func())) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.life.users--; f.life.users == 0 {
		f.life.end(wait)
		f.life = nil
	}
}

// run is Env.Go.
func (l *life) run(name string, do func()) {
	b := background{name, make(chan struct{})}
	l.mu.Lock()
	l.left = append(slices.DeleteFunc(l.left, background.returned), b)
	l.mu.Unlock()
	go func() {
		defer close(b.done)
		do()
	}()
}

func (l *life) end(wait func(name string, f func())) {
	l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.left {
		if !b.returned() {
			wait(b.name, func() { <-b.done })
		}
	}
}

func (b background) returned() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}
