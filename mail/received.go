package mail

import (
	"net/netip"
	"time"
)

// A Received is one parsed Received header (RFC 5321 section 4.4 and what
// servers really write).
type Received struct {
	Field         *Field // nil for the artificial one
	FromName      string // name the server saw or looked up for the client
	Helo          string // what the client said
	IP            netip.Addr
	By            string
	With          string // protocol, upper case as "ESMTPS"
	For           string // address without brackets
	ID            string
	Time          time.Time // zero when unreadable
	TLS           bool      // by protocol or by a TLS phrase
	TLSVersion    string
	TLSCipher     string
	Authenticated bool // ESMTPA, ESMTPSA …
	// Artificial marks the hop that Rspamd prepends for the SMTP client
	// itself, made from the envelope.
	Artificial bool
}

// ParseReceived reads one Received value. It never fails; what could not be
// read is zero.
func ParseReceived(value string) Received { panic("todo") }

// Received returns the chain, newest first, without artificial hop.
func (m *Message) Received() []Received { panic("todo") }

// Hops returns the chain with the artificial first hop that stands for the
// SMTP client when the envelope knows its IP, as Rspamd's get_received.
func (m *Message) Hops() []Received { panic("todo") }
