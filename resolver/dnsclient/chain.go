package dnsclient

import (
	"time"

	"github.com/miekg/dns"

	"github.com/winnowmail/winnow/resolver"
)

// chain follows the CNAMEs of a reply from the question on and decides what
// the reply means. Records that are not on the way are left out.
func (r *response) chain(s *sections) {
	r.ttl = (1<<31 - 1) * time.Second
	name := s.qname
	for range maxChain + 1 {
		next := ""
		found := false
		for i := range s.answers {
			a := &s.answers[i]
			switch {
			case a.Name != name:
				continue
			case a.Type == s.qtype:
				found = true
			case next != "": // a second CNAME is an error of the zone's
				continue
			default:
				next = a.Host
			}
			r.records = append(r.records, *a)
			r.ttl = min(r.ttl, time.Duration(a.TTL)*time.Second)
		}
		if found {
			return
		}
		if next == "" {
			r.missing(s, name)
			return
		}
		r.hops++
		name = next
	}
	r.kind = resolver.KindLoop
}

// missing decides what it means that a reply has no asked record for name, the
// end of its chain (RFC 2308 section 2).
func (r *response) missing(s *sections, name string) {
	negative := time.Duration(s.soaTTL) * time.Second // 0 without SOA: not to be kept
	switch {
	case r.rcode == dns.RcodeNameError:
		r.kind, r.ttl = resolver.KindNXDomain, min(r.ttl, negative)
	case s.soa:
		r.kind, r.ttl = resolver.KindNoData, min(r.ttl, negative)
	case r.hops > 0:
		r.next = name
	case s.ns:
		r.kind = resolver.KindLame // a referral: this server does not recurse
	case len(s.answers) > 0:
		r.kind = resolver.KindLame // of other names
	default:
		r.kind, r.ttl = resolver.KindNoData, 0
	}
}
