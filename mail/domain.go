package mail

import (
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
)

// DomainKey returns a domain in the one form in which domains are compared:
// A-labels (RFC 5890 section 2.3.2.1) in lower case without the final dot, and
// compatibility characters and other full stops as the ASCII ones that they
// stand for (UTS 46). What IDNA has no form for is only put in lower case.
// Every comparison of domains and every list of them goes by it.
func DomainKey(domain string) string { return idn.Key(domain) }

// AddressKey returns "user@domain" with the domain as DomainKey and the local
// part as it is: the form for tables of recipients. Only the owner of a domain
// knows which local parts are one mailbox (RFC 5321 section 2.4).
func AddressKey(addr string) string { return idn.Address(addr) }

// DomainKey returns the domain in the form of the function DomainKey; "" if
// there is none.
func (a *Address) DomainKey() string { return idn.Key(a.Domain) }

// Key returns Addr as rules compare it: the domain as DomainKey, and the local
// part in lower case too, for hardly any server tells them apart.
func (a *Address) Key() string { return strings.ToLower(idn.Address(a.Addr)) }

// NameIsAddr reports whether the display name is the address again.
func (a *Address) NameIsAddr() bool {
	return strings.EqualFold(a.Name, a.Addr) ||
		strings.IndexByte(a.Name, '@') >= 0 && strings.ToLower(idn.Address(a.Name)) == a.Key()
}

// SameDomain reports whether two addresses have one domain.
func (a *Address) SameDomain(b *Address) bool { return idn.Same(a.Domain, b.Domain) }

// Same reports whether the keys of two addresses are equal.
func (a *Address) Same(b *Address) bool { return a.Addr == b.Addr || a.Key() == b.Key() }
