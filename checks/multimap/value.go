package multimap

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A value is something of a message that is looked up.
type value struct {
	texts []string
	ip    netip.Addr // looked up instead, if valid
	// silent leaves the value out of the options of a hit.
	silent   bool
	evidence []symbols.Evidence
}

// options are those of a hit: what was looked up, all of it.
func (v *value) options() []string {
	switch {
	case v.silent:
		return nil
	case v.ip.IsValid():
		return []string{v.ip.String()}
	}
	return v.texts
}

// address makes a value of an address, none if that is unknown.
func address(ip netip.Addr) []value {
	if !ip.IsValid() {
		return nil
	}
	return []value{{ip: ip.Unmap()}}
}

// text makes a value of a text that is there.
func text(s string) []value {
	if s == "" {
		return nil
	}
	return []value{{texts: []string{s}}}
}

// host makes a value of a host name.
func (r *rule) host(name string) []value {
	if name = strings.TrimSuffix(name, "."); name == "" {
		return nil
	}
	return []value{{texts: r.filter.host(name)}}
}

// values returns what the rule looks up of a message. It depends on nothing but
// the message, facts, and what place returns.
func (r *rule) values(t *checks.Task) []value {
	switch r.Type {
	case IP, DNSBL:
		return address(relay.Of(t).IP)
	case Helo:
		return r.host(relay.Of(t).Helo)
	case Hostname:
		return r.host(rdns.Name(t))
	case User:
		return text(t.Envelope().User)
	case From:
		return r.senders(t)
	case Rcpt:
		return r.recipients(t)
	case Header:
		return r.headers(t)
	case URL:
		return r.urls(t)
	case Filename:
		return r.files(t)
	case Content:
		return r.content(t)
	case Received:
		return r.hops(t)
	case SymbolOptions:
		return r.options(t)
	case Selector:
		return r.selected(t)
	}
	return r.network(t)
}

// network returns what is known of the client's network.
func (r *rule) network(t *checks.Task) []value {
	n, ok := asn.Fact.Get(t)
	if !ok {
		return nil
	}
	s := ""
	switch {
	case r.Type == Country || r.Variable == "country":
		s = n.Country
	case r.Type == ASN || r.Variable == "asn":
		if n.ASN != 0 {
			s = strconv.FormatUint(uint64(n.ASN), 10)
		}
	case n.Net.IsValid():
		s = n.Net.String()
	}
	if s == "" {
		return nil
	}
	return []value{{texts: r.filter.plain(s)}}
}

// senders returns the addresses of the sender.
func (r *rule) senders(t *checks.Task) []value {
	smtp, mime := aliases.EnvelopeFrom(t), aliases.From(t)
	return r.people(slices.DeleteFunc([]mail.Address{smtp}, empty), mime)
}

// recipients returns the addresses of recipients.
func (r *rule) recipients(t *checks.Task) []value {
	return r.people(aliases.EnvelopeRcpts(t), aliases.Recipients(t))
}

func empty(a mail.Address) bool { return a.Addr == "" }

// people returns the values of those addresses that count.
func (r *rule) people(smtp, mime []mail.Address) []value {
	switch r.ExtractFrom {
	case "smtp":
		return r.addresses(smtp)
	case "mime":
		return r.addresses(mime)
	case "both":
		return append(r.addresses(smtp), r.addresses(mime)...)
	}
	if slices.ContainsFunc(smtp, func(a mail.Address) bool { return !empty(a) }) {
		return r.addresses(smtp)
	}
	return r.addresses(mime)
}

// addresses returns whole addresses, and without a filter domains and user
// names behind them.
func (r *rule) addresses(list []mail.Address) (all []value) {
	add := func(texts ...string) {
		if texts[0] != "" {
			all = append(all, value{texts: texts})
		}
	}
	for i := range list {
		switch a := &list[i]; {
		case a.Addr == "":
		case r.filter.re == nil && strings.HasPrefix(r.filter.name, "email"):
			add(r.filter.address(a)...)
		default:
			add(r.filter.addresses(a.Addr)...)
		}
	}
	if r.filter.name != "" {
		return all
	}
	for i := range list {
		add(list[i].Domain)
	}
	for i := range list {
		add(list[i].User)
	}
	return all
}

// headers returns the texts of header fields.
func (r *rule) headers(t *checks.Task) (all []value) {
	for _, name := range r.Headers {
		for _, f := range t.Message().Header().All(name) {
			s := f.Text()
			if strings.HasPrefix(r.filter.name, "email") {
				s = f.Value() // words that hide a comma are no addresses
			}
			v := value{texts: r.filter.addresses(s), evidence: checks.Field(f)}
			if r.filter.name == "ip_addr" {
				if v.ip, _ = netip.ParseAddr(strings.Trim(s, "[] \t")); !v.ip.IsValid() {
					continue
				}
			}
			all = append(all, v)
		}
	}
	return all
}
