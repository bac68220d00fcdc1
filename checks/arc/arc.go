package arc

import (
	"context"
	"fmt"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/symbols"
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"policies", "arc"}, Weight: weight, Doc: doc}
}

// noAnswer marks a symbol that says only that DNS failed.
func noAnswer(d *symbols.Def) *symbols.Def {
	d.NoAnswer = true
	return d
}

func once(d *symbols.Def) *symbols.Def {
	d.OneShot = true
	return d
}

// The symbols.
var (
	Allow   = def("ARC_ALLOW", -1, "the ARC chain holds")
	Reject  = def("ARC_REJECT", 1, "the ARC chain does not hold: a signature is wrong, or a hop found it broken")
	Invalid = def("ARC_INVALID", 0.5, "the ARC chain is malformed: fields are missing, or their instances or cv= wrong")
	DNSFail = noAnswer(def("ARC_DNSFAIL", 0, "a key of the ARC chain could not be had for now"))
	NA      = def("ARC_NA", 0, "there is no ARC chain")
	Trusted = once(def("ARC_ALLOW_TRUSTED", -2, "the ARC chain holds and ends with sealers that the operator trusts"))
)

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("arc")
	v.Number("MinBits", int64(o.MinBits), 0, 1<<14)
	v.Domains("TrustedSealers", o.TrustedSealers)
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "arc", Doc: "the ARC chain", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	keys := new(dkimsig.KeyCache)
	f.Checks = []*checks.Check{{
		Name:     "arc",
		Doc:      "validates the ARC chain",
		Symbols:  []*symbols.Def{Allow, Reject, Invalid, DNSFail, NA, Trusted},
		Provides: []checks.AnyFact{Fact},
		Requires: checks.Facts(relay.Fact, authres.Fact),
		Needs:    checks.Needs{DNS: true, Queries: dkimsig.MaxInstance + maxOldest},
		Run: func(ctx context.Context, t *checks.Task) error {
			run(ctx, t, o, keys)
			return nil
		},
	}}
	return f
}

func run(ctx context.Context, t *checks.Task, o Options, keys *dkimsig.KeyCache) {
	r, ok := Fact.Get(t)
	if !ok {
		if r, ok = trusted(t); ok {
			Fact.Set(t, r)
		}
	}
	if !ok {
		if t.Authenticated() || relay.Of(t).Local {
			return
		}
		if r, ok = validate(ctx, t, o, keys); !ok {
			return
		}
		Fact.Set(t, r)
	}
	report(t, r)
}

// trusted takes the result of a server whose header is believed.
func trusted(t *checks.Task) (Result, bool) {
	h, _ := authres.Fact.Get(t)
	for _, r := range h.Of("arc") {
		switch status := Status(r.Value); status {
		case StatusNone, StatusPass, StatusFail:
			return Result{Status: status, Reason: r.Reason}, true
		}
	}
	return Result{}, false
}

// validate returns false if there was no DNS to ask.
func validate(ctx context.Context, t *checks.Task, o Options, keys *dkimsig.KeyCache) (Result, bool) {
	h := t.Message().Header()
	if !h.Has("ARC-Seal") && !h.Has("ARC-Message-Signature") && !h.Has("ARC-Authentication-Results") {
		return Result{Status: StatusNone}, true
	}
	if t.Exact() {
		o.AcceptSHA1, o.MinBits = true, 1
	}
	v := newVerifier(t.Message(), t.Now(), o, keys)
	v.verify(ctx, t.Resolver())
	return v.result, !v.noDNS
}

func report(t *checks.Task, r Result) {
	n := len(r.Sets)
	switch {
	case r.Status == StatusNone:
		t.Hit(NA)
	case r.Status == StatusPass && n == 0: // another server's word
		t.Hit(Allow)
	case r.Status == StatusPass:
		t.HitField(Allow, t.Message().Header().Get("ARC-Seal"), described(r, n))
		if r.Trusted > 0 && r.Trusted <= n {
			t.HitFactor(Trusted, belief(r.Sets[r.Trusted-1]), described(r, r.Trusted))
		}
	case r.Temporary:
		t.HitField(DNSFail, t.Message().Header().Get("ARC-Seal"), r.Reason)
	case r.Malformed:
		t.HitField(Invalid, t.Message().Header().Get("ARC-Seal"), r.Reason)
	case r.Status == StatusFail:
		t.HitField(Reject, t.Message().Header().Get("ARC-Seal"), r.Reason)
	}
}

// option names a set.
func described(r Result, instance int) string {
	s := r.Sets[instance-1]
	return fmt.Sprintf("%s:s=%s:i=%d", s.Domain, s.Selector, instance)
}

// belief is how much a trusted sealer's results say for the message, as in
// Rspamd 4.1.6: nothing if DMARC failed there, half if SPF did and DMARC is
// not mentioned.
func belief(s Set) float64 {
	said := readResults(s.Results)
	bad := func(result string) bool { return result == "fail" || result == "reject" || result == "quarantine" }
	switch {
	case bad(said.dmarc):
		return 0
	case said.dmarc == "" && bad(said.spf):
		return 0.5
	}
	return 1
}
