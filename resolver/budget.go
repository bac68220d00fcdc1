package resolver

import (
	"context"
	"sync"
	"sync/atomic"
)

// Limit returns a resolver that passes on at most n different questions and
// answers ErrBudget to more; repeated questions don't count. It is one
// check's view of a scan's DNS. Negative n is no limit.
func Limit(r Resolver, n int) Resolver {
	if n < 0 {
		return r
	}
	return &budget{next: r, left: n}
}

type budget struct {
	next Resolver
	mu   sync.Mutex
	left int
	seen map[Question]bool // question → allowed
}

func (b *budget) allow(q Question) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.allowed(q, 1)
}

// allowed decides about one of the questions of a call.
func (b *budget) allowed(q Question, of int) bool {
	ok, known := b.seen[q]
	if known {
		return ok
	}
	if b.seen == nil {
		b.seen = make(map[Question]bool, of)
	}
	if ok = b.left > 0; ok {
		b.left--
	}
	b.seen[q] = ok
	return ok
}

// Left returns how many more different questions a resolver that Limit made
// passes on. It returns -1 for any other resolver, which has no bound.
func Left(r Resolver) int {
	b, ok := r.(*budget)
	if !ok {
		return -1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}

func (b *budget) Lookup(ctx context.Context, name string, qtype uint16) (Answer, error) {
	q := Question{Canonical(name), qtype}
	if !b.allow(q) {
		return Answer{}, &Error{Name: q.Name, Type: q.Type, Kind: KindBudget}
	}
	return b.next.Lookup(ctx, q.Name, q.Type)
}

// refuse decides about all questions in order, before any is asked.
func (b *budget) refuse(questions []Question, replies []Reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, q := range questions {
		if q = (Question{Canonical(q.Name), q.Type}); !b.allowed(q, len(questions)) {
			replies[i].Err = &Error{Name: q.Name, Type: q.Type, Kind: KindBudget}
		}
	}
}

// Shares allots a scan's questions to its checks in list order, before any is
// asked, so that a check's share does not depend on how fast the others are.
// wants holds what each check says it needs at most (checks.Needs.Queries), 0
// for a check without a limit of its own. The bounded ones are served first, in
// order; the others divide what is left evenly, and the remainder goes to the
// earlier ones. A negative total means no limit: then unbounded checks get -1.
func Shares(total int, wants []int) []int {
	shares := make([]int, len(wants))
	open := 0
	for i, w := range wants {
		switch {
		case w <= 0:
			open++
		case total < 0:
			shares[i] = w
		default:
			shares[i] = min(w, total)
			total -= shares[i]
		}
	}
	for i, w := range wants {
		if w > 0 {
			continue
		}
		if total < 0 {
			shares[i] = -1
			continue
		}
		shares[i] = (total + open - 1) / open
		total -= shares[i]
		open--
	}
	return shares
}

// Shares allots o.MaxQueries, its default filled in.
func (o Options) Shares(wants []int) []int { return Shares(o.withDefaults().MaxQueries, wants) }

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
