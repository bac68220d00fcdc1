package dkimsig

import (
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
)

// KeyName returns the name of the key record, domain names in ASCII form.
func (s *Signature) KeyName() string { return KeyName(s.Domain, s.Selector) }

// KeyName returns the name under which the key of a selector is published.
func KeyName(domain, selector string) string {
	return asciiDomain(selector) + "._domainkey." + asciiDomain(domain)
}

// asciiDomain returns a domain with U-labels as A-labels (RFC 8616), or d if it
// is none.
func asciiDomain(d string) string {
	if a, ok := idn.ToASCII(d); ok {
		return a
	}
	return d
}

// ValidDomain reports whether d is one or several labels (RFC 5321
// sub-domain, with "_" as some selectors have it).
func ValidDomain(d string) bool {
	d = asciiDomain(d)
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if l := c | 0x20; (l < 'a' || l > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// Below reports whether sub is domain or below it, ignoring case.
func Below(sub, domain string) bool {
	sub, domain = asciiDomain(sub), asciiDomain(domain)
	if strings.EqualFold(sub, domain) {
		return true
	}
	n := len(sub) - len(domain)
	return n > 1 && sub[n-1] == '.' && strings.EqualFold(sub[n:], domain)
}
