package mail

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// A Received is one parsed Received header (RFC 5321 section 4.4 and what
// servers really write).
type Received struct {
	Field *Field // nil for the artificial one
	// From is the word after "from": a name, or an address literal without its
	// brackets.
	From          string
	FromName      string // name the server saw or looked up for the client
	Helo          string // what the client said
	IP            netip.Addr
	By            string
	Via           string
	With          string // protocol, upper case as "ESMTPS"
	For           string // address without brackets
	ID            string
	Ident         string    // RFC 1413 or login name, where the server wrote one
	Time          time.Time // zero when unreadable
	TLS           bool      // by protocol or by a TLS phrase
	TLSVersion    string    // as "TLSv1.3"
	TLSCipher     string
	Authenticated bool // ESMTPA, ESMTPSA …
	// Artificial marks the hop that Rspamd prepends for the SMTP client
	// itself, made from the envelope.
	Artificial bool
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
		for _, f := range m.Header().All("Received") {
			r := ParseReceived(f.Value())
			r.Field = f
			l.received = append(l.received, r)
		}
	})
	return l.received
}

// ParseReceived reads one Received value. It never fails; what could not be
// read is zero.
func ParseReceived(value string) Received {
	p := receivedParser{lex: receivedLexer{s: unfoldValue(value)}}
	p.run()
	r := &p.r
	if i := strings.LastIndexByte(p.lex.s, ';'); i >= 0 {
		date, _, _ := strings.Cut(p.lex.s[i+1:], " for ")
		r.Time, _ = looseDate(date)
	}
	proto := strings.ToUpper(r.With)
	if rest, ok := strings.CutPrefix(proto, "ESMTP"); ok {
		r.Authenticated = strings.HasPrefix(strings.TrimPrefix(rest, "S"), "A")
	}
	r.TLS = r.TLSVersion != "" || strings.HasSuffix(strings.TrimSuffix(proto, "A"), "PS")
	return p.r
}

// A clause is the clause of a Received header that a word belongs to.
type clause uint8

const (
	clauseNone clause = iota
	clauseFrom
	clauseBy
	clauseWith
	clauseVia
	clauseID
	clauseFor
	clauseUser // "as user X"
	clauseDone // value read, the clause's comments still to come
)

type receivedParser struct {
	lex    receivedLexer
	r      Received
	now    clause // wants a value
	host   clause // whose comments these are: from or by
	helo   bool   // the next word is the HELO name
	cipher bool   // a TLS phrase was opened in this comment
	ident  bool
	seen   [clauseDone]bool
}

func (p *receivedParser) run() {
	for {
		w, ok := p.lex.next()
		if !ok {
			return
		}
		if p.lex.opened {
			p.helo, p.cipher, p.ident = false, false, false
		}
		switch {
		case p.lex.depth > 0:
			p.comment(w)
		case !p.keyword(w):
			p.value(w)
		}
	}
}

// keyword begins a clause. The date may hold "for" after it.
func (p *receivedParser) keyword(w token) bool {
	c := clauseNone
	switch lowerWord(w.text) {
	case "from":
		c = clauseFrom
	case "by":
		c = clauseBy
	case "with":
		c = clauseWith
	case "via":
		c = clauseVia
	case "id":
		c = clauseID
	case "for":
		c = clauseFor
	case "user":
		if p.host == clauseFrom {
			p.now = clauseUser
			return true
		}
	}
	if c == clauseNone || w.bracket != 0 || p.now == clauseFrom && c != clauseBy {
		return false
	}
	if p.seen[c] {
		p.now = clauseNone
		return true
	}
	p.seen[c], p.now = true, c
	if c == clauseFrom || c == clauseBy {
		p.host = c
	}
	return true
}

// value takes a word outside comments.
func (p *receivedParser) value(w token) {
	r := &p.r
	switch p.now {
	case clauseFrom:
		r.From = w.text
	case clauseBy:
		r.By = w.text
	case clauseVia:
		r.Via = w.text
	case clauseID:
		r.ID = w.text
	case clauseFor:
		r.For = w.text
	case clauseUser:
		r.Ident = w.text
	case clauseWith:
		if proto := protocol(w.text); proto != "" {
			r.With = proto
		} else {
			return
		}
	default:
		switch {
		case p.host == clauseFrom && w.bracket == '[':
			p.takeIP(w)
		case r.With != "" && strings.EqualFold(w.text, "TLS"): // "ESMTP/TLS/cipher"
			p.cipher = true
		case p.cipher && r.TLSCipher == "" && looksLikeCipher(w.text):
			r.TLSCipher = w.text
		}
		return
	}
	p.now = clauseNone
}

func (p *receivedParser) takeIP(w token) bool {
	ip, ok := receivedIP(w.text)
	if ok && !p.r.IP.IsValid() {
		p.r.IP = ip
	}
	return ok
}

// protocol returns the transmission protocol that a word of the "with" clause
// names, "" for other words.
func protocol(w string) string {
	u := strings.ToUpper(w)
	switch u {
	case "SMTP", "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA", "LMTP", "LMTPA", "LMTPS", "LMTPSA", "MMS",
		"HTTP", "HTTPS", "IMAP", "IMAPS", "POP3", "POP3S", "LOCAL", "UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS",
		"UTF8SMTPSA", "UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA", "ASMTP":
		return u
	case "SMTPSVC", "LOCAL-BSMTP", "BSMTP":
		return "SMTP"
	case "ESMTP-TLS":
		return "ESMTPS"
	}
	return ""
}

func lowerWord(s string) string {
	if len(s) > 16 {
		return s
	}
	return strings.ToLower(s)
}
