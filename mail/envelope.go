package mail

import (
	"net/netip"
	"slices"
)

// An Envelope is what the SMTP dialogue told about a message. The zero value
// is a message about which nothing is known: a file.
type Envelope struct {
	ClientIP netip.Addr // zero: unknown
	// ClientName is the client's name by reverse DNS, "" when it has none or
	// was not looked up ("unknown" of Postfix counts as none).
	ClientName string
	Helo       string
	// From is the envelope sender as "user@domain" without angle brackets;
	// "" is the null sender when HasFrom, else unknown.
	From    string
	HasFrom bool
	Rcpts   []string // recipients as "user@domain"
	User    string   // authenticated user, "" if none
	TLS     TLS      // of the client connection, zero: none or unknown
	QueueID string
	MTAName string // name of the receiving server
}

// TLS describes the connection a message came in by.
type TLS struct{ Version, Cipher, CertSubject, CertIssuer string }

// EnvelopeFrom returns the parsed envelope sender. If the envelope does not
// know it, the address of the Return-Path header counts, which the delivering
// server wrote. A null sender is Valid with an empty Addr; an unknown one is
// the zero Address.
func (m *Message) EnvelopeFrom() Address { return m.envelopeAddrs().envFrom }

// EnvelopeRcpts returns the parsed envelope recipients.
func (m *Message) EnvelopeRcpts() []Address { return m.envelopeAddrs().envRcpts }

func (m *Message) envelopeAddrs() *lazyAddress {
	l := &m.lazyAddress
	l.envOnce.Do(func() {
		l.envFrom = m.readSender()
		for _, r := range m.env.Rcpts {
			l.envRcpts = append(l.envRcpts, ParseAddress(r))
		}
	})
	return l
}

func (m *Message) readSender() Address {
	switch {
	case m.env.From != "":
		return ParseAddress(m.env.From)
	case m.env.HasFrom:
		return Address{Raw: "<>", Valid: true}
	}
	if f := m.Header().Get("Return-Path"); f != nil {
		if a, ok := parsePath(f.Value()); ok {
			return a
		}
	}
	return Address{}
}

// badEnvelope reports whether an envelope address can't be read as an SMTP
// path.
func (m *Message) badEnvelope() bool {
	l := m.envelopeAddrs()
	return m.env.From != "" && !l.envFrom.Valid ||
		slices.ContainsFunc(l.envRcpts, func(a Address) bool { return !a.Valid })
}
