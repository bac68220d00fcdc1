package resolver

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// FromNet makes a Resolver of the standard library's, nil meaning its default.
// It suits programs that resolve names like the rest of the system. Package
// resolver/dnsclient asks fewer questions, keeps answers and tells more;
// FromNet has these limits:
//
//   - TTL is 0 and Authentic false, since net.Resolver does not tell them.
//   - A name that does not exist and one without such a record are both
//     KindNoData. So are a CNAME loop and a chain that is too long.
//   - The types are A, AAAA, CNAME (which may tell the end of the chain), MX,
//     NS, PTR of whole addresses, and TXT, whose strings come joined. Other
//     types, and names that net.Resolver asks nobody about (a space or a
//     backslash in them, all digits), are KindUnsupported.
//   - /etc/hosts counts where the system is set up so.
func FromNet(r *net.Resolver) Resolver { return &netResolver{r} }

type netResolver struct{ net *net.Resolver }

func (n *netResolver) Lookup(ctx context.Context, name string, qtype uint16) (Answer, error) {
	q := Question{Canonical(name), qtype}
	if !askable(q.Name) {
		return Answer{}, &Error{Name: q.Name, Type: qtype, Kind: KindUnsupported}
	}
	records, err := n.records(ctx, q)
	if len(records) == 0 {
		if err == nil { // all that there was is not of this type
			err = &Error{Kind: KindNoData}
		}
		return Answer{}, ErrorOf(q, err)
	}
	// If there are records, the error is about others that could not be read.
	for i := range records {
		records[i].Name, records[i].Type = q.Name, qtype
	}
	return Answer{Records: records}, nil
}

// records asks with a final dot: no search domain is tried, and what looks like
// an address is a name.
func (n *netResolver) records(ctx context.Context, q Question) ([]Record, error) {
	name := q.Name + "."
	switch q.Type {
	case TypeA:
		return n.addresses(ctx, "ip4", name)
	case TypeAAAA:
		return n.addresses(ctx, "ip6", name)
	case TypeCNAME:
		return n.cname(ctx, name)
	case TypeMX:
		return n.mx(ctx, name)
	case TypeNS:
		return n.ns(ctx, name)
	case TypePTR:
		return n.ptr(ctx, q.Name)
	case TypeTXT:
		return n.txt(ctx, name)
	}
	return nil, &Error{Kind: KindUnsupported}
}

func (n *netResolver) addresses(ctx context.Context, network, name string) (records []Record, err error) {
	ips, err := n.net.LookupNetIP(ctx, network, name)
	for _, ip := range ips {
		if network == "ip4" {
			ip = ip.Unmap()
		}
		records = append(records, Record{IP: ip.WithZone("")})
	}
	return records, err
}

func (n *netResolver) cname(ctx context.Context, name string) ([]Record, error) {
	host, err := n.net.LookupCNAME(ctx, name)
	if err != nil || Canonical(host) == Canonical(name) {
		return nil, err
	}
	return []Record{{Host: Canonical(host)}}, nil
}

func (n *netResolver) mx(ctx context.Context, name string) (records []Record, err error) {
	list, err := n.net.LookupMX(ctx, name)
	for _, mx := range list {
		records = append(records, Record{Host: Canonical(mx.Host), Preference: mx.Pref})
	}
	return records, err
}

func (n *netResolver) ns(ctx context.Context, name string) (records []Record, err error) {
	list, err := n.net.LookupNS(ctx, name)
	for _, ns := range list {
		records = append(records, Record{Host: Canonical(ns.Host)})
	}
	return records, err
}

func (n *netResolver) ptr(ctx context.Context, name string) (records []Record, err error) {
	ip, ok := addressOf(name)
	if !ok {
		return nil, &Error{Kind: KindUnsupported}
	}
	hosts, err := n.net.LookupAddr(ctx, ip.String())
	for _, host := range hosts {
		records = append(records, Record{Host: Canonical(host)})
	}
	return records, err
}

// txt cuts a text as a record's strings are: 255 bytes at most.
func (n *netResolver) txt(ctx context.Context, name string) (records []Record, err error) {
	const longest = 255
	texts, err := n.net.LookupTXT(ctx, name)
	for _, s := range texts {
		var r Record
		for ; len(s) > longest; s = s[longest:] {
			r.Strings = append(r.Strings, s[:longest])
		}
		r.Strings = append(r.Strings, s)
		records = append(records, r)
	}
	return records, err
}

// addressOf is the inverse of Reverse.
func addressOf(name string) (netip.Addr, bool) {
	var text strings.Builder
	if octets, ok := strings.CutSuffix(name, ".in-addr.arpa"); ok {
		parts := strings.Split(octets, ".")
		for i := len(parts) - 1; i >= 0; i-- {
			text.WriteString(parts[i])
			if i > 0 {
				text.WriteByte('.')
			}
		}
	} else if nibbles, ok := strings.CutSuffix(name, ".ip6.arpa"); ok {
		for i := len(nibbles) - 1; i >= 0; i -= 2 {
			text.WriteByte(nibbles[i])
			if i%8 == 0 && i > 0 {
				text.WriteByte(':')
			}
		}
	}
	ip, err := netip.ParseAddr(text.String())
	return ip, err == nil && Reverse(ip) == name
}

// askable reports whether net.Resolver would ask about a name. It says of the
// others that they do not exist, without having asked a server.
func askable(name string) bool {
	const longest, longestLabel = 253, 63
	named := false
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > longestLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			switch c := label[i]; {
			case 'a' <= c && c <= 'z', c == '-', c == '_':
				named = true
			case c < '0' || c > '9':
				return false
			}
		}
	}
	return named && len(name) <= longest
}
