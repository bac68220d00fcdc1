package dnsscan

import (
	"context"
	"slices"
	"sync"

	"github.com/winnowmail/winnow/resolver"
)

// Limit returns a resolver that passes on at most n different questions and
// answers ErrBudget to more; repeated questions don't count. It is one
// check's view of a scan's DNS. Negative n is no limit.
func Limit(r resolver.Resolver, n int) resolver.Resolver {
	if n < 0 {
		return r
	}
	return &budget{next: r, left: n}
}

// For is Limit for a check that calls waits, in its own goroutine, whenever it is
// going to wait for a reply.
func (s *Session) For(n int, waits func()) resolver.Resolver {
	if n < 0 {
		return &asker{s, waits, false}
	}
	both := &struct {
		budget
		asker
	}{budget{left: n}, asker{s, waits, true}}
	both.next = &both.asker
	return &both.budget
}

// An asker is one check's view of a Session.
type asker struct {
	session   *Session
	waits     func()
	canonical bool // names come as resolver.Canonical writes them
}

func (a *asker) Lookup(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
	return a.session.lookup(ctx, name, qtype, a.waits)
}

func (a *asker) LookupAll(ctx context.Context, questions ...resolver.Question) []resolver.Reply {
	if !a.canonical {
		questions = canonical(questions)
	}
	return a.session.lookupAll(ctx, questions, a.waits)
}

// canonical returns the questions with their names in their one spelling.
func canonical(questions []resolver.Question) []resolver.Question {
	out := make([]resolver.Question, len(questions))
	for i, q := range questions {
		out[i] = resolver.Question{Name: resolver.Canonical(q.Name), Type: q.Type}
	}
	return out
}

type budget struct {
	next  resolver.Resolver
	mu    sync.Mutex
	left  int
	asked []resolver.Question        // as long as there is room for all, repeated ones too
	seen  map[resolver.Question]bool // question → allowed; nil while asked is enough to know
}

func (b *budget) allow(q resolver.Question) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil && len(b.asked) < b.left {
		b.asked = append(b.asked, q)
		return true
	}
	b.count()
	return b.spend(q)
}

// allowAll reports whether there is room for all questions, repeated ones too.
// If there is not, none of them has been taken from the budget.
func (b *budget) allowAll(questions []resolver.Question) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen != nil || len(b.asked)+len(questions) > b.left {
		return false
	}
	if b.asked == nil {
		b.asked = slices.Clip(questions)
	} else {
		b.asked = append(b.asked, questions...)
	}
	return true
}

// count takes from the budget what was asked so far: a question once.
func (b *budget) count() {
	if b.seen != nil {
		return
	}
	b.seen = make(map[resolver.Question]bool, len(b.asked)+1)
	for _, q := range b.asked {
		b.spend(q)
	}
	b.asked = nil
}

func (b *budget) spend(q resolver.Question) bool {
	ok, known := b.seen[q]
	if known {
		return ok
	}
	if ok = b.left > 0; ok {
		b.left--
	}
	b.seen[q] = ok
	return ok
}

// Left returns how many more different questions a resolver that Limit made
// passes on. It returns -1 for any other resolver, which has no bound.
func Left(r resolver.Resolver) int {
	b, ok := r.(*budget)
	if !ok {
		return -1
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.asked) > 0 {
		b.count()
	}
	return b.left
}

func (b *budget) Lookup(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
	q := resolver.Question{Name: resolver.Canonical(name), Type: qtype}
	if !b.allow(q) {
		return resolver.Answer{}, &resolver.Error{Name: q.Name, Type: q.Type, Kind: resolver.KindBudget}
	}
	return b.next.Lookup(ctx, q.Name, q.Type)
}

// LookupAll decides about all questions in order, before any is asked.
func (b *budget) LookupAll(ctx context.Context, questions ...resolver.Question) []resolver.Reply {
	questions = canonical(questions)
	if b.allowAll(questions) {
		return resolver.LookupAll(ctx, b.next, questions...)
	}
	refused := b.refuse(questions)
	allowed := make([]resolver.Question, 0, len(questions))
	for i, q := range questions {
		if refused[i].Err == nil {
			allowed = append(allowed, q)
		}
	}
	replies := resolver.LookupAll(ctx, b.next, allowed...)
	for i := range refused {
		if refused[i].Err == nil {
			refused[i], replies = replies[0], replies[1:]
		}
	}
	return refused
}

// refuse returns an error for each question that is beyond the budget, in the
// places of the questions.
func (b *budget) refuse(questions []resolver.Question) []resolver.Reply {
	replies := make([]resolver.Reply, len(questions))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count()
	for i, q := range questions {
		if !b.spend(q) {
			replies[i].Err = &resolver.Error{Name: q.Name, Type: q.Type, Kind: resolver.KindBudget}
		}
	}
	return replies
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

// SharesOf allots the questions that the options allow a scan.
func SharesOf(o resolver.Options, wants []int) []int {
	return Shares(withDefaults(o).MaxQueries, wants)
}
