package resolver

import (
	"context"
	"sync/atomic"
)

// A Counter counts the questions that pass through it. Its zero value with
// Resolver set is ready.
type Counter struct {
	Resolver Resolver
	asked    atomic.Int64
	failed   atomic.Int64
}

// Lookup counts and passes on.
func (c *Counter) Lookup(ctx context.Context, name string, qtype uint16) (Answer, error) {
	c.asked.Add(1)
	a, err := c.Resolver.Lookup(ctx, name, qtype)
	if IsTemporary(err) {
		c.failed.Add(1)
	}
	return a, err
}

// Asked returns the number of questions.
func (c *Counter) Asked() int64 { return c.asked.Load() }

// Failed returns how many questions ended in a temporary error.
func (c *Counter) Failed() int64 { return c.failed.Load() }
