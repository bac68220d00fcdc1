package whitelist

import (
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A proof is what is known of one identity.
type proof uint8

const (
	unknown proof = iota // there was no look-up, or no answer
	proven
	refuted
)

// An identity holds the domains that a message claims to be from, and what is
// proven of them.
type identity struct {
	sender, from string // registrable domains of the envelope and of From
	fromHost     string // the whole domain of From
	spf, dmarc   proof
	good, bad    []string // registrable domains of good and broken signatures
	signatures   bool     // nothing is left open about them
	spared       bool     // the client is one not to distrust
}

func (o Options) identify(t *checks.Task) identity {
	spared := t.Authenticated() && !o.CheckAuthenticated || relay.Of(t).Local && !o.CheckLocal
	id := identity{spared: spared}
	if d := aliases.EnvelopeFrom(t).Domain; d != "" {
		id.sender = registrable(d)
	} else {
		id.sender = registrable(relay.Of(t).Helo)
	}
	if list := aliases.From(t); len(list) > 0 {
		id.fromHost = clean(list[0].Domain)
		id.from = registrable(id.fromHost)
	}
	if r, ok := spf.Fact.Get(t); ok {
		id.spf = proofOf(string(r.Status))
	}
	if r, ok := dmarc.Fact.Get(t); ok {
		id.dmarc = proofOf(string(r.Status))
	}
	list, ok := dkim.Fact.Get(t)
	id.signatures = ok
	for _, s := range list {
		switch {
		case s.Ignored:
		case s.Status == dkim.StatusPass:
			id.good = append(id.good, registrable(s.Domain))
		case s.Status == dkim.StatusFail:
			id.bad = append(id.bad, registrable(s.Domain))
		case s.Status == dkim.StatusTempError:
			id.signatures = false
		}
	}
	return id
}

func proofOf(code string) proof {
	switch code {
	case "pass":
		return proven
	case "temperror", "":
		return unknown
	}
	return refuted
}

// registrable returns the registrable domain of host, host itself where there
// is none.
func registrable(host string) string {
	return publicsuffix.ESLDOrSelf(clean(host))
}

func clean(domain string) string { return mail.DomainKey(domain) }

// A finding is what a rule found out about a message.
type finding struct {
	options         []string
	factor          float64
	trust, distrust bool
}

// note records whether the identity of a domain holds, for a kind of proof ("d"
// DKIM, "s" SPF, "D" DMARC). A domain that is distrusted decides the factor.
func (f *finding) note(domain, kind string, e Entry, holds bool) {
	sign := "+"
	switch {
	case holds && e.Mode != Pretending:
		f.trust = true
		if !f.distrust {
			f.factor = e.Factor
		}
	case !holds && e.Mode != Proven:
		sign, f.distrust, f.factor = "-", true, e.Factor
	default:
		return
	}
	f.options = append(f.options, domain+":"+kind+":"+sign)
}

// judge raises the rule's symbol. As in Rspamd 4.1.6, of several signatures
// of listed domains the last counts, and the trust that SPF or DMARC gives
// replaces the one that signatures gave.
func (r *rule) judge(t *checks.Task, id *identity) {
	f := finding{factor: 1}
	signed := proven
	if r.DKIM {
		signed = r.judgeSignatures(&f, id)
	}
	if r.DMARC {
		r.judgeDomain(&f, "D", both(id.dmarc, signed), id.from, id.fromHost)
	}
	if r.SPF {
		r.judgeDomain(&f, "s", both(id.spf, signed), id.sender)
	}
	switch {
	case f.distrust && (!id.spared || !r.SPF && !r.DMARC):
		factor := f.factor * r.InverseFactor
		if r.inverse == r.def && !r.Blacklist {
			factor = -factor
		}
		t.HitAt(symbols.Hit{Def: r.inverse, Factor: factor, Options: f.options})
	case f.trust && !f.distrust:
		t.HitAt(symbols.Hit{Def: r.def, Factor: f.factor, Options: f.options})
	}
}

// judgeSignatures reports whether a trusted domain signed.
func (r *rule) judgeSignatures(f *finding, id *identity) proof {
	signed := refuted
	if !id.signatures {
		signed = unknown
	}
	if domain, e, ok := r.last(id.good); ok && e.Mode != Pretending {
		f.note(domain, "d", e, true)
		signed = proven
	}
	if domain, e, ok := r.last(id.bad); ok {
		if e.Mode == Proven {
			signed = refuted
		}
		f.note(domain, "d", e, false)
	}
	return signed
}

// judgeDomain notes the first of the domains that is listed.
func (r *rule) judgeDomain(f *finding, kind string, p proof, domains ...string) {
	f.trust = false
	for _, d := range domains {
		if e, ok := r.lookup(d); ok {
			if p != unknown {
				f.note(d, kind, e, p == proven)
			}
			return
		}
	}
}

// both returns the proof of two things together.
func both(a, b proof) proof {
	switch {
	case a == refuted || b == refuted:
		return refuted
	case a == unknown || b == unknown:
		return unknown
	}
	return proven
}

func (r *rule) last(domains []string) (string, Entry, bool) {
	for i := len(domains) - 1; i >= 0; i-- {
		if e, ok := r.lookup(domains[i]); ok {
			return domains[i], e, true
		}
	}
	return "", Entry{}, false
}

// lookup returns the entry of a domain with its mode and factor settled.
func (r *rule) lookup(domain string) (Entry, bool) {
	e, ok := r.Domains[domain]
	if !ok || domain == "" {
		return e, false
	}
	switch {
	case r.Strict:
		e.Mode = Both
	case e.Mode != Unset:
	case r.Blacklist:
		e.Mode = Pretending
	default:
		e.Mode = Proven
	}
	if e.Factor == 0 {
		e.Factor = 1
	}
	return e, true
}
