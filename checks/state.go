package checks

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Env is what a check's Start is given.
type Env struct {
	Resolver resolver.Resolver // never nil
	Store    storage.Store     // nil if the Scanner has none; no scan's budget bounds it
	Log      *slog.Logger      // never nil
	Now      func() time.Time
	// Go runs f in the background until ctx, the one given to Start, ends; the
	// Scanner's Close waits for it to return. Close reports by name a function
	// that does not return.
	Go func(name string, f func())
}

// A State is one scan in progress. It belongs to the scheduler (package
// winnow, checktest); checks see it through their Task only.
type State struct {
	Message *mail.Message
	Now     time.Time
	Local   bool
	Exact   bool // see Task.Exact
	// IsLocal reports whether an address is in the host's own networks; nil:
	// only loopback is.
	IsLocal func(netip.Addr) bool
	// Required is the reject threshold, 0: there is none.
	Required float64
	Seed     uint64                         // of the random sources
	DNS      func(*Check) resolver.Resolver // nil: no DNS
	Store    func(*Check) storage.Store     // nil: no store
	Log      *slog.Logger                   // nil: silent
	// Outside, if set, is called by Observe in place of f. It returns what f
	// returns, or what a recorded scan saw, nil if that saw nothing.
	Outside func(c *Check, name string, f func() []byte) []byte

	seeds []Seeded // the host's; they don't change

	mu    sync.Mutex
	facts []Seeded // what checks that ended well left
	hits  map[*symbols.Def][]symbols.Hit

	score  float64
	action actions.Action
	by     *actions.PreResult
	scored func(symbol string) (score float64, ok bool) // nil: by weights as declared

	tasks []Task
	used  atomic.Int64

	nothing  Outcome   // of checks that report nothing; nobody changes it
	outcomes []Outcome // unused ones; mu
}

// usualOutcomes is how many checks report something of a usual message.
const usualOutcomes = 12

// outcome returns an unused Outcome.
func (s *State) outcome() *Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.outcomes) == 0 {
		s.outcomes = make([]Outcome, usualOutcomes)
	}
	out := &s.outcomes[0]
	s.outcomes = s.outcomes[1:]
	return out
}

// SetScores tells the stages after the composites what the symbols that count add
// to the verdict of SetVerdict. f may be called by several goroutines, one after the other.
func (s *State) SetScores(f func(symbol string) (score float64, ok bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scored = f
}

// scoreOf is Task.ScoreOf.
func (s *State) scoreOf(name string) (score float64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scored != nil {
		return s.scored(name)
	}
	for d, hits := range s.hits {
		if d.Name != name {
			continue
		}
		for _, h := range hits {
			score, ok = score+h.Factor*d.Weight, true
		}
	}
	return score, ok
}

// SetVerdict tells the stages after the composites the verdict as it stands;
// by is the pre-result that decided it, nil if the score did.
func (s *State) SetVerdict(score float64, action actions.Action, by *actions.PreResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.score, s.action, s.by = score, action, by
}

func (s *State) decidedBy() *actions.PreResult {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by
}

func (s *State) verdict() (float64, actions.Action) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.score, s.action
}

// SeedFacts makes the host's facts known; of two of one name the later one
// holds. Call it before the first check.
func (s *State) SeedFacts(seeds []Seeded) {
	s.seeds = make([]Seeded, 0, len(seeds))
	for i := len(seeds) - 1; i >= 0; i-- {
		if !s.seeded(seeds[i].name) {
			s.seeds = append(s.seeds, seeds[i])
		}
	}
}

func (s *State) seeded(name string) bool {
	_, ok := find(s.seeds, name)
	return ok
}

// Fact returns what the host or a check that ended well said.
func (s *State) Fact(name string) (value any, ok bool) { return s.fact(name) }

// Reserve makes room for the tasks of n checks at once.
func (s *State) Reserve(n int) { s.tasks = make([]Task, n) }

// task returns an unused Task.
func (s *State) task() *Task {
	if i := int(s.used.Add(1)) - 1; i < len(s.tasks) {
		return &s.tasks[i]
	}
	return new(Task)
}

// Run runs one check to its end and returns what it reported. A panic is
// turned into an error; what was reported before it does not count.
func (s *State) Run(ctx context.Context, c *Check) (Outcome, error) {
	out, err := s.Outcome(ctx, c)
	return *out, err
}

// Outcome is Run for the scheduler: what is returned is not to be changed.
func (s *State) Outcome(ctx context.Context, c *Check) (out *Outcome, err error) {
	t := s.task()
	t.state, t.check = s, c
	defer func() {
		switch r := recover().(type) {
		case nil:
		case misuse:
			out, err = &s.nothing, r.error
		default:
			out, err = &s.nothing, &PanicError{Check: c.Name, Value: r, Stack: debug.Stack()}
		}
	}()
	if err := c.Run(ctx, t); err != nil {
		return &s.nothing, fmt.Errorf("check %s: %w", c.Name, err)
	}
	return t.reported(), nil
}

// Publish makes the hits and facts of a check that ended well visible to those
// that require them.
func (s *State) Publish(p *Plan, out Outcome) {
	read := slices.ContainsFunc(out.Hits, func(h symbols.Hit) bool { return p.Reads(h.Def) })
	if !read && len(out.facts) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.facts == nil {
		s.facts = make([]Seeded, 0, usualOutcomes)
	}
	s.facts = append(s.facts, out.facts...)
	if !read {
		return
	}
	if s.hits == nil {
		s.hits = map[*symbols.Def][]symbols.Hit{}
	}
	for _, h := range out.Hits {
		s.hits[h.Def] = append(s.hits[h.Def], h)
	}
}

// Withdraw takes back whatever was published. The seeds stay.
func (s *State) Withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts, s.hits = nil, nil
}

// A PanicError tells that a check panicked.
type PanicError struct {
	Check string
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("check %s: panic: %v", e.Check, e.Value) }

// Contain runs f and returns its error; a panic becomes a *PanicError. name says
// whose f is.
func Contain(name string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Check: name, Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// IsPanic reports whether err says that a check panicked.
func IsPanic(err error) bool {
	_, ok := errors.AsType[*PanicError](err)
	return ok
}

func (s *State) fact(name string) (any, bool) {
	if v, ok := find(s.seeds, name); ok {
		return v, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return find(s.facts, name)
}

func (s *State) raised(d *symbols.Def) []symbols.Hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[d]
}

// names returns the names of what was raised.
func (s *State) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]string, 0, len(s.hits))
	for d := range s.hits {
		list = append(list, d.Name)
	}
	slices.Sort(list)
	return list
}

// rand gives each check a source of its own, so that draws don't depend on
// the order in which checks happen to run.
func (s *State) rand(c *Check) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(c.Name))
	return rand.New(rand.NewPCG(s.Seed, h.Sum64()))
}

func (s *State) resolver(c *Check) resolver.Resolver {
	if s.DNS == nil {
		return resolver.None
	}
	return s.DNS(c)
}

func (s *State) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
