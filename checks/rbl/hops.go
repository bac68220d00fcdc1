package rbl

import (
	"net/netip"
	"slices"

	"github.com/winnowmail/winnow/resolver"
)

// A hop is one Received header: what its server saw of the client.
type hop struct {
	ip       netip.Addr
	text     string
	key      string
	tls, who bool
}

// received adds the addresses of Received headers.
func (s *subject) received(l *list, add func(item)) {
	s.readHops()
	n, asked := len(s.hops), 0
	for i, h := range s.hops {
		if !h.ip.IsValid() || !l.takes(h.ip) || l.ExcludeLocal && s.t.IsLocal(h.ip) || !l.Hops.has(h, i+1, n) {
			continue
		}
		if h.ip == s.client.IP && l.asks[From] {
			continue
		}
		if asked++; asked > l.limit {
			return
		}
		add(item{Received, h.text, h.key})
	}
}

func (s *subject) readHops() {
	if s.seen {
		return
	}
	s.seen = true
	for _, r := range s.t.Message().Hops() {
		if r.Artificial {
			continue
		}
		h := hop{ip: r.Addr().Unmap(), tls: r.TLS, who: r.Authenticated}
		if h.ip.IsValid() {
			h.text, h.key = h.ip.String(), resolver.ReverseLabels(h.ip)
		}
		s.hops = append(s.hops, h)
	}
}

// has reports whether the hop at a position (1 is the newest) of n counts.
func (o Hops) has(h hop, pos, n int) bool {
	from, to := o.Min, o.Max
	if from < 0 {
		from += n + 1
	}
	if to < 0 {
		to += n + 1
	}
	if pos < from || o.Max != 0 && pos > to {
		return false
	}
	return !slices.ContainsFunc(o.With, func(f string) bool { return !h.is(f) }) && !slices.ContainsFunc(o.Without, h.is)
}

// is reports whether a fact of Hops.With holds for the hop.
func (h hop) is(fact string) bool { return fact == "ssl" && h.tls || fact == "authenticated" && h.who }
