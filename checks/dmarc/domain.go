package dmarc

import (
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/internal/publicsuffix"
)

// A Discovery is a way to find the organizational domain of a name, and with
// it the policy of names without a record of their own.
type Discovery uint8

// The ways. PublicSuffix is the zero value.
const (
	// PublicSuffix takes the registrable domain by the public suffix list
	// (RFC 7489 section 3.2), and applies and refuses records as Rspamd 4.1.6
	// does: several records, or a record with a wrong p=, sp=, adkim= or
	// aspf=, are a permanent error.
	PublicSuffix Discovery = iota
	// TreeWalk asks for the records of the names above, at most eight (RFC 9989
	// section 4.10), and applies records as that RFC says: pct= is ignored,
	// wrong tags in a record are passed over, and several records count as
	// none.
	TreeWalk
)

// maxName is the longest domain name, without the final dot (RFC 1035
// section 2.3.4).
const maxName = 253

// normal brings a domain or an address into the form in which domains are
// compared and asked for: lower case, A-labels (RFC 5890 section 2.3.2.1), no
// dots around it. It is "" for what is no such name.
func normal(domain string) string {
	domain = domain[strings.LastIndexByte(domain, '@')+1:]
	domain, ok := idn.ToASCII(domain)
	if domain = strings.Trim(domain, "."); !ok || domain == "" {
		return ""
	}
	for i := range len(domain) {
		c := domain[i]
		if c <= ' ' || c == 0x7f || strings.IndexByte(`\"()<>@,;:`, c) >= 0 {
			return ""
		}
	}
	domain = strings.ToLower(domain)
	if len(domain) > maxName-len("_dmarc.") {
		return ""
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return ""
		}
	}
	return domain
}

// organization returns the registrable domain by the public suffix list, the
// name itself where there is none.
func organization(domain string) string {
	return publicsuffix.ESLDOrSelf(domain)
}

// Aligned reports whether two domains are the same, or, unless strict, of the
// same organization by the public suffix list (RFC 7489 section 3.1).
func Aligned(a, b string, strict bool) bool {
	a, b = normal(a), normal(b)
	if a == "" || b == "" {
		return false
	}
	return a == b || !strict && organization(a) == organization(b)
}
