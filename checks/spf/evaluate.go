package spf

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// maxRecords bounds the bytes of all records of one evaluation.
	maxRecords = 64 << 10
	// minBits is the widest network that a tolerant reading believes.
	minBits = 8
)

// An evaluation is one run of check_host (RFC 7208 section 4) and what is
// common to its nested ones.
type evaluation struct {
	Params
	asker
	sender, local, domain string // domain: of sender, as given

	lookups, voids int
	ahead          int               // questions asked before their term's turn
	read           int               // bytes of records
	expanded       int               // bytes of macro values
	names          map[string]string // %{p} by domain
	// failed notes that DNS failed for a term, which was passed over; broken
	// notes that a wrong term was passed over. Both happen only when Tolerant.
	failed, broken bool
}

// A verdict is the outcome of check_host for one domain.
type verdict struct {
	status    Status
	mechanism string // what decided, with its qualifier
	reason    string // of an error
	limit     bool   // a permerror that spoils the records which include it too
	all       bool   // passed by the mechanism all
	text      string // the record
	authentic bool   // the answer with it
	exp       *spec
	expDomain string // domain in hand where exp stands
}

func permError(format string, args ...any) verdict {
	return verdict{status: StatusPermError, mechanism: badRecord, reason: fmt.Sprintf(format, args...)}
}

func overLimit(format string, args ...any) verdict {
	v := permError(format, args...)
	v.limit = true
	return v
}

func tempError(err error) verdict {
	return verdict{status: StatusTempError, mechanism: dnsFailed, reason: err.Error()}
}

// Evaluate tells whether a client may use a sender (RFC 7208). It asks r, in
// parallel where the questions don't depend on each other, and ends with ctx. A
// failure of DNS is a result, TempError.
//
// The questions of one evaluation are bounded by Limits: twice Lookups, and
// Hosts for each mechanism mx or ptr.
func Evaluate(ctx context.Context, r resolver.Resolver, p Params) Result {
	return newEvaluation(ctx, r, p).run()
}

func newEvaluation(ctx context.Context, r resolver.Resolver, p Params) *evaluation {
	p.IP = p.IP.Unmap().WithZone("")
	p.Limits = p.Limits.withDefaults(p.Tolerant)
	if p.Receiver == "" {
		p.Receiver = "unknown"
	}
	if p.Now.IsZero() {
		p.Now = time.Now()
	}
	e := &evaluation{Params: p, asker: asker{ctx: ctx, resolver: r}}
	e.identify()
	return e
}

func (e *evaluation) run() Result {
	res := Result{Identity: "mailfrom"}
	if e.MailFrom == "" {
		res.Identity = "helo"
	}
	res.Domain, res.Sender = e.domain, e.sender
	if ascii, ok := toASCII(e.domain); ok {
		res.Domain = ascii
	}
	res.Domain = strings.ToLower(strings.TrimSuffix(res.Domain, "."))
	if why := e.unusable(); why != "" {
		res.Status, res.Mechanism, res.Reason = StatusNone, noDomain, why
		return res
	}
	v := e.checkHost(e.domain, 0, false)
	res.noDNS = e.noDNS
	if v.status == StatusFail && !e.NoExplanation {
		res.Explanation = e.explain(v)
	}
	res.set(e, v)
	return res
}

// checkHost evaluates the record of one domain. included tells that only a
// pass counts.
func (e *evaluation) checkHost(domain string, depth int, included bool) verdict {
	ascii, _ := toASCII(domain)
	reply := e.ask1(ascii, resolver.TypeTXT)
	text, v := e.selectRecord(domain, reply)
	if v.status != "" {
		return v
	}
	rec, err := parseRecord(text, grammar{e.Tolerant, e.OneLabel})
	switch {
	case err != nil && !e.Tolerant:
		v = permError("the record of %s is wrong: %v", domain, err)
	case e.Tolerant && len(rec.terms) == 0 && rec.redirect == nil:
		v = permError("the record of %s has nothing in it that can be used", domain)
		v.mechanism = emptyRecord
	default:
		e.broken = e.broken || err != nil
		e.lookAhead(&rec, domain, included)
		v = e.terms(&rec, domain, depth, included)
	}
	if depth == 0 || v.text == "" {
		v.text, v.authentic = text, reply.Answer.Authentic
	}
	return v
}

// selectRecord finds the SPF record among a domain's TXT records (RFC 7208
// section 4.5). A verdict with a status means there is none to evaluate.
func (e *evaluation) selectRecord(domain string, reply resolver.Reply) (string, verdict) {
	if resolver.IsTemporary(reply.Err) {
		return "", tempError(reply.Err)
	}
	texts := slices.DeleteFunc(reply.Answer.Texts(), func(s string) bool { return !isRecord(s, e.Tolerant) })
	switch len(texts) {
	case 0:
		return "", verdict{status: StatusNone, mechanism: noRecord, reason: fmt.Sprintf("%s has no SPF record", domain)}
	case 1:
	default:
		return "", overLimit("%s has %d SPF records", domain, len(texts))
	}
	if e.read += len(texts[0]); e.read > maxRecords {
		return "", overLimit("the records are longer than %d bytes", maxRecords)
	}
	return texts[0], verdict{}
}

// terms evaluates a record's mechanisms from left to right, then redirect.
func (e *evaluation) terms(rec *record, domain string, depth int, included bool) verdict {
	all := false
	for i := range rec.terms {
		t := &rec.terms[i]
		if t.kind == kindAll {
			all = true
		}
		matched, v := e.match(t, domain, depth, included)
		switch {
		case v.status == StatusTempError && e.Tolerant && !v.limit:
			e.failed = true
		case v.status == StatusPermError && e.Tolerant && !v.limit:
			e.broken = true
		case v.status != "" && !matched:
			return v
		case matched:
			return e.decide(t, v, rec, domain)
		}
	}
	if rec.redirect != nil && !all {
		return e.redirect(rec.redirect, domain, depth, included)
	}
	if e.failed && !included {
		return verdict{status: StatusTempError, mechanism: dnsFailed, reason: "DNS failed for a part of the record"}
	}
	return verdict{status: StatusNeutral, mechanism: "?all"}
}

// decide turns a match into the result that the term's qualifier says. v is
// the verdict of an included record.
func (e *evaluation) decide(t *term, v verdict, rec *record, domain string) verdict {
	q := string(t.qualifier)
	out := verdict{mechanism: q + e.render(t, domain), exp: rec.exp, expDomain: domain}
	if t.kind == kindInclude {
		out.mechanism = q + v.mechanism[1:]
	}
	switch t.qualifier {
	case '+':
		out.status, out.all = StatusPass, v.all || e.fitsAll(t)
	case '-':
		out.status = StatusFail
	case '~':
		out.status = StatusSoftFail
	default:
		out.status = StatusNeutral
	}
	if t.kind == kindAll && e.failed {
		return verdict{status: StatusTempError, mechanism: q + "any", reason: "DNS failed for a part of the record"}
	}
	return out
}

// fitsAll reports whether a term that fits the client fits all of its family:
// all, and networks of every address.
func (e *evaluation) fitsAll(t *term) bool {
	switch t.kind {
	case kindAll:
		return true
	case kindIP4, kindIP6:
		return t.net.Bits() == 0
	case kindA, kindMX:
		return e.IP.Is4() && t.bits4 == 0 || e.IP.Is6() && t.bits6 == 0
	}
	return false
}

// count takes one of the terms that may ask.
func (e *evaluation) count(depth int) verdict {
	switch e.lookups++; {
	case e.lookups > e.Limits.Lookups:
		return overLimit("more than %d terms ask DNS", e.Limits.Lookups)
	case depth > e.Limits.Nesting:
		return overLimit("records include each other more than %d deep", e.Limits.Nesting)
	}
	return verdict{}
}

// void notes a term whose question found nothing.
func (e *evaluation) void() verdict {
	if e.voids++; e.Limits.Voids >= 0 && e.voids > e.Limits.Voids {
		return overLimit("more than %d questions found nothing", e.Limits.Voids)
	}
	return verdict{}
}

// redirect gives the result of another domain's record (RFC 7208 section 6.1).
func (e *evaluation) redirect(s *spec, domain string, depth int, included bool) verdict {
	if v := e.count(depth + 1); v.status != "" {
		return v
	}
	target, ok := e.expandDomain(s, domain)
	if !ok {
		return permError("redirect=%s of %s gives no domain", clip(s.text), domain)
	}
	v := e.checkHost(target, depth+1, included)
	if v.status == StatusNone {
		return permError("%s redirects to %s, which has no SPF record", domain, target)
	}
	return v
}
