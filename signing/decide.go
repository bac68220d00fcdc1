package signing

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
)

// Decide says which signatures a message gets, or why none. It looks at the
// message, the client and the rules and nothing else.
func (r *Rules) Decide(m *mail.Message, c Client) Decision {
	if r.Condition != nil {
		d := r.Condition(m, c)
		if len(d.Sign) == 0 && d.Reason == "" {
			d.Reason = "the condition of the rules says no"
		}
		return d
	}
	w := r.way(c)
	if w == closed {
		return no("the client%s is %s", text(" ", c.IP), r.notSigned())
	}
	s := sendersOf(m, c)
	if s.envelope == "" && !r.EmptyEnvelope {
		return no("it has the null sender")
	}
	if s.several && !r.SeveralFrom {
		return no("it has several From addresses")
	}
	if r.SigningTable != nil && r.KeyTable != nil {
		return r.byTables(w, c, s)
	}
	domain, reason := r.domain(w, c, s)
	if reason != "" {
		return Decision{Reason: reason}
	}
	return r.keysOf(domain, s)
}

func no(format string, args ...any) Decision { return Decision{Reason: fmt.Sprintf(format, args...)} }

func text(before string, ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return before + ip.Unmap().String()
}

// A way is what makes a message eligible.
type way uint8

const (
	closed way = iota
	byUser
	byNetwork
	byLocal
	byInbound
)

func (r *Rules) way(c Client) way {
	ip := c.IP.Unmap()
	switch {
	case r.Authenticated && c.User != "":
		return byUser
	case slices.ContainsFunc(r.Networks, func(p netip.Prefix) bool { return p.Contains(ip) }):
		return byNetwork
	case r.Local && c.Local:
		return byLocal
	case r.Inbound && !c.Local && c.User == "":
		return byInbound
	}
	return closed
}

// notSigned says what a client is whose mail no rule signs.
func (r *Rules) notSigned() string {
	var list []string
	for _, p := range []struct {
		on   bool
		what string
	}{
		{r.Authenticated, "authenticated"}, {r.Local, "local"},
		{len(r.Networks) > 0, "in a signing network"}, {r.Inbound, "a stranger"},
	} {
		if p.on {
			list = append(list, p.what)
		}
	}
	switch len(list) {
	case 0:
		return "not of a kind whose mail is signed"
	case 1:
		return "not " + list[0]
	}
	return "neither " + strings.Join(list, " nor ")
}

// The senders of a message: domains as mail.DomainKey, "" where there is none.
type senders struct {
	from, header      string // address and domain of the From header
	envelope, edomain string // address and domain of the envelope sender
	user, rcpt        string
	several           bool // From addresses
}

func sendersOf(m *mail.Message, c Client) senders {
	var s senders
	from := m.From()
	if len(from) > 0 {
		s.from, s.header = from[0].Addr, from[0].DomainKey()
	}
	s.several = len(from) > 1
	e := m.EnvelopeFrom()
	s.envelope, s.edomain = e.Addr, e.DomainKey()
	if i := strings.LastIndexByte(c.User, '@'); i >= 0 {
		s.user = mail.DomainKey(c.User[i+1:])
	}
	if rcpts := m.EnvelopeRcpts(); len(rcpts) > 0 {
		s.rcpt = rcpts[0].DomainKey()
	}
	return s
}

// domain returns the signature's domain, after the senders were compared.
func (r *Rules) domain(w way, c Client, s senders) (domain, reason string) {
	src := r.source(w, c)
	switch src {
	case FromHeader:
		domain, reason = s.header, "the From header has no domain"
	case FromEnvelope:
		domain, reason = s.edomain, "the envelope sender has no domain"
	case FromUser:
		domain, reason = s.user, "the user's name has no domain"
	case FromRecipient:
		domain, reason = s.rcpt, "no envelope recipient with a domain is known"
	default:
		domain = mail.DomainKey(string(src))
	}
	if domain == "" {
		return "", reason
	}
	domain, header, envelope, user := r.esld(domain), r.esld(s.header), r.esld(s.edomain), r.esld(s.user)
	if header != envelope && header != "" && envelope != "" && !r.mayDiffer(w, c) {
		return "", fmt.Sprintf("the From header's domain %q is another than the envelope sender's, %q", clean(header), clean(envelope))
	}
	if c.User != "" && !r.UserMismatch {
		switch user {
		case "":
			return "", fmt.Sprintf("the user's name %q has no domain that could be compared with %q", clean(c.User), clean(domain))
		case domain:
		default:
			return "", fmt.Sprintf("the user's domain %q is another than the signature's, %q", clean(user), clean(domain))
		}
	}
	if !isDomain(domain) {
		return "", fmt.Sprintf("%q is no domain that could be signed for", clean(domain))
	}
	return domain, ""
}

func (r *Rules) source(w way, c Client) Source {
	switch {
	case r.NetworksDomain != "" && w == byNetwork:
		return r.NetworksDomain
	case r.LocalDomain != "" && c.Local:
		return r.LocalDomain
	case r.InboundDomain != "" && !c.Local && c.User == "":
		return r.InboundDomain
	}
	return cmp.Or(r.Domain, FromHeader)
}

func (r *Rules) mayDiffer(w way, c Client) bool {
	return r.Mismatch || r.MismatchLocal && c.Local || r.MismatchNetworks && w == byNetwork
}

func (r *Rules) esld(domain string) string {
	if !r.ESLD {
		return domain
	}
	return publicsuffix.ESLDOrSelf(domain)
}

// keysOf returns the identities of a domain.
func (r *Rules) keysOf(domain string, s senders) Decision {
	ids := make([]Identity, 0, 2)
	for _, sel := range r.Domains[domain] {
		ids = append(ids, Identity{Selector: sel.Selector, Path: sel.Path})
	}
	selector, path := r.Selectors[domain], r.Paths[domain]
	if len(ids) == 0 {
		if selector == "" && path == "" && !r.Fallback {
			return no("there is no key for %q%s", domain, r.reduced(domain, s))
		}
		ids = append(ids, Identity{})
	}
	for i := range ids {
		id := &ids[i]
		id.Domain = domain
		id.Selector = cmp.Or(id.Selector, selector, r.Selector)
		if id.Path = cmp.Or(id.Path, path); id.Path == "" && r.Keys == nil {
			id.Path = r.Path
		}
		if id.Path = id.fill(id.Path); id.Path == "" && r.Keys == nil {
			return no("there is no key for %q%s", domain, r.reduced(domain, s))
		}
		if id.Selector == "" {
			return no("no selector is set for %q", domain)
		}
	}
	return Decision{Sign: ids}
}

// reduced names the domain that was reduced to this one, whose keys may be
// listed under the longer name.
func (r *Rules) reduced(domain string, s senders) string {
	for _, d := range []string{s.header, s.edomain} {
		if r.ESLD && d != domain && strings.HasSuffix(d, "."+domain) {
			return fmt.Sprintf(", to which %q was reduced", clean(d))
		}
	}
	return ""
}

// fill puts domain and selector into a path template.
func (id *Identity) fill(path string) string {
	if !strings.Contains(path, "$") {
		return path
	}
	return strings.NewReplacer("${domain}", id.Domain, "${selector}", id.Selector, "$domain", id.Domain, "$selector", id.Selector).Replace(path)
}

// Identities returns the identities that the rules name outright, by domain, so
// that their key files can be examined before there is mail.
func (r *Rules) Identities() []Identity {
	var ids []Identity
	domains := slices.Sorted(maps.Keys(r.Domains))
	for _, m := range []map[string]string{r.Selectors, r.Paths} {
		for _, d := range slices.Sorted(maps.Keys(m)) {
			if !slices.Contains(domains, d) {
				domains = append(domains, d)
			}
		}
	}
	for _, domain := range domains {
		ids = append(ids, r.keysOf(domain, senders{}).Sign...)
	}
	if r.KeyTable != nil {
		ids = append(ids, r.KeyTable.identities(r.Selector)...)
	}
	return ids
}

// maxDomain is the longest domain name (RFC 1035 section 2.3.4).
const maxDomain = 253

// isDomain reports whether s is a domain in the form of the DNS. No domain has
// a slash or an empty label, so that it can't lead a path elsewhere.
func isDomain(s string) bool {
	if s == "" || len(s) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// clean makes what a message says fit for a sentence.
func clean(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
