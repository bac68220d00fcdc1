package dmarc

import (
	"context"
	"errors"
	"strings"

	"github.com/winnowmail/winnow/resolver"
)

// A finding is what one name has by way of records.
type finding struct {
	record *Record
	many   bool // several records
	other  bool // TXT records, but none of DMARC
	failed string
	noDNS  bool // there is no DNS to ask
	// authentic tells that DNSSEC validated the answer.
	authentic bool
}

// A search finds the record that is for a domain.
type search struct {
	ctx      context.Context
	resolver resolver.Resolver
	from     string
	found    map[string]finding // by domain
}

// ask looks the records of domains up, those not known yet, all at the same
// time.
func (s *search) ask(domains ...string) {
	var questions []resolver.Question
	var todo []string
	for _, d := range domains {
		if _, known := s.found[d]; !known {
			s.found[d] = finding{}
			todo = append(todo, d)
			questions = append(questions, resolver.Question{Name: "_dmarc." + d, Type: resolver.TypeTXT})
		}
	}
	if len(todo) == 0 {
		return
	}
	for i, reply := range resolver.LookupAll(s.ctx, s.resolver, questions...) {
		s.found[todo[i]] = read(reply)
	}
}

func read(reply resolver.Reply) (f finding) {
	if reply.Err != nil {
		if !resolver.IsNotFound(reply.Err) {
			f.failed, f.noDNS = describe(reply.Err), errors.Is(reply.Err, resolver.ErrNoDNS)
		}
		return f
	}
	f.authentic = reply.Answer.Authentic
	for _, record := range reply.Answer.Records {
		if record.Type != resolver.TypeTXT {
			continue
		}
		r, ok := ParseRecord(strings.Join(record.Strings, ""))
		switch {
		case !ok:
		case f.record != nil:
			f.many = true
			return f
		default:
			f.record = &r
		}
	}
	f.other = f.record == nil
	return f
}

// describe says why DNS failed in the words of Rspamd.
func describe(err error) string {
	e, ok := errors.AsType[*resolver.Error](err)
	if !ok {
		return "DNS error"
	}
	switch e.Kind {
	case resolver.KindServFail:
		return "server fail"
	case resolver.KindTimeout:
		return "query timed out"
	case resolver.KindRefused:
		return "request refused"
	case resolver.KindNetwork:
		return "network error"
	}
	return "DNS error: " + string(e.Kind)
}

// missing reports whether a name does not exist at all (RFC 9989 section
// 3.2.13): no record of any type, and none below it (RFC 8020). An alias exists
// even if the name that it leads to does not (RFC 6604 section 2).
func (s *search) missing(domain string) bool {
	_, err := s.resolver.Lookup(s.ctx, domain, resolver.TypeA)
	if !errors.Is(err, resolver.ErrNXDomain) {
		return false
	}
	_, err = s.resolver.Lookup(s.ctx, domain, resolver.TypeCNAME)
	return errors.Is(err, resolver.ErrNXDomain)
}

// listed finds the record by the public suffix list: the domain's own, else
// that of the organization. Without one it sets Status.
func (s *search) listed(res *Result) {
	res.Organization = organization(s.from)
	s.ask(s.from, res.Organization)
	own, org := s.found[s.from], s.found[res.Organization]
	f := own
	if own.record == nil && own.failed == "" && res.Organization != s.from {
		f, res.Domain = org, res.Organization
	}
	switch {
	case f.failed != "":
		res.Status, res.Reason, res.noDNS = StatusTempError, f.failed, f.noDNS
	case f.many:
		res.Status, res.Reason = StatusPermError, "Multiple policies defined in DNS"
	case f.other:
		res.Status, res.Reason = StatusNone, "no valid DMARC record"
	case f.record == nil:
		res.Status = StatusNone
	default:
		res.Record, res.Authentic = f.record, f.authentic
		if reason := f.record.fatal(res.Domain != s.from); reason != "" {
			res.Status, res.Reason = StatusPermError, reason
		}
	}
}

// fatal returns what makes Rspamd 4.1.6 refuse a record: it reads sp= only of
// an organization's.
func (r *Record) fatal(below bool) string {
	for _, tag := range [...]string{"adkim", "aspf", "p", "sp"} {
		for _, p := range r.Problems {
			if p.Tag == tag && p.What == "invalid value" && (tag != "sp" || below) {
				return tag + " tag has invalid value: " + p.Value
			}
		}
	}
	return ""
}

// maxWalk is the most questions of one walk (RFC 9989 section 4.10).
const maxWalk = 8

// ladder returns the names that a walk from domain asks, domain first: names
// of more than seven labels are cut to seven at the second step.
func ladder(domain string) []string {
	steps := []string{domain}
	for len(steps) < maxWalk {
		labels := strings.Count(domain, ".") + 1
		if labels == 1 {
			break
		}
		for drop := max(1, labels-(maxWalk-1)); drop > 0; drop-- {
			_, domain, _ = strings.Cut(domain, ".")
		}
		steps = append(steps, domain)
	}
	return steps
}

// walk returns the names of a ladder that have a record, longest first; it
// stops at one that says where the organization is. failed tells that a
// question below the first record failed.
func (s *search) walk(domain string) (names []string, failed string) {
	steps := ladder(domain)
	s.ask(steps...)
	for _, name := range steps {
		f := s.found[name]
		if f.failed != "" && len(names) == 0 && failed == "" {
			failed = f.failed
		}
		if f.record == nil || f.many {
			continue
		}
		names = append(names, name)
		if psd := f.record.PSD; psd == "n" || psd == "y" && name != domain {
			break
		}
	}
	return names, failed
}

// organization returns the organizational domain by a walk (RFC 9989 section
// 4.10.2).
func (s *search) organization(domain string) string {
	names, _ := s.walk(domain)
	if len(names) == 0 {
		return domain
	}
	top := names[len(names)-1]
	if s.found[top].record.PSD == "y" && top != domain {
		return below(domain, top)
	}
	return top
}

// below returns the name one label longer than top on the way to domain.
func below(domain, top string) string {
	rest := strings.TrimSuffix(domain, "."+top)
	return domain[strings.LastIndexByte(rest, '.')+1:]
}

// walked finds the record by a walk: the domain's own, the organization's, or
// that of the public suffix above it (RFC 9989 section 4.10.1). Without one
// that can be applied it sets Status.
func (s *search) walked(res *Result) {
	names, failed := s.walk(s.from)
	res.Organization = s.organization(s.from)
	if failed != "" && (len(names) == 0 || names[0] != s.from) {
		res.Status, res.Reason, res.noDNS = StatusTempError, failed, s.found[s.from].noDNS
		return
	}
	if len(names) == 0 {
		res.Status = StatusNone
		return
	}
	for _, candidate := range []string{s.from, res.Organization, names[len(names)-1]} {
		if f := s.found[candidate]; f.record != nil && !f.many {
			res.Domain, res.Record, res.Authentic = candidate, f.record, f.authentic
			break
		}
	}
	if r := res.Record; r.Policy == "" && len(r.Aggregate) == 0 {
		res.Status, res.Reason, res.Record, res.Authentic = StatusNone, "no valid DMARC record", nil, false
	}
}
