// Package resolver is winnow's view of DNS: one method, an answer without any
// library's types, and errors that keep "there is no such record" apart from
// "the answer is unknown".
//
// A Scanner takes a Resolver in Options and gives each scan a view of it:
// every question is asked once per scan, whatever the number of checks that
// ask it, each check has a budget of questions, and all answers are recorded
// so that the scan can be replayed.
//
// The real client is resolver/dnsclient, a fixed zone for tests is
// resolver/zone.
package resolver

import (
	"context"
	"sync"
	"time"
)

// A Resolver answers one DNS question. It must be safe for concurrent use and
// obey ctx. Names are taken with or without the final dot, in any case, and
// are always absolute.
//
// Without an error the Answer holds at least one record of the asked type; an
// empty result is an error, ErrNotFound.
type Resolver interface {
	Lookup(ctx context.Context, name string, qtype uint16) (Answer, error)
}

// Func makes a Resolver of a function.
type Func func(ctx context.Context, name string, qtype uint16) (Answer, error)

// Lookup calls f.
func (f Func) Lookup(ctx context.Context, name string, qtype uint16) (Answer, error) {
	return f(ctx, name, qtype)
}

// A Starter is a Resolver that can be asked several questions without a
// goroutine that waits for each: a scan prefers that. Start returns soon;
// done is called once for each question, with its index and what Lookup would
// have returned, from any goroutine and perhaps before Start returns. It must
// not block.
type Starter interface {
	Resolver
	Start(ctx context.Context, questions []Question, done func(i int, a Answer, err error))
}

// A Recaller is a Resolver that may know a reply without asking anybody, since it
// has a cache: a scan looks there first, without a time limit and a goroutine of
// the question's own. Recall returns what Lookup would have returned, at once; ok
// is false if the reply is not known. Nobody else has a part in its memory.
type Recaller interface {
	Resolver
	Recall(ctx context.Context, q Question) (r Reply, ok bool)
}

// None is the resolver of a Scanner without DNS: it answers ErrNoDNS.
var None Resolver = none{}

type none struct{}

func (none) Lookup(_ context.Context, name string, qtype uint16) (Answer, error) {
	return Answer{}, &Error{Name: Canonical(name), Type: qtype, Kind: KindNoDNS}
}

// LookupAll answers without goroutines.
func (n none) LookupAll(ctx context.Context, questions ...Question) []Reply {
	replies := make([]Reply, len(questions))
	for i, q := range questions {
		replies[i].Answer, replies[i].Err = n.Lookup(ctx, q.Name, q.Type)
	}
	return replies
}

// Options is how a Scanner uses DNS. The zero value asks no questions.
type Options struct {
	// Resolver answers the questions; nil means None.
	Resolver Resolver
	// SoftRejectOnTimeout makes the action at least a soft reject when the
	// scan's deadline passed with checks pending, as Rspamd's
	// soft_reject_on_timeout, and when most of the scan's questions failed. A
	// reject stays a reject.
	SoftRejectOnTimeout bool
	// MaxQueries bounds the questions of one scan; 0 means 512, negative no
	// bound. (Rspamd's dns_max_requests is 64; it counts repeated questions,
	// a scan does not.)
	MaxQueries int
	// QueryTimeout bounds one question with all its retries; 0 means 5 s,
	// negative no bound but the scan's deadline.
	QueryTimeout time.Duration
}

// Defaults of Options.
const (
	DefaultMaxQueries   = 512
	DefaultQueryTimeout = 5 * time.Second
)

// Enabled reports whether there is a Resolver to ask.
func (o Options) Enabled() bool { return o.Resolver != nil }

// A Question is a name and a record type.
type Question struct {
	Name string
	Type uint16
}

// String returns "name TYPE", as evidence shows it.
func (q Question) String() string { return Canonical(q.Name) + " " + TypeString(q.Type) }

// A Reply is the outcome of one question.
type Reply struct {
	Answer Answer
	Err    error
}

// LookupAll asks several questions at the same time and returns the replies
// in the order of the questions. Checks use it instead of goroutines of their
// own: what a budget refuses then depends on that order, not on timing.
// A Resolver that has a method LookupAll of this shape answers them itself.
func LookupAll(ctx context.Context, r Resolver, questions ...Question) []Reply {
	if several, ok := r.(interface {
		LookupAll(ctx context.Context, questions ...Question) []Reply
	}); ok {
		return several.LookupAll(ctx, questions...)
	}
	replies := make([]Reply, len(questions))
	var asked sync.WaitGroup
	for i, q := range questions {
		asked.Go(func() { replies[i].Answer, replies[i].Err = r.Lookup(ctx, q.Name, q.Type) })
	}
	asked.Wait()
	return replies
}
