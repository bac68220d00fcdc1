// Package aliases rewrites the addresses that other checks compare: tags
// ("user+tag@"), the ways to write one Gmail mailbox, and the site's own
// aliases are resolved, so that a check sees the person or mailbox that is
// meant.
//
// It runs first and leaves the addresses as Fact. Checks read it by From,
// Recipients, EnvelopeFrom and EnvelopeRcpts and name it in Requires; the
// addresses as they stand in the message stay in mail.Message.
package aliases

import (
	"context"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/forwarding"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Addresses are the addresses of a message after aliases were resolved.
type Addresses struct {
	From          []mail.Address
	Recipients    []mail.Address // To, Cc and Bcc
	EnvelopeFrom  mail.Address
	EnvelopeRcpts []mail.Address
}

// Fact holds the resolved addresses. It is absent where nothing changed.
var Fact = checks.Fact[*Addresses]{Name: "aliases"}

var (
	taggedFrom = def("TAGGED_FROM", "a sender address has a tag after a plus sign")
	taggedRcpt = def("TAGGED_RCPT", "a recipient address has a tag after a plus sign")
	resolved   = def("ALIAS_RESOLVED", "an address was rewritten to the mailbox it stands for")
	inbound    = def("LOCAL_INBOUND", "mail from outside to a local domain")
	outbound   = def("LOCAL_OUTBOUND", "mail from a local domain, user or network to the outside")
	internal   = def("INTERNAL_MAIL", "mail between local domains")
)

func def(name, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"aliases"}, Doc: doc}
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("aliases")
	v.Domains("LocalDomains", o.LocalDomains)
	for _, k := range slices.Sorted(maps.Keys(o.Virtual)) {
		v.If(k == "" || o.Virtual[k] == "", valid.Key("Virtual", k), "empty")
	}
	for _, k := range slices.Sorted(maps.Keys(o.System)) {
		v.If(k == "", valid.Key("System", k), "empty")
	}
	v.Number("Depth", int64(o.Depth), 0, maxDepth)
	return v.Err()
}

// maxDepth bounds Options.Depth.
const maxDepth = 100

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "aliases", Doc: "aliases, tagged addresses and the direction of the mail", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	r := newResolver(o)
	f.Checks = []*checks.Check{{
		Name:     "aliases",
		Doc:      "resolves aliases and tells the direction of the mail",
		Symbols:  []*symbols.Def{taggedFrom, taggedRcpt, resolved, inbound, outbound, internal},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(forwarding.Fact, relay.Fact),
		Stage:    checks.Early,
		Priority: 11,
		Always:   true,
		Run:      func(_ context.Context, t *checks.Task) error { return r.run(t) },
	}}
	return f
}

// From returns the From addresses, rewritten if the fact is there.
func From(t *checks.Task) []mail.Address {
	if a, ok := Fact.Get(t); ok {
		return a.From
	}
	return t.Message().From()
}

// Recipients returns the addresses of To, Cc and Bcc, rewritten if the fact
// is there.
func Recipients(t *checks.Task) []mail.Address {
	if a, ok := Fact.Get(t); ok {
		return a.Recipients
	}
	return t.Message().Recipients()
}

// EnvelopeFrom returns the envelope sender, rewritten if the fact is there.
func EnvelopeFrom(t *checks.Task) mail.Address {
	if a, ok := Fact.Get(t); ok {
		return a.EnvelopeFrom
	}
	return t.Message().EnvelopeFrom()
}

// EnvelopeRcpts returns the envelope recipients, rewritten if the fact is
// there.
func EnvelopeRcpts(t *checks.Task) []mail.Address {
	if a, ok := Fact.Get(t); ok {
		return a.EnvelopeRcpts
	}
	return t.Message().EnvelopeRcpts()
}

func (r *resolver) run(t *checks.Task) error {
	m := t.Message()
	a := &Addresses{
		From: m.From(), Recipients: m.Recipients(),
		EnvelopeFrom: m.EnvelopeFrom(), EnvelopeRcpts: m.EnvelopeRcpts(),
	}
	var from, rcpt rewriter
	from.resolver, rcpt.resolver = r, r
	if !r.noEnvelope {
		a.EnvelopeFrom, _ = from.address(a.EnvelopeFrom)
		a.EnvelopeRcpts = rcpt.list(a.EnvelopeRcpts, len(a.EnvelopeRcpts))
	}
	if !r.noHeader {
		a.From = from.list(a.From, 1)
		a.Recipients = rcpt.list(a.Recipients, len(a.Recipients))
	}
	if len(from.tags) > 0 {
		t.Hit(taggedFrom, from.tags...)
	}
	if len(rcpt.tags) > 0 {
		t.Hit(taggedRcpt, rcpt.tags...)
	}
	if d := r.direction(t); d != nil {
		t.Hit(d)
	}
	if from.changed || rcpt.changed {
		Fact.Set(t, a)
		t.Hit(resolved)
	}
	return nil
}

// direction compares the original envelope with the local domains. Forwarded
// mail has none; what a user or the local network sends out is outbound.
func (r *resolver) direction(t *checks.Task) *symbols.Def {
	m := t.Message()
	fromLocal := r.isLocal(m.EnvelopeFrom())
	toLocal := false
	for _, a := range m.EnvelopeRcpts() {
		toLocal = toLocal || r.isLocal(a)
	}
	if !relay.Foreign(t) {
		if !toLocal {
			return outbound
		}
		if fromLocal {
			return internal
		}
	}
	if _, forwarded := forwarding.Fact.Get(t); forwarded {
		return nil
	}
	switch {
	case fromLocal && toLocal:
		return internal
	case fromLocal:
		return outbound
	case toLocal:
		return inbound
	}
	return nil
}

func (r *resolver) isLocal(a mail.Address) bool { return r.local[a.DomainKey()] }
