package relay

import (
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// findFetched returns the hop at which a mailbox's provider took a message that
// was fetched from there (by fetchmail, getmail and the like) and handed in by a
// local client or a user: the first one by a server of the provider, in a domain
// of Names, from outside. Nothing but hops within the own networks, and the one
// that the fetching program writes, may be above the provider's.
//
// The name in HELO makes no client a server of the provider's, as anybody can say
// it and then forge what is below: reverse DNS that the server did not doubt, and
// Networks, do.
func (r *rule) findFetched(t *checks.Task, c Client) *mail.Received {
	if !c.Local && !t.Authenticated() {
		return nil
	}
	inside := false
	hops := t.Message().Hops()
	for i := range hops {
		h := &hops[i]
		switch {
		case h.Artificial, handedOver(h):
		case r.below(h.By):
			inside = true
			if h.Seen.IP.IsValid() && !r.providers(h) {
				return h
			}
		case inside:
			return nil
		case !fetching(h) && h.Seen.IP.IsValid() && !t.IsLocal(h.Seen.IP.Unmap()):
			return nil
		}
	}
	return nil
}

// providers reports whether the client of a hop is the provider's too.
func (r *rule) providers(h *mail.Received) bool {
	ip := h.Seen.IP.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || r.contains(ip) || !h.Seen.Unverified && r.below(h.Seen.Name)
}

// below reports whether a host is one of Names or below one.
func (r *rule) below(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	for name := mail.DomainKey(host); name != ""; {
		if r.names[name] {
			return true
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return false
}

// fetching reports whether a hop is what a fetching program writes: by POP or
// IMAP nothing is sent.
func fetching(h *mail.Received) bool {
	return strings.HasPrefix(h.With, "POP") || strings.HasPrefix(h.With, "IMAP") || h.With == "APOP" || h.With == "ODMR"
}
