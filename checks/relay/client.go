// Package relay says which client a message came from when it came through a
// relay of the host's own: the one that delivered to that relay.
package relay

import (
	"net/netip"

	"github.com/winnowmail/winnow/checks"
)

// A Client is the SMTP client that the checks judge.
type Client struct {
	IP   netip.Addr // zero: unknown
	Name string     // by reverse DNS as the server that took the message knew it, "" none
	Helo string
	// Local tells that the client is in the host's own networks.
	Local bool
}

// Relayed is the fact that another client than the one connected counts. The
// host may seed it.
var Relayed = checks.Fact[Client]{Name: "relay"}

// Of returns the client to judge: the relayed one, else the one connected.
// The check must require Relayed.
func Of(t *checks.Task) Client {
	if c, ok := Relayed.Get(t); ok {
		return c
	}
	ip, name := t.Message().Client()
	return Client{IP: ip, Name: name, Helo: t.Envelope().Helo, Local: t.Local()}
}
