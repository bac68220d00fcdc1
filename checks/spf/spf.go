// Package spf evaluates the Sender Policy Framework (RFC 7208): a domain
// publishes which clients may send mail for it, in a TXT record of terms that
// are tried from left to right, and the first that matches the client decides.
//
// Evaluate is the evaluator; it needs nothing but a resolver, so a mail server
// can use it without a Scanner and hand the Result in by seeding Fact.
// Checks returns the rule that raises Rspamd's R_SPF_* symbols.
//
// There are two readings of a record. The plain one is the RFC's: a record
// with an error anywhere is a permerror, and so is the eleventh term that asks
// DNS. The tolerant one is that of Rspamd 4.1.6, which the check uses unless
// Options.Strict is set, because the published records are what they are:
//
//   - a term that is wrong, or includes a domain without a good record, is
//     passed over; a record without any good term is a permerror;
//   - a term for which DNS failed is passed over: a later match counts, but
//     "all" is then a temperror;
//   - ip4 and ip6 networks wider than /8 don't match, nor does "all" in an
//     included record;
//   - 30 terms may ask DNS, and any number of them may find nothing;
//   - domains of one label are evaluated.
//
// Several records for a domain, more than ten MX hosts and going beyond a
// limit are a permerror in both.
//
// Read on in evaluate.go and mechanism.go; record.go and macro.go take records
// apart.
package spf

import (
	"context"
	"net/netip"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// Fact is the fact of the evaluation.
var Fact = checks.Fact[Result]{Name: "spf", Valid: func(r Result) error {
	return valid.Status(r.Status, StatusNone, StatusNeutral, StatusPass, StatusFail, StatusSoftFail, StatusTempError, StatusPermError)
}}

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "spf"}, Weight: weight, Doc: doc}
}

// noAnswer marks a symbol that says only that DNS failed.
func noAnswer(d *symbols.Def) *symbols.Def {
	d.NoAnswer = true
	return d
}

// The symbols.
var (
	Allow    = def("R_SPF_ALLOW", -0.2, "SPF: the client may send for the sender's domain")
	Fail     = def("R_SPF_FAIL", 1, "SPF: the client may not send for the sender's domain")
	SoftFail = def("R_SPF_SOFTFAIL", 0, "SPF: the client should probably not send for the sender's domain")
	Neutral  = def("R_SPF_NEUTRAL", 0, "SPF: the sender's domain says neither yes nor no about the client")
	DNSFail  = noAnswer(def("R_SPF_DNSFAIL", 0, "SPF: DNS failed, another time may tell"))
	PermFail = def("R_SPF_PERMFAIL", 0, "SPF: the record of the sender's domain is wrong")
	PlusAll  = def("R_SPF_PLUSALL", 4, "SPF: the sender's domain lets any client send for it")
	NA       = &symbols.Def{
		Name: "R_SPF_NA", Groups: []string{"policies", "spf"}, OneShot: true,
		Doc: "SPF: the sender's domain has no record",
	}
)

// Options is what the operator decides. The zero value is Rspamd's way.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Strict reads records as RFC 7208 says, to the letter.
	Strict bool
	Limits Limits
	// Exempt lists clients that are not evaluated.
	Exempt []netip.Prefix
	// Relays lists servers through which mail comes in, for SPF alone: the
	// client is then the one that delivered to them, as their Received header
	// says. checks/relay does it for all checks.
	Relays []netip.Prefix
}

// maxQueries is the check's share of a scan's DNS questions.
const maxQueries = 64

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("spf")
	const most = 1000
	v.Number("Limits.Lookups", int64(o.Limits.Lookups), 0, most)
	v.Number("Limits.Voids", int64(o.Limits.Voids), -1, most)
	v.Number("Limits.Nesting", int64(o.Limits.Nesting), 0, most)
	v.Number("Limits.Hosts", int64(o.Limits.Hosts), 0, most)
	v.Networks("Exempt", o.Exempt)
	v.Networks("Relays", o.Relays)
	return v.Err()
}

// New returns the family. As Rspamd 4.1.6 it leaves out local and authenticated
// clients. Without DNS and without a seeded result it raises nothing.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "spf", Doc: "whether the client may send for the envelope sender's domain (SPF)", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	phase := checks.MailFrom
	if len(o.Relays) > 0 {
		phase = checks.Data
	}
	f.Checks = []*checks.Check{{
		Name:     "spf",
		Doc:      "whether the client may send for the envelope sender's domain (SPF)",
		Symbols:  []*symbols.Def{Allow, Fail, SoftFail, Neutral, DNSFail, PermFail, PlusAll, NA},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact, authres.Fact),
		Needs:    checks.Needs{DNS: true, Phase: phase, Queries: maxQueries},
		Run:      func(ctx context.Context, t *checks.Task) error { return run(ctx, t, o) },
	}}
	return f
}

func run(ctx context.Context, t *checks.Task, o Options) error {
	res, seeded := Fact.Get(t)
	if !seeded {
		if res, ok := trusted(t); ok {
			Fact.Set(t, res)
			raise(t, res)
			return nil
		}
	}
	client := o.client(t)
	if client.Local || t.Authenticated() {
		return nil
	}
	if !seeded {
		if !client.IP.IsValid() || inAny(o.Exempt, client.IP) {
			return nil
		}
		p := Params{
			IP: client.IP, Helo: client.Helo, MailFrom: sender(t), Receiver: t.Envelope().MTAName, Now: t.Now(),
			Tolerant: !o.Strict, Limits: o.Limits,
		}
		if res = Evaluate(ctx, t.Resolver(), p); res.noDNS {
			return nil
		}
		Fact.Set(t, res)
	}
	raise(t, res)
	return nil
}

// client returns the client to judge: the one that delivered to the first relay
// that the Received headers name, if they name one.
func (o Options) client(t *checks.Task) relay.Client {
	if len(o.Relays) > 0 {
		hops := t.Message().Hops()
		i := slices.IndexFunc(hops, func(h mail.Received) bool { return inAny(o.Relays, h.Seen.IP) })
		if i >= 0 && i+1 < len(hops) && hops[i+1].Seen.IP.IsValid() {
			return relay.ClientOf(t, &hops[i+1])
		}
	}
	return relay.Of(t)
}

func inAny(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// sender is the envelope sender as it was given, before aliases were resolved:
// it is what the domain's owner permits.
func sender(t *checks.Task) string {
	a := t.Message().EnvelopeFrom()
	switch {
	case a.Addr == "":
		return ""
	case a.Literal:
		return a.User + "@[" + a.Domain + "]"
	}
	return a.Addr
}

func raise(t *checks.Task, r Result) {
	d := symbol(r)
	if d == nil {
		return
	}
	h := symbols.Hit{Def: d, Factor: 1}
	switch {
	case d == PlusAll:
		h.Options = []string{"+any"}
	case r.Mechanism != "":
		h.Options = []string{r.Mechanism}
	}
	if r.Domain != "" && r.Mechanism != noDomain {
		q := resolver.Question{Name: r.Domain, Type: resolver.TypeTXT}
		h.Evidence = []symbols.Evidence{{Query: q.String(), Answer: r.Record}}
	}
	t.HitAt(h)
}

func symbol(r Result) *symbols.Def {
	switch r.Status {
	case StatusPass:
		if r.PlusAll {
			return PlusAll
		}
		return Allow
	case StatusFail:
		return Fail
	case StatusSoftFail:
		return SoftFail
	case StatusNeutral:
		return Neutral
	case StatusTempError:
		return DNSFail
	case StatusPermError:
		return PermFail
	case StatusNone:
		return NA
	}
	return nil
}
