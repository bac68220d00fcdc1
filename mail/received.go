package mail

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A Received is one parsed Received header (RFC 5321 section 4.4 and what
// servers really write). The server that wrote it vouches for Seen, By, Via,
// With, ID, Time, TLS and Authenticated; what the client said is in Said.
type Received struct {
	Field *Field // nil for the artificial one
	// From is the word after "from": a name, or an address literal without its
	// brackets. Most servers repeat HELO there (then Said has it, too), some put
	// what they saw of the client (then Seen has it).
	From string
	Seen Seen
	Said Said
	By   string
	Via  string
	With string // protocol, upper case as "ESMTPS"
	For  string // address without brackets
	ID   string
	Time time.Time // zero when unreadable
	TLS  bool      // by protocol
	// TLSVersion and TLSCipher are from a TLS phrase: "TLSv1.3".
	TLSVersion, TLSCipher string
	// Authenticated tells that the client logged in: With is a protocol that
	// says so (ESMTPA, ESMTPSA, UTF8SMTPSA …), or the server says it in a
	// comment that the client can't have written.
	Authenticated bool
	// Artificial marks the hop that Rspamd prepends for the SMTP client
	// itself, made from the envelope.
	Artificial bool

	readable bool       // it has the clause "from" or "by"
	reread   bool       // to Rspamd's letter
	listed   netip.Addr // then the address for lists
}

// Seen is what a server found out about its client by itself: the TCP-info of
// RFC 5321 section 4.4.
type Seen struct {
	IP   netip.Addr // zero where the header tells of none
	Name string     // by reverse DNS, "" where there is none
	// Unverified tells that the server found no way back from Name to IP ("may
	// be forged"): whoever has the address can choose such a name.
	Unverified bool
}

// Said is what a client, or its host, told the server. It may be anything.
type Said struct {
	Helo  string // name, or address literal without its brackets
	Ident string // answer by RFC 1413, or login name
}

type lazyReceived struct {
	receivedOnce, hopsOnce sync.Once
	received, hops         []Received
}

// Received returns the chain, newest first, without artificial hop. Each
// header is read by ParseReceived.
func (m *Message) Received() []Received {
	l := &m.lazyReceived
	l.receivedOnce.Do(func() {
		all := m.Header().All("Received")
		l.received = make([]Received, 0, len(all))
		var lexer itemLexer
		for _, f := range all {
			r := lexer.received(f.Value())
			r.Field = f
			if m.exact {
				r.rereadAsRspamd()
			}
			l.received = append(l.received, r)
		}
	})
	return l.received
}

// maxReceived bounds how much of a header is read. Real ones have less than
// 2 kB; the date, at the end, is read in any case.
const maxReceived = 16 << 10

// ParseReceived reads one Received value. It never fails; what could not be
// read is zero.
//
// A client that sends blanks or parentheses in HELO can imitate every clause
// and comment up to where the server writes what it saw. Therefore the last
// comment before "by" that has the form of TCP-info is the server's, and the
// "by" behind it; only after these a clause or a comment tells of a login. Where the
// server is Exim, whose HELO is checked and whose ident answers are not, it is
// the first such comment.
func ParseReceived(value string) Received { return new(itemLexer).received(value) }

func (l *itemLexer) received(value string) Received {
	s := unfoldValue(value)
	head := s[:min(len(s), maxReceived)]
	p := receivedParser{items: l.cut(head), ident: strings.Contains(head, "ident=")}
	p.run()
	r := &p.r
	if i := strings.LastIndexByte(s, ';'); i >= 0 {
		date, _, _ := strings.Cut(s[i+1:], " for ")
		var ok bool
		if r.Time, ok = looseDate(date); !ok {
			r.Time, _ = asctimeDate(date)
		}
	}
	return p.r
}

// Addr returns the address that the header gives for the client: the one that
// the server saw, or, where it wrote none, the literal after "from", which may
// be the client's word. It is for lists, which are asked about the hops of any
// header, forged ones too.
func (r *Received) Addr() netip.Addr {
	if r.reread {
		return r.listed
	}
	if r.Seen.IP.IsValid() {
		return r.Seen.IP
	}
	ip, _ := receivedIP(r.From)
	return ip
}

// protocol returns the transmission protocol that a word of the "with" clause
// names, "" for other words: those of IANA's Mail Transmission Types, and some
// that servers write.
func protocol(w string) string {
	u := strings.ToUpper(w)
	switch u {
	case "SMTP", "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA", "LMTP", "LMTPA", "LMTPS", "LMTPSA", "MMS",
		"UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA", "UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA",
		"SMTPS", "HTTP", "HTTPS", "HTTPREST", "IMAP", "IMAPS", "POP3", "POP3S", "LOCAL", "ASMTP":
		return u
	case "SMTPSVC", "LOCAL-BSMTP", "BSMTP":
		return "SMTP"
	case "ESMTP-TLS":
		return "ESMTPS"
	case "UTF8ESMTP", "UTF8ESMTPS", "UTF8ESMTPA", "UTF8ESMTPSA": // of maddy
		return "UTF8" + u[len("UTF8E"):]
	}
	return ""
}

// saysLogin reports whether the protocol means that the client logged in: the
// registered ones that end in A (RFC 3848, RFC 6531 section 4.3) and, with an id
// behind it, Exim's old word ASMTP, which forged headers have alone.
func (r *Received) saysLogin() bool {
	switch r.With {
	case "ESMTPA", "ESMTPSA", "LMTPA", "LMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "UTF8LMTPA", "UTF8LMTPSA":
		return true
	case "ASMTP":
		return r.ID != ""
	}
	return false
}

// looksLikeIP tells most names from addresses, without the error that parsing
// them makes.
func looksLikeIP(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%': // a zone may be anything
			return true
		case !digitByte(c) && c != '.' && c != ':' && (c|0x20 < 'a' || c|0x20 > 'f'):
			return false
		}
	}
	return true
}

// receivedIP reads an address with the prefixes and ports that servers add.
func receivedIP(s string) (netip.Addr, bool) {
	if rest, ok := cutPrefixFold(s, "IPv6:"); ok {
		s = rest
	}
	if s == "" || !(isAlnum(s[0]) || s[0] == ':') {
		return netip.Addr{}, false
	}
	if looksLikeIP(s) {
		if ip, err := netip.ParseAddr(s); err == nil {
			return ip.WithZone(""), true
		}
	}
	if host, port, ok := strings.Cut(s, ":"); ok && strings.IndexByte(port, ':') < 0 && looksLikeIP(host) {
		ip, err := netip.ParseAddr(host)
		return ip, err == nil
	}
	return netip.Addr{}, false
}
