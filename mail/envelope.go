package mail

import "net/netip"

// An Envelope is what the SMTP dialogue told about a message. The zero value
// is a message about which nothing is known: a file.
type Envelope struct {
	ClientIP netip.Addr // zero: unknown
	// ClientName is the client's name by reverse DNS, "" when it has none or
	// nobody looked ("unknown" of Postfix counts as none).
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
