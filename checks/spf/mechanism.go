package spf

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/resolver"
)

// match tells whether a term matches the client. An error, or that a limit
// was passed, is a verdict with a status; for include that matched, the verdict
// is that of the included record.
func (e *evaluation) match(t *term, domain string, depth int, included bool) (bool, verdict) {
	if ok, local := e.matchLocal(t, included); local {
		return ok, verdict{}
	}
	if t.kind == kindInclude {
		depth++
	}
	if v := e.count(depth); v.status != "" {
		return false, v
	}
	target, ok := e.target(t, domain)
	if t.kind == kindInclude {
		if !ok {
			return false, permError("%s of %s gives no domain", clip(t.text), domain)
		}
		return e.include(target, domain, depth)
	}
	if !ok { // a name that can't exist
		return false, e.void()
	}
	switch t.kind {
	case kindA:
		return e.matchA(t, target)
	case kindMX:
		return e.matchMX(t, target)
	case kindPTR:
		return e.matchPTR(target)
	}
	return e.matchExists(target)
}

// matchLocal answers for the terms that need no DNS. Of those, a tolerant
// reading ignores networks that are too wide, and "all" of an included record
// (as Rspamd 4.1.6 does).
func (e *evaluation) matchLocal(t *term, included bool) (matched, local bool) {
	switch t.kind {
	case kindAll:
		return !e.Tolerant || !included, true
	case kindIP4, kindIP6:
		wide := e.Tolerant && t.net.Bits() < minBits
		return !wide && t.net.Contains(e.IP), true
	}
	return false, false
}

// target returns the name that a term is about.
func (e *evaluation) target(t *term, domain string) (string, bool) {
	if t.target == nil {
		return toASCII(domain)
	}
	return e.expandDomain(t.target, domain)
}

func (e *evaluation) include(target, domain string, depth int) (bool, verdict) {
	v := e.checkHost(target, depth, true)
	switch v.status {
	case StatusPass:
		return true, v
	case StatusTempError, StatusPermError:
		return false, v
	case StatusNone:
		return false, permError("%s includes %s, which has no SPF record", domain, target)
	}
	return false, verdict{}
}

// addressType is the type of the records that the client's address is in.
func (e *evaluation) addressType() uint16 {
	if e.IP.Is4() {
		return resolver.TypeA
	}
	return resolver.TypeAAAA
}

// contains reports whether an answer has an address of the client's network.
func (e *evaluation) contains(a resolver.Answer, t *term) bool {
	bits := int(t.bits4)
	if !e.IP.Is4() {
		bits = int(t.bits6)
	}
	return slices.ContainsFunc(a.IPs(), func(ip netip.Addr) bool {
		if ip.BitLen() != e.IP.BitLen() {
			return false
		}
		return netip.PrefixFrom(ip, bits).Contains(e.IP)
	})
}

func (e *evaluation) matchA(t *term, target string) (bool, verdict) {
	reply := e.ask1(target, e.addressType())
	switch {
	case resolver.IsTemporary(reply.Err):
		return false, tempError(reply.Err)
	case reply.Err != nil:
		return false, e.void()
	}
	return e.contains(reply.Answer, t), verdict{}
}

func (e *evaluation) matchMX(t *term, target string) (bool, verdict) {
	reply := e.ask1(target, resolver.TypeMX)
	switch {
	case resolver.IsTemporary(reply.Err):
		return false, tempError(reply.Err)
	case reply.Err != nil:
		return false, e.void()
	}
	hosts := reply.Answer.Hosts(resolver.TypeMX)
	if len(hosts) > e.Limits.Hosts {
		return false, overLimit("%s has %d MX records, more than %d", target, len(hosts), e.Limits.Hosts)
	}
	var failure error
	for _, r := range e.askHosts(hosts) {
		if r.Err == nil && e.contains(r.Answer, t) {
			return true, verdict{}
		}
		if failure == nil && resolver.IsTemporary(r.Err) {
			failure = r.Err
		}
	}
	if failure != nil {
		return false, tempError(failure)
	}
	return false, verdict{}
}

// askHosts asks for the addresses of hosts, all at once.
func (e *evaluation) askHosts(hosts []string) []resolver.Reply {
	questions := make([]resolver.Question, len(hosts))
	for i, h := range hosts {
		questions[i] = resolver.Question{Name: h, Type: e.addressType()}
	}
	return e.ask(questions...)
}

func (e *evaluation) matchExists(target string) (bool, verdict) {
	reply := e.ask1(target, resolver.TypeA)
	switch {
	case resolver.IsTemporary(reply.Err):
		return false, tempError(reply.Err)
	case reply.Err != nil:
		return false, e.void()
	}
	return true, verdict{}
}

// matchPTR looks for a validated name of the client at or below target (RFC
// 7208 section 5.5). A failure of DNS is no match, and is noted when Tolerant.
func (e *evaluation) matchPTR(target string) (bool, verdict) {
	reply := e.ask1(resolver.Reverse(e.IP), resolver.TypePTR)
	switch {
	case resolver.IsNotFound(reply.Err):
		return false, e.void()
	case reply.Err != nil && e.Tolerant:
		return false, tempError(reply.Err)
	}
	names := e.clientNames(reply.Answer)
	names = slices.DeleteFunc(names, func(n string) bool { return !within(n, target) })
	found, failure := e.validated(names)
	if found == "" && failure != nil && e.Tolerant {
		return false, tempError(failure)
	}
	return found != "", verdict{}
}

// clientNames returns as many of the names of the client as are looked at.
func (e *evaluation) clientNames(a resolver.Answer) []string {
	names := a.Hosts(resolver.TypePTR)
	return names[:min(len(names), e.Limits.Hosts)]
}

// validated returns the first of names that has the client's address, or "".
// failure tells that DNS failed for one of the others.
func (e *evaluation) validated(names []string) (name string, failure error) {
	for i, r := range e.askHosts(names) {
		switch {
		case r.Err == nil && slices.Contains(r.Answer.IPs(), e.IP):
			return names[i], nil
		case failure == nil && resolver.IsTemporary(r.Err):
			failure = r.Err
		}
	}
	return "", failure
}

// within reports whether name is domain or below it.
func within(name, domain string) bool {
	name, domain = resolver.Canonical(name), resolver.Canonical(domain)
	return name == domain || strings.HasSuffix(name, "."+domain)
}
