package authres

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
)

// Fact is the fact of the results that a trusted server wrote into the
// message. It is absent where there are none. Checks that find out the same
// take them instead of asking DNS:
//
//	h, ok := authres.Fact.Get(t)
//	for _, r := range h.Of("spf") { … }
var Fact = checks.Fact[Header]{Name: "authres"}

// Options says whose results are believed.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Trusted are the authserv-ids of the servers whose headers count, in any
	// case. Without any, no header counts and there is no check.
	Trusted []string
	// Clients are the networks from which messages come that may carry such a
	// header. None means the host's own networks. A server that adds the
	// header itself and removes forged ones before the scan (RFC 8601 section
	// 5) sets 0.0.0.0/0 and ::/0.
	Clients []netip.Prefix
	// Fetched are the authserv-ids of providers from whose mailboxes mail is fetched
	// (relay.Fetched), in any case. Of fetched mail their fields count that stand
	// above the Received field with which the provider took the message, for whoever
	// sent it could have written what is below; so the results of a provider that
	// writes them below its Received field are not taken. Without any, none counts.
	Fetched []string `json:",omitempty"`
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("authres")
	v.Words("Trusted", o.Trusted)
	v.Words("Fetched", o.Fetched)
	v.Networks("Clients", o.Clients)
	v.If(len(o.Clients) > 0 && len(o.Trusted) == 0, "Trusted", "missing: without it Clients mean nothing")
	return v.Err()
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "authres", Doc: "results of trusted servers in Authentication-Results", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil || len(o.Trusted)+len(o.Fetched) == 0 {
		return f
	}
	c := &checks.Check{
		Name:     "authres",
		Doc:      "takes the results of trusted servers from Authentication-Results",
		Provides: []checks.AnyFact{Fact},
		Always:   true,
		Run: func(_ context.Context, t *checks.Task) error {
			h, ok := o.read(t)
			if older, fetched := o.readFetched(t); fetched {
				h, ok = h.add(older), true
			}
			if ok {
				Fact.Set(t, h)
			}
			return nil
		},
	}
	if len(o.Fetched) > 0 {
		c.Requires = checks.Facts(relay.Fact)
	}
	f.Checks = []*checks.Check{c}
	return f
}

// readFetched joins the fields of the provider from whose mailbox the message was
// fetched: of each authserv-id the newest above the field that the provider's border
// wrote.
func (o Options) readFetched(t *checks.Task) (h Header, found bool) {
	if len(o.Fetched) == 0 {
		return Header{}, false
	}
	c, _ := relay.Fact.Get(t)
	if !c.Fetched {
		return Header{}, false
	}
	seen, hop := map[string]bool{}, 0
	for _, f := range t.Message().Header().Fields() {
		if strings.EqualFold(f.Name(), "Received") {
			hop++
		}
		if hop >= c.Taken {
			break
		}
		if !strings.EqualFold(f.Name(), "Authentication-Results") {
			continue
		}
		one, _ := Parse(f.Value())
		if id := mail.DomainKey(one.ServID); id != "" && !seen[id] && named(o.Fetched, id) {
			seen[id], found = true, true
			h = h.add(one)
		}
	}
	return h, found
}

// read joins the trusted fields. A field counts if no Received field of
// another server stands above it, for below that one anybody may have written
// it; and of each server's fields only the newest. Where two servers have
// results of one method the newer field wins.
func (o Options) read(t *checks.Task) (h Header, found bool) {
	if !o.believes(t) {
		return Header{}, false
	}
	seen, hop := map[string]bool{}, 0
	for _, f := range t.Message().Header().Fields() {
		switch {
		case strings.EqualFold(f.Name(), "Received"):
			if hops := t.Message().Received(); hop >= len(hops) || !o.ours(t, hops[hop].By) {
				return h, found
			}
			hop++
		case strings.EqualFold(f.Name(), "Authentication-Results"):
			one, _ := Parse(f.Value())
			if id := mail.DomainKey(one.ServID); o.trusts(id) && !seen[id] {
				seen[id], found = true, true
				h = h.add(one)
			}
		}
	}
	return h, found
}

// add appends the results of methods that h has none of.
func (h Header) add(older Header) Header {
	if h.ServID == "" {
		return older
	}
	n := len(h.Results)
	for _, r := range older.Results {
		if !slices.ContainsFunc(h.Results[:n], func(x Result) bool { return x.Method == r.Method }) {
			h.Results = append(h.Results, r)
		}
	}
	return h
}

// believes reports whether the client may hand in such headers.
func (o Options) believes(t *checks.Task) bool {
	if len(o.Clients) == 0 {
		return t.Local()
	}
	ip, _ := t.Message().Client()
	return ip.IsValid() && slices.ContainsFunc(o.Clients, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

func (o Options) trusts(id string) bool { return named(o.Trusted, id) }

func named(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(s string) bool { return mail.DomainKey(s) == id })
}

// ours reports whether a server is trusted, or is the receiving one itself.
func (o Options) ours(t *checks.Task, by string) bool {
	by = mail.DomainKey(by)
	return by != "" && (o.trusts(by) || by == mail.DomainKey(t.Envelope().MTAName))
}
