// Package freemail notes which parties of a message have their address at a
// provider of free mailboxes or of disposable ones. By itself that says
// little; the composites that name these symbols make something of it.
//
// The lists come with the package (see NOTICE for where they are from); Options
// replaces them.
package freemail

import (
	"context"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Options replaces the lists. The zero value takes those of the package.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Freemail and Disposable are domains; one that begins with a dot stands
	// for everything below it. nil takes the package's list; a list that is
	// not nil and empty matches nothing. ReadList reads one.
	Freemail, Disposable []string
	// Without names symbols that are not raised: rules of the operator's stand for them.
	Without []string
}

// Bounds of what one message may cost.
const (
	maxAddresses = 1000 // of Disposition-Notification-To
	maxFound     = 50   // domains a symbol names
)

var differ = &symbols.Def{
	Name: "FREEMAIL_REPLYTO_NEQ_FROM_DOM", Groups: []string{"headers"}, Weight: 3,
	Doc: "From and Reply-To are at different providers of free mailboxes",
}

// A kind of provider has one symbol for each party.
type kind struct {
	list list
	defs [parties]*symbols.Def
}

// The parties.
const (
	envFrom = iota
	envRcpt
	from
	to
	cc
	replyTo
	mdn
	parties
)

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("freemail")
	v.Words("Freemail", o.Freemail)
	v.Words("Disposable", o.Disposable)
	return v.Err()
}

func (o Options) config() any {
	return struct {
		Off                  bool
		Freemail, Disposable string
		Without              []string
	}{o.Off, choose(o.Freemail, builtinFreemail).digest(), choose(o.Disposable, builtinDisposable).digest(), o.Without}
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "freemail", Doc: "providers of free and disposable mailboxes", Config: o.config(), Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	free := &kind{choose(o.Freemail, builtinFreemail), defs("FREEMAIL", "free", 0)}
	disposable := &kind{choose(o.Disposable, builtinDisposable), defs("DISPOSABLE", "disposable", 0.5)}
	free.without(o.Without)
	disposable.without(o.Without)
	raised := slices.DeleteFunc(slices.Concat(free.defs[:], disposable.defs[:], []*symbols.Def{differ}), func(d *symbols.Def) bool { return d == nil })
	f.Checks = []*checks.Check{{
		Name:     "freemail",
		Doc:      "senders, recipients and reply addresses at providers of free and disposable mailboxes",
		Requires: checks.Facts(aliases.Fact),
		Symbols:  raised,
		Run: func(_ context.Context, t *checks.Task) error {
			run(t, []*kind{free, disposable})
			return nil
		},
	}}
	return f
}

func defs(prefix, word string, mdnWeight float64) (ds [parties]*symbols.Def) {
	for i, p := range [parties]struct{ name, who string }{
		envFrom: {"ENVFROM", "the envelope sender"},
		envRcpt: {"ENVRCPT", "an envelope recipient"},
		from:    {"FROM", "From"},
		to:      {"TO", "an address in To"},
		cc:      {"CC", "an address in Cc"},
		replyTo: {"REPLYTO", "Reply-To"},
		mdn:     {"MDN", "Disposition-Notification-To"},
	} {
		ds[i] = &symbols.Def{
			Name: prefix + "_" + p.name, Groups: []string{"multimap"},
			OneShot: i == envRcpt || i == to || i == cc,
			Doc:     p.who + " is at a provider of " + word + " mailboxes; the options are the domains",
		}
	}
	ds[mdn].Weight = mdnWeight
	return ds
}

// without leaves symbols out.
func (k *kind) without(names []string) {
	for i, d := range k.defs {
		if slices.Contains(names, d.Name) {
			k.defs[i] = nil
		}
	}
}

func run(t *checks.Task, kinds []*kind) {
	m := t.Message()
	h := m.Header()
	var known memo
	look := func(party int, f *mail.Field, as []mail.Address) {
		for i, k := range kinds {
			k.look(t, party, f, as, func(domain string) bool { return known.has(kinds, domain)[i] })
		}
	}
	look(envFrom, nil, []mail.Address{aliases.EnvelopeFrom(t)})
	look(envRcpt, nil, aliases.EnvelopeRcpts(t))
	look(from, h.Get("from"), m.From())
	look(to, h.Get("to"), m.To())
	look(cc, h.Get("cc"), m.Cc())
	look(replyTo, h.Get("reply-to"), m.ReplyTo())
	if f := h.Get("disposition-notification-to"); f != nil {
		look(mdn, f, mail.ParseAddressList(f.Value(), maxAddresses))
	}
	if kinds[0].defs[from] == nil || kinds[0].defs[replyTo] == nil {
		return
	}
	a, b := t.Raised(kinds[0].defs[from]), t.Raised(kinds[0].defs[replyTo])
	if len(a) > 0 && len(b) > 0 && a[0].Options[0] != b[0].Options[0] {
		t.HitField(differ, h.Get("reply-to"))
	}
}

// A memo holds what the lists say of the domains of one message: most of its
// parties share one or two.
type memo struct {
	domains [8]string
	answers [8][2]bool
	n       int
}

func (m *memo) has(kinds []*kind, domain string) (on [2]bool) {
	for i := range m.n {
		if m.domains[i] == domain {
			return m.answers[i]
		}
	}
	for i, k := range kinds {
		on[i] = k.list.has(domain)
	}
	if m.n < len(m.domains) {
		m.domains[m.n], m.answers[m.n] = domain, on
		m.n++
	}
	return on
}

// look raises the party's symbol when one of its addresses is on the list.
func (k *kind) look(t *checks.Task, party int, f *mail.Field, as []mail.Address, has func(domain string) bool) {
	var found []string
	for i := range as {
		if len(found) == maxFound {
			break
		}
		domain := as[i].DomainKey()
		if domain != "" && !slices.Contains(found, domain) && has(domain) {
			found = append(found, domain)
		}
	}
	if found != nil && k.defs[party] != nil {
		t.HitField(k.defs[party], f, found...)
	}
}
