package dmarc

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/resolver"
)

// maxIdentifiers bounds the signing domains whose organization is looked for.
const maxIdentifiers = 5

// Params is what an evaluation judges.
type Params struct {
	// From holds the domain, or the address, of each mailbox in From. DMARC
	// is for messages with one.
	From []string
	// SPF is the result for the envelope sender, or for HELO where that is
	// empty; a pass that any client would get does not count, as in Rspamd
	// 4.1.6. DKIM are the results of the signatures.
	SPF  spf.Result
	DKIM []dkim.Signature

	Discovery Discovery
	// Rand draws the messages that pct= spares, nil spares none.
	Rand *rand.Rand
	// NoSampling tells domains whose pct= and t= are ignored; it may be nil.
	NoSampling func(domain string) bool
}

// Evaluate looks the policy of the domain in From up and says whether SPF or
// DKIM passes for it (RFC 7489 section 6.6, RFC 9989 section 5). It asks r at
// most 3 questions, with TreeWalk 57. A failure of DNS is a Result.
func Evaluate(ctx context.Context, r resolver.Resolver, p Params) Result {
	var res Result
	switch {
	case len(p.From) == 0:
		return Result{Status: StatusNone, Reason: "No From header"}
	case len(p.From) > 1:
		return Result{Status: StatusNone, Reason: "Duplicate From header"}
	case normal(p.From[0]) == "":
		return Result{Status: StatusNone, Reason: "No domain in From header"}
	}
	res.From = normal(p.From[0])
	res.Domain = res.From
	s := search{ctx: ctx, resolver: r, from: res.From, found: map[string]finding{}}
	switch p.Discovery {
	case TreeWalk:
		res.Walked = true
		s.walked(&res)
	default:
		s.listed(&res)
	}
	if res.Status != "" {
		return res
	}
	res.Policy = s.policy(&res)
	a := alignment{res: &res, spf: p.SPF, dkim: p.DKIM, organization: organization}
	if p.Discovery == TreeWalk {
		a.organization = s.organization
	}
	a.judge()
	if res.Status == StatusFail {
		res.dispose(p)
	}
	return res
}

// policy returns what the record asks for From: for a name below the
// record's own that is np= if the name does not exist (RFC 9091, RFC 9989
// section 4.7), or sp=, where the record has these.
func (s *search) policy(res *Result) string {
	rec := res.Record
	policy := rec.Policy
	if res.Domain != res.From {
		if rec.Subdomains != "" {
			policy = rec.Subdomains
		}
		if rec.Nonexistent != "" && rec.Nonexistent != policy && s.missing(res.From) {
			policy = rec.Nonexistent
		}
	}
	if policy == "" {
		return "none"
	}
	return policy
}

// An alignment judges whether SPF or DKIM passes for From.
type alignment struct {
	res          *Result
	spf          spf.Result
	dkim         []dkim.Signature
	organization func(domain string) string
}

func (a *alignment) judge() {
	res := a.res
	var reasons []string
	temporary := false
	switch a.spf.Status {
	case spf.StatusPass:
		if a.spf.PlusAll {
			reasons = append(reasons, "No valid SPF")
			break
		}
		if res.SPFAligned = a.aligned(a.spf.Domain, res.Record.StrictSPF); !res.SPFAligned {
			reasons = append(reasons, "SPF not aligned ("+mode(res.Record.StrictSPF)+")")
		}
	case spf.StatusTempError:
		temporary = a.aligned(a.spf.Domain, res.Record.StrictSPF)
		fallthrough
	default:
		reasons = append(reasons, "No valid SPF")
	}
	reason, unknown := a.signatures()
	if reason != "" {
		reasons = append(reasons, reason)
	}
	switch {
	case res.SPFAligned || res.DKIMAligned:
		res.Status = StatusPass
	case temporary || unknown:
		res.Status, res.Reason = StatusTempError, "SPF/DKIM temp error"
	default:
		res.Status, res.Reason = StatusFail, strings.Join(reasons, ", ")
	}
}

// signatures looks at the good signatures, and at those whose keys could not
// be had: temporary tells that one of them may be good for From.
func (a *alignment) signatures() (reason string, temporary bool) {
	res, strict := a.res, a.res.Record.StrictDKIM
	var asked []string
	seen := false
	for _, s := range a.dkim {
		if s.Ignored {
			continue
		}
		seen = true
		if s.Status != dkim.StatusPass && s.Status != dkim.StatusTempError {
			continue
		}
		domain := normal(s.Domain)
		if !slices.Contains(asked, domain) {
			if len(asked) == maxIdentifiers {
				continue
			}
			asked = append(asked, domain)
		}
		ok := a.aligned(domain, strict)
		switch {
		case s.Status == dkim.StatusTempError:
			temporary = temporary || ok
			continue
		case ok:
			res.DKIMAligned = true
		default:
			reason = "DKIM not aligned (" + mode(strict) + ")"
		}
		if s.Unsigned > res.Unsigned && a.aligned(domain, false) {
			res.Unsigned = s.Unsigned
		}
	}
	if !seen {
		return "No valid DKIM", false
	}
	return reason, temporary
}

func mode(strict bool) string {
	if strict {
		return "strict"
	}
	return "relaxed"
}

// aligned reports whether a domain that passes is From's, or, unless strict,
// of the same organization (RFC 7489 section 3.1).
func (a *alignment) aligned(domain string, strict bool) bool {
	if domain = normal(domain); domain == "" || strict || domain == a.res.From {
		return domain != "" && domain == a.res.From
	}
	org := a.res.Organization
	return (domain == org || strings.HasSuffix(domain, "."+org)) && a.organization(domain) == org
}

// dispose says what a fail comes to. A message that pct= spares, drawn as
// Rspamd 4.1.6 draws, or that t=y does, gets the next milder treatment.
func (r *Result) dispose(p Params) {
	r.Disposition = r.Policy
	percent := r.Record.Percent
	if p.Discovery == TreeWalk || p.Rand == nil {
		percent = 100
	}
	spared := r.Record.Testing || percent < 100 && p.Rand.IntN(100)+1 > percent
	switch {
	case !spared || r.Policy == "none":
	case p.NoSampling != nil && p.NoSampling(r.Domain):
		r.Override = "local_policy"
	case r.Policy == "reject":
		r.Disposition, r.Override = "quarantine", "sampled_out"
	default:
		r.Disposition, r.Override = "none", "sampled_out"
	}
}
