// Package spamtrap tells mail to addresses that nobody uses, and that therefore
// is spam: by a list of addresses and domains, by patterns, or by what an
// operator has put in the store. It is Rspamd 4.1.6's module of that name with
// its keys. winnow.LearnTraps teaches what was caught.
//
// The family is off unless standard.Options.Spamtrap is set. Its symbol has no
// weight but Options.Score. Without an answer of the store only the lists tell.
package spamtrap

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/perlre"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Addresses are traps as "user@domain", or "@domain" for all of a domain.
	Addresses []string
	// Patterns are regular expressions that find a trap in its address in lower
	// case, bare or with flags as "/pattern/i".
	Patterns []string
	// Store also asks the store, where a trap is the key "sptr_user@domain" or
	// "sptr_@domain" with any value; so does a family where Addresses and Patterns
	// are nil.
	Store bool
	// Several also looks at messages to more than one recipient, of which one
	// trap is enough. Otherwise a message that a real recipient gets too is none.
	Several bool
	// CheckLocal and CheckAuthenticated also look at mail from the own networks
	// and of users.
	CheckLocal, CheckAuthenticated bool
	// Action is what a caught message gets; "" means what its score says. Message
	// is the text that goes with it, with the trap for "${rcpt}"; "" means
	// "message rejected" and "message accepted".
	Action  actions.Action
	Message string
	// Symbol is raised in place of SPAMTRAP. Score is what it weighs.
	Symbol string
	Score  float64
	// Learn asks the host for winnow.LearnTraps. The family itself learns nothing.
	Learn bool
}

// Trap is the symbol of the family. Its option is the address or the domain.
var Trap = &symbols.Def{
	Name: "SPAMTRAP", Groups: []string{"spamtrap"},
	Doc: "the message goes to an address that nobody uses",
}

// Key is under which the store has a trap, "user@domain" or "@domain".
func Key(trap string) string { return "sptr_" + strings.ToLower(trap) }

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("spamtrap")
	for i, a := range o.Addresses {
		_, domain, ok := strings.Cut(a, "@")
		v.If(!ok || domain == "" || strings.ContainsAny(a, " \t\r\n<>"), valid.At("Addresses", i), "%q is neither user@domain nor @domain", a)
	}
	for i, p := range o.Patterns {
		if _, err := perlre.Compile(p); err != nil {
			v.Add(valid.At("Patterns", i), "%v", err)
		}
	}
	if o.Symbol != "" {
		v.Symbol("Symbol", o.Symbol)
	}
	v.If(math.IsNaN(o.Score) || math.IsInf(o.Score, 0), "Score", "%v is no number", o.Score)
	v.If(o.Message != "" && o.Action == "", "Message", "says nothing without Action")
	return v.Err()
}

// A family is the options made ready.
type family struct {
	Options
	traps    map[string]bool // by key of the address or the domain
	patterns []func(string) bool
	def      *symbols.Def
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "spamtrap", Doc: "tells mail to addresses that nobody uses", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	r := &family{Options: o, traps: map[string]bool{}, def: o.symbol()}
	r.Store = o.Store || o.Addresses == nil && o.Patterns == nil
	for _, a := range o.Addresses {
		r.traps[key(mail.ParseAddress(a))] = true
	}
	for _, p := range o.Patterns {
		occurs, _ := perlre.Test(p) // Validate compiled it
		r.patterns = append(r.patterns, occurs)
	}
	f.Checks = []*checks.Check{{
		Name: "spamtrap", Doc: "looks for a trap among the recipients", Stage: checks.Early, Priority: 5,
		Requires: checks.Facts(relay.Fact), Provides: []checks.AnyFact{found}, Needs: checks.Needs{Store: r.Store}, Run: r.look,
	}, {
		Name: "spamtrap_found", Doc: "tells that the message goes to a trap", Stage: checks.Late,
		Symbols: []*symbols.Def{r.def}, Requires: checks.Facts(found), Run: r.tell,
	}}
	return f
}

// symbol is the one that the options ask for.
func (o Options) symbol() *symbols.Def {
	if o.Symbol == "" && o.Score == 0 {
		return Trap
	}
	d := *Trap
	d.Name, d.Weight = cmp.Or(o.Symbol, Trap.Name), o.Score
	return &d
}

// found is the fact that the two checks share: the trap.
var found = checks.Fact[string]{Name: "spamtrap"}

// key is the form in which addresses and domains are compared.
func key(a mail.Address) string {
	if a.User == "" {
		return "@" + a.DomainKey()
	}
	return a.Key()
}

func (f *family) look(ctx context.Context, t *checks.Task) error {
	rcpts := t.Message().EnvelopeRcpts()
	if !f.CheckLocal && relay.Of(t).Local || !f.CheckAuthenticated && t.Authenticated() || len(rcpts) != 1 && !f.Several {
		return nil
	}
	trap, is := f.listed(rcpts)
	if !is && f.Store && t.Store() != nil {
		trap, is = stored(ctx, t, rcpts)
	}
	if is {
		found.Set(t, trap)
	}
	return nil
}

func (f *family) tell(_ context.Context, t *checks.Task) error {
	trap, is := found.Get(t)
	if !is {
		return nil
	}
	t.Hit(f.def, trap)
	if f.Action != "" {
		t.PreResult(actions.PreResult{Action: f.Action, Message: f.text(trap), ProcessAll: true, Check: "spamtrap"}, f.def)
	}
	return nil
}

// listed returns the first recipient that the lists have.
func (f *family) listed(rcpts []mail.Address) (trap string, found bool) {
	for _, r := range rcpts {
		addr := r.Key()
		if f.traps[addr] || slices.ContainsFunc(f.patterns, func(occurs func(string) bool) bool { return occurs(addr) }) {
			return addr, true
		}
		if domain := r.DomainKey(); f.traps["@"+domain] {
			return domain, true
		}
	}
	return "", false
}

// For how many recipients of a message the store is asked, and how long their
// addresses may be.
const (
	maxRcpts   = 100
	maxAddress = 320
)

// stored returns the first recipient that the store has.
func stored(ctx context.Context, t *checks.Task, rcpts []mail.Address) (trap string, found bool) {
	var keys, names []string
	for _, r := range rcpts[:min(len(rcpts), maxRcpts)] {
		if r.Addr == "" || len(r.Addr) > maxAddress {
			continue
		}
		keys = append(keys, Key(r.Key()), Key("@"+r.DomainKey()))
		names = append(names, r.Key(), r.DomainKey())
	}
	if len(keys) == 0 {
		return "", false
	}
	values, err := t.Store().GetMany(ctx, keys)
	if err != nil {
		return "", false // Result.Incomplete names the check.
	}
	for i, v := range values {
		if v != nil {
			return names[i], true
		}
	}
	return "", false
}

func (f *family) text(trap string) string {
	switch {
	case f.Message != "":
		return strings.ReplaceAll(f.Message, "${rcpt}", trap)
	case f.Action == actions.Reject:
		return "message rejected"
	}
	return "message accepted"
}
