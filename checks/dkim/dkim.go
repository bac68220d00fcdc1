// Package dkim verifies the DKIM signatures of a message (RFC 6376, 8301, 8463)
// and raises one symbol for the result of each.
//
// Verify is for programs without a Scanner. In a scan the check verifies, for
// mail that is neither from the host's own networks nor from a client that
// logged in; a host that verifies DKIM itself seeds Fact, or names the
// server whose Authentication-Results it trusts, and then no question is
// asked.
package dkim

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// A Status is a result of RFC 8601 section 2.7.1.
type Status string

// The results.
const (
	StatusPass      Status = "pass"
	StatusFail      Status = "fail"
	StatusPolicy    Status = "policy"
	StatusNeutral   Status = "neutral"
	StatusTempError Status = "temperror"
	StatusPermError Status = "permerror"
)

// A Signature is the outcome of verifying one signature.
type Signature struct {
	Domain, Selector string // d=, s=, as written
	Status           Status
	// Reason says why the signature is not good, for people.
	Reason string `json:",omitempty"`
	// Identity is i=, the agent or user the signature speaks for ("" means
	// "@" and Domain), Algorithm a=, Value the first characters of b=, enough
	// to tell signatures apart (RFC 6008).
	Identity  string `json:",omitempty"`
	Algorithm string `json:",omitempty"`
	Value     string `json:",omitempty"`
	// Record is the text of the key record that was used, cut at 4 KiB;
	// Authentic tells that the DNS answer with it was validated by DNSSEC.
	Record    string `json:",omitempty"`
	Authentic bool   `json:",omitempty"`
	// Partial tells that l= leaves the end of the body unsigned; Unsigned is
	// how many canonical bytes.
	Partial  bool  `json:",omitempty"`
	Unsigned int64 `json:",omitempty"`
	// Testing tells that the key says t=y: the domain only tries DKIM.
	Testing bool `json:",omitempty"`
	// Ignored tells that Rspamd would have passed over the signature without
	// a symbol: it can't be read, has expired, is from the future, or leaves
	// most of the body unsigned.
	Ignored bool `json:",omitempty"`
}

// Fact is the fact of the verification: all signatures that were looked
// at, in the order of the headers, empty if there is none.
var Fact = checks.Fact[[]Signature]{Name: "dkim", Valid: func(list []Signature) error {
	for _, s := range list {
		if err := valid.Status(s.Status, StatusPass, StatusFail, StatusPolicy, StatusNeutral, StatusTempError, StatusPermError); err != nil {
			return err
		}
	}
	return nil
}}

func def(name string, weight float64, oneShot bool, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "dkim"}, Weight: weight, OneShot: oneShot, Doc: doc}
}

// noAnswer marks a symbol that says only that DNS failed.
func noAnswer(d *symbols.Def) *symbols.Def {
	d.NoAnswer = true
	return d
}

// The symbols.
var (
	Allow    = def("R_DKIM_ALLOW", -0.2, true, "a DKIM signature is good")
	Reject   = def("R_DKIM_REJECT", 1, true, "a DKIM signature does not fit the message")
	TempFail = noAnswer(def("R_DKIM_TEMPFAIL", 0, false, "the key of a DKIM signature could not be had for now"))
	PermFail = def("R_DKIM_PERMFAIL", 0, false, "the key of a DKIM signature is missing, revoked or wrong")
	NA       = def("R_DKIM_NA", 0, true, "there is no DKIM signature")
	Trace    = def("DKIM_TRACE", 0, false, "the domains of the DKIM signatures: + good, - bad, ~ key is wrong, ? key could not be had")
)

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("dkim")
	v.Number("MinBits", int64(o.MinBits), 0, 1<<14)
	v.Number("MaxSignatures", int64(o.MaxSignatures), 0, maxFields)
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "dkim", Doc: "DKIM signatures", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	keys := new(dkimsig.KeyCache)
	f.Checks = []*checks.Check{{
		Name:     "dkim",
		Doc:      "verifies the DKIM signatures",
		Symbols:  []*symbols.Def{Allow, Reject, TempFail, PermFail, NA, Trace},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact, authres.Fact),
		Needs:    checks.Needs{DNS: true, Queries: o.withDefaults().MaxSignatures},
		Run: func(ctx context.Context, t *checks.Task) error {
			run(ctx, t, o, keys)
			return nil
		},
	}}
	return f
}

func run(ctx context.Context, t *checks.Task, o Options, keys *dkimsig.KeyCache) {
	sigs, ok := Fact.Get(t)
	if !ok {
		if sigs, ok = trusted(t); ok {
			Fact.Set(t, sigs)
		}
	}
	if ok {
		if len(sigs) == 0 {
			t.Hit(NA)
		}
		for _, s := range sigs {
			report(t, s, nil)
		}
		return
	}
	if t.Authenticated() || relay.Of(t).Local {
		return
	}
	h := t.Message().Header()
	if !h.Has(dkimsig.DKIM.FieldName()) {
		Fact.Set(t, nil)
		t.Hit(NA)
		return
	}
	if t.Exact() {
		o.AcceptSHA1, o.MinBits = true, 1
	}
	v := verifier{options: o.withDefaults(), now: t.Now(), keys: keys}
	v.verify(ctx, t.Resolver(), t.Message())
	if v.noDNS {
		return
	}
	for _, s := range v.found {
		v.judgePartial(s)
	}
	Fact.Set(t, v.signatures())
	for _, s := range v.found {
		report(t, s.Signature, s)
	}
}

// trusted takes the results of a server whose header is believed.
func trusted(t *checks.Task) (sigs []Signature, ok bool) {
	h, _ := authres.Fact.Get(t)
	for _, r := range h.Of("dkim") {
		ok = true
		status := Status(r.Value)
		switch status {
		case StatusPass, StatusFail, StatusPolicy, StatusNeutral, StatusTempError, StatusPermError:
		default:
			continue
		}
		s := Signature{
			Domain: r.Property("header", "d"), Selector: r.Property("header", "s"), Status: status, Reason: r.Reason,
			Identity: r.Property("header", "i"), Algorithm: r.Property("header", "a"), Value: r.Property("header", "b"),
		}
		if s.Domain == "" {
			_, s.Domain, _ = strings.Cut(s.Identity, "@")
		}
		sigs = append(sigs, s)
	}
	return sigs, ok
}

// judgePartial makes a good signature that leaves much of the body unsigned
// count for nothing.
func (v *verifier) judgePartial(s *signature) {
	if s.Status == StatusPass && s.Unsigned*10 > s.total && !v.options.AcceptPartial {
		s.result("policy", "l= leaves too much of the body unsigned")
		s.Ignored = true
	}
}

// report raises the symbols of one signature; from is nil for one that the
// host verified.
func report(t *checks.Task, s Signature, from *signature) {
	if s.Ignored {
		return
	}
	d, mark := Reject, "-"
	switch s.Status {
	case StatusPass:
		d, mark = Allow, "+"
	case StatusTempError:
		d, mark = TempFail, "?"
	case StatusPermError, StatusPolicy, StatusNeutral:
		d, mark = PermFail, "~"
	}
	hit := symbols.Hit{Def: d, Factor: 1, Options: []string{s.Domain + ":s=" + s.Selector}}
	if from != nil {
		hit.Evidence = evidence(from)
	}
	if s.Domain == "" && s.Reason != "" {
		hit.Options = []string{s.Reason}
	}
	t.HitAt(hit)
	t.Hit(Trace, s.Domain+":"+mark)
}

// evidence shows the field and the key record, or why there is no record.
func evidence(s *signature) []symbols.Evidence {
	e := checks.Field(s.field)
	if s.parsed == nil {
		return e
	}
	q := resolver.Question{Name: s.parsed.KeyName(), Type: resolver.TypeTXT}
	e[0].Query, e[0].Answer = q.String(), s.record
	if s.record == "" {
		e[0].Answer = s.Reason
	}
	return e
}
