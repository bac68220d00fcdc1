package dnsscan

import (
	"github.com/winnowmail/winnow/resolver"
)

// tidied brings what any Resolver answered into the form that Record promises,
// in place: names have their one spelling, and what can't be written down and
// read again is left out. So a scan sees what its replay sees.
func tidied(a resolver.Answer) resolver.Answer {
	kept := a.Records[:0]
	for _, r := range a.Records {
		if tidy(&r) {
			kept = append(kept, r)
		}
	}
	a.Records = kept
	return a
}

// tidy brings the record into that form and reports whether it is a valid one.
func tidy(r *resolver.Record) bool {
	r.Name = resolver.Canonical(r.Name)
	switch r.Type {
	case resolver.TypeA:
		r.IP = r.IP.Unmap()
		return r.IP.Is4()
	case resolver.TypeAAAA:
		r.IP = r.IP.WithZone("")
		return r.IP.Is6()
	case resolver.TypeTXT:
		if len(r.Strings) == 0 {
			r.Strings = []string{""}
		}
	case resolver.TypeSOA:
		r.Host, r.Mailbox = resolver.Canonical(r.Host), resolver.Canonical(r.Mailbox)
	case resolver.TypeCNAME, resolver.TypeNS, resolver.TypePTR, resolver.TypeMX:
		r.Host = resolver.Canonical(r.Host)
	default:
		return false
	}
	return true
}
