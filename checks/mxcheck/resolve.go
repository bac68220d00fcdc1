package mxcheck

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/resolver"
)

// A lookup is one domain that has no final verdict yet.
type lookup struct {
	Verdict
	hosts  []string // MX hosts that were not asked for yet, the preferred one first
	failed bool     // DNS failed for one of them
	ips    []netip.Addr
}

// resolve finds the addresses of the domains that have no verdict yet, all
// domains side by side: first the MX records, then the hosts in the order of
// preference until one has an address.
func (c *check) resolve(ctx context.Context, dns resolver.Resolver, list []*lookup) {
	var open []*lookup
	var questions []resolver.Question
	for _, l := range list {
		if l.Outcome == unknown {
			open = append(open, l)
			questions = append(questions, resolver.Question{Name: l.Domain, Type: resolver.TypeMX})
		}
	}
	for i, r := range resolver.LookupAll(ctx, dns, questions...) {
		c.mx(open[i], r)
	}
	for {
		open = slices.DeleteFunc(open, func(l *lookup) bool { return l.Outcome != unknown || len(l.hosts) == 0 })
		if len(open) == 0 {
			return
		}
		c.addresses(ctx, dns, open)
	}
}

// mx takes the reply to the question for a domain's MX records.
func (c *check) mx(l *lookup, r resolver.Reply) {
	switch {
	case errors.Is(r.Err, resolver.ErrNoDNS):
		return // DNS is off: there is no verdict
	case resolver.IsTemporary(r.Err):
		l.Outcome = DNSFail
		return
	case r.Err != nil:
		l.Implicit, l.hosts = true, []string{l.Domain}
		return
	}
	records := r.Answer.OfType(resolver.TypeMX)
	if len(records) == 1 && records[0].Preference == 0 && isRoot(records[0].Host) {
		l.Outcome = Null
		return
	}
	slices.SortStableFunc(records, func(a, b resolver.Record) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), strings.Compare(a.Host, b.Host))
	})
	for _, rec := range records {
		host := strings.ToLower(rec.Host)
		// No host's name begins with an underscore; some DNS providers publish
		// such names as placeholders.
		if !isRoot(host) && host[0] != '_' && len(l.hosts) < c.MaxRecords && !slices.Contains(l.hosts, host) {
			l.hosts = append(l.hosts, host)
		}
	}
	if len(l.hosts) == 0 {
		l.Outcome = Broken
		return
	}
	c.judgeNames(l)
}

func isRoot(host string) bool { return host == "" || host == "." }

// judgeNames looks the MX hosts up in the operator's lists.
func (c *check) judgeNames(l *lookup) {
	for _, host := range l.hosts {
		for i, b := range c.badMXs {
			if b.Match(host) {
				l.Outcome, l.Key, l.Factor = Bad, host, c.BadMXs[i].Factor
				return
			}
		}
	}
	for _, host := range l.hosts {
		if c.excludeMXs.Match(host) {
			l.Outcome, l.Key = White, host
			return
		}
	}
}

// addresses asks for the addresses of each lookup's next host.
func (c *check) addresses(ctx context.Context, dns resolver.Resolver, open []*lookup) {
	var types []uint16
	if c.IPv6 {
		types = append(types, resolver.TypeAAAA)
	}
	if !c.NoIPv4 {
		types = append(types, resolver.TypeA)
	}
	if c.PreferIPv4 {
		slices.Reverse(types)
	}
	if len(types) == 0 {
		for _, l := range open {
			l.hosts = nil
		}
		return
	}
	var questions []resolver.Question
	for _, l := range open {
		for _, typ := range types {
			questions = append(questions, resolver.Question{Name: l.hosts[0], Type: typ})
		}
	}
	replies := resolver.LookupAll(ctx, dns, questions...)
	for i, l := range open {
		c.address(l, replies[i*len(types):(i+1)*len(types)])
	}
}

// address takes the replies about a lookup's next host.
func (c *check) address(l *lookup, replies []resolver.Reply) {
	host := l.hosts[0]
	l.hosts = l.hosts[1:]
	failed := false
	families := make([][]netip.Addr, len(replies))
	for i, r := range replies {
		failed = failed || resolver.IsTemporary(r.Err)
		families[i] = r.Answer.IPs()
	}
	if l.ips = c.interleave(families); len(l.ips) > 0 {
		l.Host, l.hosts = host, nil
		c.classify(l)
		return
	}
	l.failed = l.failed || failed
	switch {
	case len(l.hosts) > 0:
	case l.failed:
		l.Outcome = DNSFail
	case l.Implicit:
		l.Outcome = None
	default:
		l.Outcome = Broken
	}
}

// interleave takes addresses of each family in turn, MaxRecords at most.
func (c *check) interleave(families [][]netip.Addr) []netip.Addr {
	var ips []netip.Addr
	for i := 0; len(ips) < c.MaxRecords; i++ {
		took := false
		for _, f := range families {
			if i < len(f) && len(ips) < c.MaxRecords {
				ips, took = append(ips, f[i].Unmap()), true
			}
		}
		if !took {
			break
		}
	}
	return ips
}

// classify keeps the public addresses and looks them up in the operator's
// lists.
func (c *check) classify(l *lookup) {
	var public []netip.Addr
	for _, ip := range l.ips {
		switch {
		case isBogon(ip):
			l.Bogon = append(l.Bogon, ip)
		case isLocal(ip) && !(c.Loopback && ip.IsLoopback()):
			l.Local = append(l.Local, ip)
		default:
			public = append(public, ip)
		}
	}
	l.ips, l.Public = nil, len(public) > 0
	if !l.Public {
		l.Outcome = Unreachable
		return
	}
	for _, ip := range public {
		for _, b := range c.BadIPs {
			if b.Net.Contains(ip) {
				l.Outcome, l.Key, l.Factor = IPBad, ip.String(), b.Factor
				return
			}
		}
	}
	var skipped []string
	for _, ip := range public {
		i := slices.IndexFunc(c.ExcludeIPs, func(p netip.Prefix) bool { return p.Contains(ip) })
		if i < 0 {
			l.ips = append(l.ips, ip)
			continue
		}
		if s := c.ExcludeIPs[i].String(); !slices.Contains(skipped, s) {
			skipped = append(skipped, s)
		}
	}
	switch {
	case len(l.ips) == 0:
		l.Outcome, l.Key = Skip, strings.Join(skipped, ",")
	case c.Dial == nil:
		l.Outcome = Skip
	}
}
