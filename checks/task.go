package checks

import (
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// A Task is one check's view of one scan. It is used by the check's own
// goroutine only and not after Run returned.
type Task struct {
	state *State
	check *Check
	out   *Outcome // nil until something is reported
	rng   *rand.Rand
	dns   resolver.Resolver
	store storage.Store
}

// An Outcome is what one check reported.
type Outcome struct {
	Hits       []symbols.Hit
	PreResults []Owned[actions.PreResult]
	Edits      []Owned[actions.HeaderEdit]
	EditFuncs  []Owned[EditFunc]
	Waived     []Owned[actions.Action]
	Subjects   []Owned[string]
	Notes      []Owned[string]

	facts   []Seeded
	commits []CommitFunc

	// Most checks that report anything report one thing.
	oneHit  [1]symbols.Hit
	oneFact [1]Seeded
}

// Commits returns what the check handed over with Task.Commit.
func (o *Outcome) Commits() []CommitFunc { return o.commits }

// Owned is something that counts for a recipient as long as one of the symbols
// that it belongs to is on for them, whether it was raised or not. Without
// symbols it belongs to the check as a whole.
type Owned[T any] struct {
	Value T
	Of    []*symbols.Def
}

// owned binds v to symbols of the check.
func owned[T any](t *Task, v T, of []*symbols.Def) Owned[T] {
	for _, d := range of {
		if !slices.Contains(t.check.Symbols, d) {
			panic(misusef("check %s reports something that belongs to %s, which it does not declare", t.check.Name, d.Name))
		}
	}
	return Owned[T]{v, of}
}

// report returns the outcome to add to.
func (t *Task) report() *Outcome {
	if t.out == nil {
		t.out = t.state.outcome()
		t.out.Hits, t.out.facts = t.out.oneHit[:0], t.out.oneFact[:0]
	}
	return t.out
}

// reported returns the outcome so far, for reading.
func (t *Task) reported() *Outcome {
	if t.out == nil {
		return &t.state.nothing
	}
	return t.out
}

// Message returns the message in hand.
func (t *Task) Message() *mail.Message { return t.state.Message }

// Envelope returns what the SMTP dialogue told about the message.
func (t *Task) Envelope() *mail.Envelope { return t.state.Message.Envelope() }

// Now returns the time of the scan; it stands still during one.
func (t *Task) Now() time.Time { return t.state.Now }

// Rand returns the check's own random source, fixed in replays.
func (t *Task) Rand() *rand.Rand {
	if t.rng == nil {
		t.rng = t.state.rand(t.check)
	}
	return t.rng
}

// Resolver returns the scan's resolver; it counts, records and obeys the
// budget. Without DNS it is one that answers resolver.ErrNoDNS to everything.
func (t *Task) Resolver() resolver.Resolver {
	if t.dns == nil {
		t.dns = t.state.resolver(t.check)
	}
	return t.dns
}

// Asks reports whether there is a DNS to ask at all. A check whose questions
// take work to make looks here first.
func (t *Task) Asks() bool { return t.state.DNS != nil }

// Store returns the scan's store, nil if the Scanner has none. A scan waits for
// it no longer than its budget; after that every call fails with an error that
// wraps storage.ErrUnavailable. A check whose call the store did not answer
// goes on without it, and Result.Incomplete names it. Errors can be told apart
// by errors.Is only: a store's own error types do not come through.
func (t *Task) Store() storage.Store {
	if t.store == nil && t.state.Store != nil {
		t.store = t.state.Store(t.check)
	}
	return t.store
}

// Verdict returns the score and the action as they stand in the late stage,
// before the late symbols count. In earlier stages both are zero.
func (t *Task) Verdict() (score float64, action actions.Action) { return t.state.verdict() }

// Required returns the reject threshold that the message is scored against, 0 if
// there is none.
func (t *Task) Required() float64 { return t.state.Required }

// DecidedBy returns the pre-result that gives the action of Verdict, nil if the
// score does.
func (t *Task) DecidedBy() *actions.PreResult { return t.state.decidedBy() }

// ScoreOf returns what a symbol that counts, composites among them, adds to the
// score of Verdict; ok is false for one that does not count. Only a late check that
// requires AllSymbols may call it.
func (t *Task) ScoreOf(symbol string) (score float64, ok bool) {
	if t.check.Stage != Late || !slices.ContainsFunc(t.check.Requires, func(r Requirement) bool { return r.All }) {
		panic(misusef("check %s reads the scores of all symbols and is not a late one that requires them", t.check.Name))
	}
	return t.state.scoreOf(symbol)
}

// Log returns a logger that names the check; it is never nil.
func (t *Task) Log() *slog.Logger { return t.state.log().With("check", t.check.Name) }

// Exact reports whether the profile wants Rspamd 4.1.6's letter also where we
// otherwise differ on purpose: such a check asks here, and docs/differences.md
// names the difference.
func (t *Task) Exact() bool { return t.state.Exact }

// Local reports whether the client is in the Scanner's local networks, or
// loopback.
func (t *Task) Local() bool { return t.state.Local }

// IsLocal reports whether ip is loopback or in the Scanner's local networks.
func (t *Task) IsLocal(ip netip.Addr) bool {
	if t.state.IsLocal == nil {
		return ip.IsLoopback()
	}
	return t.state.IsLocal(ip)
}

// Authenticated reports whether the client logged in.
func (t *Task) Authenticated() bool { return t.Envelope().User != "" }

// PreResult asks for an action regardless of the score. It belongs to the
// symbols given, else to the check: where settings turn these off, it does not
// count. A check that greylists, and has recorded that in its store, asks for
// actions.Greylist without Least.
func (t *Task) PreResult(p actions.PreResult, of ...*symbols.Def) {
	if p.Check == "" {
		p.Check = t.check.Name
	}
	out := t.report()
	out.PreResults = append(out.PreResults, owned(t, p, of))
}

// Waive takes an action out of the choice: neither the score nor a pre-result
// leads to it, and the next milder one applies. It belongs to symbols, or the
// check, as a PreResult does.
func (t *Task) Waive(a actions.Action, of ...*symbols.Def) {
	out := t.report()
	out.Waived = append(out.Waived, owned(t, a, of))
}

// Subject sets the template of actions.RewriteSubject in place of the profile's:
// %s is the message's subject, %d the score, %% a percent sign. Of several the
// last one in list order counts. It belongs to symbols, or the check, as a
// PreResult does.
func (t *Task) Subject(template string, of ...*symbols.Def) {
	out := t.report()
	out.Subjects = append(out.Subjects, owned(t, template, of))
}

// Edit asks the host to change the message's header on delivery. It belongs to
// symbols, or the check, as a PreResult does.
func (t *Task) Edit(e actions.HeaderEdit, of ...*symbols.Def) {
	out := t.report()
	out.Edits = append(out.Edits, owned(t, e, of))
}

// Note tells the operator in one sentence something about this message that no
// symbol says, for example why it was not signed. It belongs to symbols, or the
// check, as a PreResult does.
func (t *Task) Note(text string, of ...*symbols.Def) {
	out := t.report()
	out.Notes = append(out.Notes, owned(t, text, of))
}

// Names returns the names of the symbols that were raised in the stages before,
// sorted, composites left out. Only a check that requires AllSymbols may call it.
func (t *Task) Names() []string {
	if !slices.ContainsFunc(t.check.Requires, func(r Requirement) bool { return r.All }) {
		panic(misusef("check %s lists all symbols and does not require them", t.check.Name))
	}
	return t.state.names()
}

// Raised returns the hits of a symbol that the check requires (or that it
// raised itself): empty if it was not raised.
func (t *Task) Raised(d *symbols.Def) []symbols.Hit {
	if slices.Contains(t.check.Symbols, d) {
		var own []symbols.Hit
		for _, h := range t.reported().Hits {
			if h.Def == d {
				own = append(own, h)
			}
		}
		return own
	}
	if !slices.ContainsFunc(t.check.Requires, func(r Requirement) bool { return r.Def == d || r.All }) {
		panic(misusef("check %s reads %s without requiring it", t.check.Name, d.Name))
	}
	return t.state.raised(d)
}

// Has reports whether a required symbol was raised.
func (t *Task) Has(d *symbols.Def) bool { return len(t.Raised(d)) > 0 }

func (t *Task) mayRead(fact string) {
	if !t.check.requires(fact) && !t.check.provides(fact) {
		panic(misusef("check %s reads fact %s without requiring it", t.check.Name, fact))
	}
}

func (t *Task) maySet(fact string) {
	if !t.check.provides(fact) {
		panic(misusef("check %s sets fact %s, which it does not provide", t.check.Name, fact))
	}
}

func (c *Check) requires(fact string) bool {
	return slices.ContainsFunc(c.Requires, func(r Requirement) bool { return r.Fact != nil && r.Fact.factName() == fact })
}

func (c *Check) provides(fact string) bool {
	return slices.ContainsFunc(c.Provides, func(f AnyFact) bool { return f.factName() == fact })
}
