// Package dmarc evaluates DMARC (RFC 7489, RFC 9989): the domain in From
// publishes what receivers shall do with messages for which neither SPF nor
// DKIM passes for that domain or for one of its organization.
//
// Evaluate is the evaluator, ParseRecord the parser; they need nothing but a
// resolver. Checks returns the rules that raise Rspamd's DMARC_* symbols, ask
// for the actions that the operator gave each outcome, and rewrite From for
// mailing lists. A server that evaluates DMARC itself seeds Fact.
//
// Aggregate reports are in checks/dmarcreport.
//
// Read on in evaluate.go; search.go finds the record, record.go reads it.
package dmarc

import (
	"context"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// Fact is the fact of the evaluation.
var Fact = checks.Fact[Result]{Name: "dmarc", Valid: func(r Result) error {
	return valid.Status(r.Status, StatusNone, StatusPass, StatusFail, StatusTempError, StatusPermError)
}}

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "dmarc"}, Weight: weight, Doc: doc}
}

// noAnswer marks a symbol that says only that DNS failed.
func noAnswer(d *symbols.Def) *symbols.Def {
	d.NoAnswer = true
	return d
}

// The symbols.
var (
	Allow      = def("DMARC_POLICY_ALLOW", -0.5, "DMARC: SPF or DKIM passes for the domain in From")
	Reject     = def("DMARC_POLICY_REJECT", 2, "DMARC: nothing passes, and the domain in From asks to reject")
	Quarantine = def("DMARC_POLICY_QUARANTINE", 1.5, "DMARC: nothing passes, and the domain in From asks for quarantine")
	SoftFail   = def("DMARC_POLICY_SOFTFAIL", 0.1, "DMARC: nothing passes, and the domain in From asks for nothing")
	DNSFail    = noAnswer(def("DMARC_DNSFAIL", 0, "DMARC: DNS failed, another time may tell"))
	BadPolicy  = def("DMARC_BAD_POLICY", 0, "DMARC: the record of the domain in From is wrong")
	NA         = def("DMARC_NA", 0, "DMARC: the domain in From has no record")
)

// Options is what the operator decides. The zero value is Rspamd's way.
type Options struct {
	// Off leaves the family out.
	Off       bool
	Discovery Discovery
	// NoSampling lists domains of records whose pct= and t= are ignored: all
	// their failing messages get the policy in full.
	NoSampling []string `json:",omitempty"`
	// Actions gives outcomes an action that the verdict is at least, with the
	// message "Action set by DMARC".
	Actions Actions
	// Munging rewrites From for mailing lists, nil does not.
	Munging *Munging `json:",omitempty"`
}

// Actions are the least actions by outcome; "" is none. The outcomes are
// those of Rspamd 4.1.6, which are fewer than the symbols.
type Actions struct {
	// Reject and Quarantine are for failures with that disposition.
	Reject, Quarantine actions.Action `json:",omitempty"`
	// SoftFail is for failures that pct= or t= spares from quarantine, not for
	// those of domains that ask for nothing.
	SoftFail actions.Action `json:",omitempty"`
	// NA is for messages without one author's domain in From, not for those
	// of domains without a record.
	NA actions.Action `json:",omitempty"`
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("dmarc")
	v.If(o.Discovery > TreeWalk, "Discovery", "unknown value %d", o.Discovery)
	v.Domains("NoSampling", o.NoSampling)
	for _, a := range []struct {
		field  string
		action actions.Action
	}{
		{"Actions.Reject", o.Actions.Reject}, {"Actions.Quarantine", o.Actions.Quarantine},
		{"Actions.SoftFail", o.Actions.SoftFail}, {"Actions.NA", o.Actions.NA},
	} {
		v.If(a.action == actions.NoAction, a.field, "%q changes nothing, leave it empty", a.action)
		v.If(actions.Parse(string(a.action)) != a.action, a.field, "it is written %q", actions.Parse(string(a.action)))
	}
	if m := o.Munging; m != nil {
		v.If(len(m.Lists) == 0, "Munging.Lists", "missing")
		for i, l := range m.Lists {
			v.If(!strings.Contains(l, "@"), valid.At("Munging.Lists", i), "%q is no address", l)
		}
		v.If(m.Any && m.StrictOnly, "Munging.Any", "StrictOnly leaves out what fails")
	}
	return v.Err()
}

// New returns the family. As Rspamd 4.1.6 nothing is raised unless both SPF and
// DKIM were looked at, and nothing for local and authenticated clients; a
// seeded result is raised for any. Without DNS and without a seeded result it
// raises nothing.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "dmarc", Doc: "whether SPF or DKIM passes for the domain in From (DMARC)", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	queries := 4
	if o.Discovery == TreeWalk {
		queries = (1+1+maxIdentifiers)*maxWalk + 2
	}
	f.Checks = []*checks.Check{{
		Name:     "dmarc",
		Doc:      "whether SPF or DKIM passes for the domain in From, and what that domain asks for (DMARC)",
		Symbols:  []*symbols.Def{Allow, Reject, Quarantine, SoftFail, DNSFail, BadPolicy, NA},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(spf.Fact, dkim.Fact, arc.Fact, authres.Fact, relay.Fact),
		Needs:    checks.Needs{DNS: true, Queries: queries},
		Run:      func(ctx context.Context, t *checks.Task) error { return o.run(ctx, t) },
	}}
	if o.Munging != nil {
		f.Checks = append(f.Checks, o.Munging.check())
	}
	return f
}

func (o Options) run(ctx context.Context, t *checks.Task) error {
	res, known := Fact.Get(t)
	if !known {
		if res, known = trusted(t); !known {
			res, known = o.evaluate(ctx, t)
		}
		if !known {
			return nil
		}
		Fact.Set(t, res)
	}
	o.raise(t, res)
	return nil
}

// evaluate asks DNS, if SPF and DKIM were looked at and the message is not from
// a local or authenticated client.
func (o Options) evaluate(ctx context.Context, t *checks.Task) (Result, bool) {
	spfResult, hasSPF := spf.Fact.Get(t)
	signatures, hasDKIM := dkim.Fact.Get(t)
	_, vouched := authres.Fact.Get(t)
	client := relay.Of(t)
	// A message without a client has no SPF to look at.
	if !hasSPF && client.IP.IsValid() || !hasDKIM || !vouched && (client.Local || t.Authenticated()) {
		return Result{}, false
	}
	p := Params{SPF: spfResult, DKIM: signatures, Discovery: o.Discovery, Rand: t.Rand()}
	p.From = authors(t.Message().From())
	if len(o.NoSampling) > 0 {
		p.NoSampling = func(domain string) bool {
			return slices.ContainsFunc(o.NoSampling, func(d string) bool { return idn.Same(d, domain) })
		}
	}
	res := Evaluate(ctx, t.Resolver(), p)
	return res, !res.noDNS
}

// authors returns the domains of the addresses in From. An entry without a
// domain is left out where another one has a domain: garbage beside an address
// is no second author.
func authors(from []mail.Address) []string {
	var domains []string
	for _, a := range from {
		if normal(a.Domain) != "" {
			domains = append(domains, a.Domain)
		}
	}
	if len(domains) == 0 && len(from) > 0 {
		return []string{""}
	}
	return domains
}

// trusted takes the result of a server whose header is believed.
func trusted(t *checks.Task) (Result, bool) {
	h, _ := authres.Fact.Get(t)
	for _, r := range h.Of("dmarc") {
		res := Result{Status: Status(r.Value), From: normal(r.Property("header", "from")), Reason: r.Reason}
		switch res.Status {
		case StatusNone, StatusPass, StatusFail, StatusTempError, StatusPermError:
		default:
			continue
		}
		if from := authors(t.Message().From()); res.From == "" && len(from) == 1 {
			res.From = normal(from[0])
		}
		res.Domain, res.Policy = res.From, policyOf(r)
		if res.Status == StatusFail && res.Reason == "" {
			res.Reason = "found by " + h.ServID
		}
		return res, true
	}
	return Result{}, false
}

func (o Options) raise(t *checks.Task, r Result) {
	h := symbols.Hit{Factor: 1, Options: []string{r.Domain + " : " + r.Reason}}
	least, failed := actions.Action(""), r.Status == StatusFail
	switch r.Status {
	case StatusPass:
		h.Def, h.Options = Allow, []string{r.Domain, r.Policy}
	case StatusFail:
		h.Def, least = o.failure(r)
		h.Options = append(h.Options, r.Policy)
		if r.Override != "" {
			h.Options = append(h.Options, r.Override)
		}
	case StatusTempError:
		h.Def = DNSFail
		if r.Policy != "" {
			h.Options = append(h.Options, r.Policy)
		}
	case StatusPermError:
		h.Def = BadPolicy
	case StatusNone:
		h.Def, h.Options = NA, []string{r.absent()}
		if r.From == "" && r.Domain == "" {
			least = o.Actions.NA
		}
	default:
		return
	}
	if chain, _ := arc.Fact.Get(t); failed && chain.SoftensDMARC && h.Def != SoftFail {
		h.Factor, least = 0.1, ""
		h.Options = append(h.Options, "ARC trusted")
	}
	if r.Domain != "" && r.From != "" {
		q := resolver.Question{Name: "_dmarc." + r.Domain, Type: resolver.TypeTXT}
		h.Evidence = append(checks.Field(t.Message().Header().Get("From")), symbols.Evidence{Query: q.String()})
	}
	t.HitAt(h)
	if least != "" {
		t.PreResult(actions.PreResult{Action: least, Message: "Action set by DMARC", Least: true}, h.Def)
	}
}

// failure returns what a fail raises and the action that goes with it.
func (o Options) failure(r Result) (*symbols.Def, actions.Action) {
	disposition := r.Disposition
	if disposition == "" {
		disposition = r.Policy
	}
	switch disposition {
	case "reject":
		return Reject, o.Actions.Reject
	case "quarantine":
		return Quarantine, o.Actions.Quarantine
	}
	if r.Policy == "none" {
		return SoftFail, ""
	}
	return SoftFail, o.Actions.SoftFail
}

// absent says in the words of Rspamd why there is no record.
func (r Result) absent() string {
	switch {
	case r.Domain == "":
		return r.Reason
	case r.Reason != "":
		return r.Domain + ": " + r.Reason
	}
	return r.Domain
}
