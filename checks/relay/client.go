// Package relay finds the client of a message that came through a relay of the
// host's own: the client is the one that delivered to that relay. Its check
// finds that client in a Received header, by the rules that the operator gives;
// all checks that judge the client ask Of.
package relay

import (
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// A Client is the SMTP client that the checks judge.
type Client struct {
	IP   netip.Addr // zero: unknown
	Name string     // by reverse DNS, as the server that took the message knew it; "": unknown
	Helo string
	// Local tells that the client is in the host's own networks.
	Local bool
	// Fetched tells that the message came into a mailbox elsewhere and was fetched
	// from there, so that its envelope here is not the sender's.
	Fetched bool `json:",omitempty"`
	// Taken is, of a Fetched one, which Received field its provider's border wrote:
	// 1 is the newest. What stands above it is the provider's and ours.
	Taken int `json:",omitempty"`
}

// Fact holds the client that counts instead of the one connected. The host may
// seed it.
var Fact = checks.Fact[Client]{Name: "relay"}

// Of returns the client to judge: the relayed one, else the one connected.
// The check must require Fact.
func Of(t *checks.Task) Client {
	if c, ok := Fact.Get(t); ok {
		return c
	}
	return connected(t)
}

// Foreign reports whether the client to judge is neither local nor logged in:
// most rules look only at such clients. The check must require Fact.
func Foreign(t *checks.Task) bool { return !Of(t).Local && !t.Authenticated() }

// ClientOf makes a client of what a hop's server saw. Helo is what the client
// said, or its address where the header does not say or it said an address;
// Name is the one that the server found by reverse DNS and did not doubt.
func ClientOf(t *checks.Task, hop *mail.Received) Client {
	ip := hop.Seen.IP.Unmap()
	c := Client{IP: ip, Name: strings.TrimSuffix(hop.Seen.Name, "."), Helo: hop.Said.Helo, Local: t.IsLocal(ip)}
	if _, err := netip.ParseAddr(c.Helo); err == nil || c.Helo == "" {
		c.Helo = "[" + ip.String() + "]"
	}
	if hop.Seen.Unverified {
		c.Name = ""
	}
	return c
}

func connected(t *checks.Task) Client {
	ip, name := t.Message().Client()
	return Client{IP: ip, Name: name, Helo: t.Envelope().Helo, Local: t.Local()}
}
