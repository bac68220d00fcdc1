package spf

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
)

// identify splits the sender, or makes one of the HELO name.
func (e *evaluation) identify() {
	e.local, e.domain = "postmaster", e.Helo
	if e.MailFrom != "" {
		e.domain = e.MailFrom
		if i := strings.LastIndexByte(e.MailFrom, '@'); i >= 0 {
			e.domain = e.MailFrom[i+1:]
			if i > 0 {
				e.local = e.MailFrom[:i]
			}
		}
	}
	e.sender = e.local + "@" + e.domain
}

// unusable tells why there is nothing to evaluate (RFC 7208 section 4.3).
func (e *evaluation) unusable() string {
	ascii, ok := toASCII(e.domain)
	switch {
	case !e.IP.IsValid():
		return "the client's address is not known"
	case e.domain == "":
		return "there is no domain to evaluate"
	case !ok, !e.Tolerant && !e.OneLabel && !strings.Contains(strings.TrimSuffix(ascii, "."), "."):
		return fmt.Sprintf("%q is no domain name", clip(e.domain))
	}
	return ""
}

// toASCII gives a domain the form in which DNS knows it and tells whether it
// can be one. A backslash would be an escape to a Resolver: what a client says
// can't ask for other names that way.
func toASCII(domain string) (string, bool) {
	domain, ok := idn.ToASCII(domain)
	return domain, ok && validName(domain) && strings.IndexByte(domain, '\\') < 0
}

// validName reports whether labels and name have lengths that DNS allows.
func validName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 || name[0] == '[' {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return true
}
