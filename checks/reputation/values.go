package reputation

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
)

// A value is something of a message that has a reputation.
type value struct {
	part   string // what it is, of a rule of IP
	prefix string // of its key
	text   string
	ip     netip.Addr // if it is an address
	count  int        // how often a link's domain is there
	// factor is how much its reputation counts; 0: it is only kept.
	factor float64
}

// maxValues is how many values of one rule count.
const maxValues = 32

// applies reports whether the rule counts for the message at all.
func (r *rule) applies(t *checks.Task) bool {
	outbound := t.Authenticated() || relay.Of(t).Local
	if outbound && !*r.Outbound || !outbound && !*r.Inbound {
		return false
	}
	if len(r.trustedNets) > 0 {
		return !within(r.trustedNets, relay.Of(t).IP.Unmap())
	}
	if len(r.trusted) == 0 {
		return true
	}
	switch r.Kind {
	case DKIM:
		return !slices.ContainsFunc(signatures(t), func(v value) bool { return r.trusted[domainOf(v.text)] })
	case URL:
		return !slices.ContainsFunc(links(t), func(v value) bool { return r.trusted[v.text] })
	}
	res, _ := spf.Fact.Get(t)
	return !r.trusted[mail.DomainKey(res.Domain)] && !r.trusted[domainOfSender(t)]
}

func within(nets []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// values are those of the message that have a reputation, without those that the
// rule excludes.
func (r *rule) values(t *checks.Task) []value {
	if !r.applies(t) {
		return nil
	}
	var all []value
	switch r.Kind {
	case IP:
		return r.client(t)
	case DKIM:
		all = signatures(t)
	case SPF:
		if res, _ := spf.Fact.Get(t); res.Record != "" && t.Has(spf.Allow) {
			all = []value{{text: zbase32.Digest(res.Record)[:32], factor: 1}}
		}
	case URL:
		all = links(t)
	case ASN:
		if a, _ := asn.Fact.Get(t); a.ASN != 0 {
			all = []value{{prefix: r.ASNPrefix, text: strconv.FormatUint(uint64(a.ASN), 10), factor: 1}}
		}
	case From:
		all = one("f:", domainOfSender(t))
	case RDNS:
		all = one("r:", publicsuffix.ESLDOrSelf(mail.DomainKey(rdns.Name(t))))
	case Helo:
		all = one("h:", mail.DomainKey(relay.Of(t).Helo))
	default:
		for _, text := range r.select_.Eval(t) {
			all = append(all, one("", text)...)
		}
	}
	all = slices.DeleteFunc(all, func(v value) bool { return r.excludes(v) })
	if r.Kind == URL {
		slices.SortStableFunc(all, func(a, b value) int { return cmp.Compare(b.count, a.count) })
		all = all[:min(len(all), r.MaxURLs)]
	}
	return all[:min(len(all), maxValues)]
}

func one(prefix, text string) []value {
	if text == "" {
		return nil
	}
	return []value{{prefix: prefix, text: text, factor: 1}}
}

// excludes reports whether a value has no reputation.
func (r *rule) excludes(v value) bool {
	if r.Kind == DKIM {
		v.text = domainOf(v.text)
	}
	return r.excluded[strings.ToLower(v.text)]
}

func domainOfSender(t *checks.Task) string {
	return mail.DomainKey(t.Message().EnvelopeFrom().Domain)
}

// client are the values of a rule of IP: network, country, address.
func (r *rule) client(t *checks.Task) []value {
	ip := relay.Of(t).IP.Unmap().WithZone("")
	if !ip.IsValid() {
		return nil
	}
	bits := r.IPv6Bits
	if ip.Is4() {
		bits = r.IPv4Bits
	}
	net, err := ip.Prefix(bits)
	if err != nil || within(r.excludeNets, net.Addr()) {
		return nil
	}
	var all []value
	a, _ := asn.Fact.Get(t)
	number := strconv.FormatUint(uint64(a.ASN), 10)
	if r.exempt[strings.ToLower(a.Country)] && a.Country != "" || a.ASN != 0 && r.exempt[number] {
		return nil
	}
	if a.ASN != 0 {
		all = append(all, value{part: "asn", prefix: r.ASNPrefix, text: number, factor: *r.Scores.ASN})
	}
	if a.Country != "" {
		all = append(all, value{part: "country", prefix: r.CountryPrefix, text: a.Country, factor: *r.Scores.Country})
	}
	return append(all, value{part: "ip", prefix: r.IPPrefix, text: net.Addr().String(), ip: net.Addr(), factor: *r.Scores.IP})
}

// signatures are the registered domains of the signatures, each with the outcome of
// the last one behind it: a is good, r bad, u any other. Only good ones count.
func signatures(t *checks.Task) []value {
	var all []value
	for _, h := range t.Raised(dkim.Trace) {
		for _, o := range h.Options {
			domain, result, ok := strings.Cut(o, ":")
			if !ok || domain == "" || result == "" {
				continue
			}
			domain = publicsuffix.ESLDOrSelf(mail.DomainKey(domain))
			v := value{text: domain + ".u"}
			switch result[0] {
			case '+':
				v = value{text: domain + ".a", factor: 1}
			case '-':
				v.text = domain + ".r"
			}
			i := slices.IndexFunc(all, func(other value) bool { return domainOf(other.text) == domain })
			if i < 0 {
				all = append(all, v)
			} else {
				all[i] = v
			}
		}
	}
	return all
}

// domainOf is the domain of a value of signatures.
func domainOf(text string) string { return text[:max(0, len(text)-2)] }

// links are the registered domains of links and addresses in the text.
func links(t *checks.Task) []value {
	var all []value
	at := map[string]int{}
	for _, list := range [][]*mail.URL{t.Message().URLs(), t.Message().Emails()} {
		for _, u := range list {
			if u.TLD == "" || u.Flags&(mail.URLHTMLDisplayed|mail.URLImage) != 0 {
				continue
			}
			i, ok := at[u.TLD]
			if !ok {
				i = len(all)
				at[u.TLD] = i
				all = append(all, value{text: u.TLD, factor: 1})
			}
			all[i].count++
		}
	}
	return all
}
