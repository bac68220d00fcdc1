package mail

import (
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
)

// A writer is a server that puts what it saw of the client first.
type writer int

const (
	writerOther writer = iota
	writerExim
	writerChasquid
	writerCommuniGate
)

// writerOf looks for a server that names itself.
func writerOf(items []item) writer {
	for _, it := range items {
		if _, exim := cutPrefixFold(it.text, "Exim "); exim && it.comment {
			return writerExim
		}
		if it.comment && strings.EqualFold(it.text, "chasquid") {
			return writerChasquid
		}
		if _, pro := cutPrefixFold(it.text, "CommuniGate Pro "); pro && it.comment {
			return writerCommuniGate
		}
	}
	return writerOther
}

// A clientReader reads what stands between "from" and the server's "by", and
// finds out which side wrote what.
type clientReader struct {
	r      *Received
	writer writer
	http   bool       // in HTTP a client gives no name
	word   item       // after "from"
	wordIP netip.Addr // in it
	wordIs bool       // TCP-info, whatever follows
	found  bool       // TCP-info
	helo   bool       // a comment tells HELO: the word is the server's
	login  bool       // a comment behind the TCP-info tells of a login
}

func (c *clientReader) read(items []item) {
	if len(items) > 0 && !items[0].comment {
		c.word, items = items[0], items[1:]
		c.r.From = c.word.text
		c.wordIP, _ = receivedIP(c.word.text)
		c.takeWord(len(items) > 0)
	}
	first := true
	for i, it := range items {
		switch {
		case it.comment && first && c.writer == writerChasquid && c.wordIs: // "[ip] (helo)"
			c.helo, c.r.Said.Helo, first = true, unbracket(it.text), false
		case it.comment:
			c.comment(it, first)
			first = false
		case it.bracket == '[':
			if ip, ok := receivedIP(it.text); ok {
				c.take(Seen{IP: ip})
			}
		case i > 0 && isWord(items[i-1], "user"): // "as user X"
			c.r.Said.Ident = it.text
		}
	}
	c.settle()
}

// takeWord takes an address in brackets after "from" for TCP-info where the
// server writes its own there: Exim and CommuniGate Pro always, chasquid where
// more follows.
func (c *clientReader) takeWord(more bool) {
	switch c.writer {
	case writerOther:
		return
	case writerChasquid:
		c.wordIs = more
	default:
		c.wordIs = true
	}
	if c.wordIs = c.wordIs && c.word.bracket == '[' && c.wordIP.IsValid(); c.wordIs {
		c.take(Seen{IP: c.wordIP})
	}
}

// take notes TCP-info: the last counts, the first with a writer that puts it
// there.
func (c *clientReader) take(s Seen) {
	if c.found && c.writer != writerOther {
		return
	}
	c.found, c.login, c.r.Seen = true, false, s
}

func (c *clientReader) comment(it item, first bool) {
	text := it.text
	if saysAuthenticated(text) {
		// Neither Exim nor chasquid writes it here; an ident answer may be it.
		c.login = c.login || c.writer == writerOther && (c.found || c.http)
		if name := lastWordWithAt(text); name != "" {
			c.r.Said.Ident = name
		}
		return
	}
	lead, helo, ident, keyed := clientWords(text)
	if who, ok := cutPrefixFold(lead, "account "); ok && first && c.word.bracket == '[' { // CommuniGate Pro
		c.take(Seen{IP: c.wordIP})
		c.login, c.helo = true, true
		c.r.Said = Said{Helo: helo, Ident: who}
		return
	}
	if keyed && (!c.found || c.wordIs) {
		c.helo = true
		if c.r.Said.Helo == "" {
			c.r.Said.Helo = helo
		}
		if ident != "" {
			c.r.Said.Ident = ident
		}
		if lead == "" && first && c.wordIP.IsValid() && !it.glued {
			c.take(Seen{IP: c.wordIP})
			return
		}
		if !c.wordIP.IsValid() && strings.IndexByte(text, ' ') < 0 { // an ident answer of qmail's that looks like a key
			lead = text
		}
	}
	seen, who, ok := tcpInfo(lead)
	if who != "" && (ok || !c.found) {
		c.r.Said.Ident = who
	}
	switch {
	case ok:
		c.take(seen)
	case !c.found && seen.Name != "":
		c.r.Seen.Name = seen.Name
	}
}

// settle decides whose the word after "from" is.
func (c *clientReader) settle() {
	r := c.r
	r.Authenticated = r.Authenticated || c.login
	named := looksLikeHost(r.From)
	switch {
	case c.helo && !c.found && c.wordIP.IsValid():
		r.Seen.IP = c.wordIP
	case c.helo && c.found, c.writer == writerExim && c.found:
		if r.Seen.Name == "" && named {
			r.Seen.Name = r.From
		}
		if !c.helo && named { // Exim leaves HELO out where it is the name
			r.Said.Helo = r.From
		}
	case c.helo:
	case !c.found && c.wordIP.IsValid() && (c.writer == writerExim || c.http):
		r.Seen.IP = c.wordIP
	default:
		r.Said.Helo = r.From
	}
}

// clientWords takes HELO and ident out of a comment: "(HELO x)", "(LHLO x)",
// "([ip] helo=x ident=y)", "(port=1 helo=x)", "(ip, HELO x)". lead is what
// stands before.
func clientWords(text string) (lead, helo, ident string, ok bool) {
	lead = text
	if strings.IndexByte(text, '=') < 0 && !ascii.ContainsFold(text, "lo") { // each key without "=" ends in it
		return lead, "", "", false
	}
	words := strings.Fields(text)
	for i, w := range words {
		key, value, eq := strings.Cut(w, "=")
		switch strings.ToLower(key) {
		case "helo", "ehlo", "lhlo":
			if !eq && i+1 < len(words) {
				value = words[i+1]
			}
			if helo == "" {
				helo = value
			}
		case "ident", "port":
			if !eq {
				continue
			}
			if strings.EqualFold(key, "ident") && ident == "" {
				ident = value
			}
		default:
			continue
		}
		if !ok {
			ok = true
			lead = strings.TrimRight(strings.Join(words[:i], " "), ", ")
		}
	}
	return lead, unbracket(helo), unbracket(ident), ok
}

func unbracket(s string) string {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		return s[1 : len(s)-1]
	}
	return s
}

// saysAuthenticated reports whether a comment tells that the client logged in,
// in the words of Postfix, Sendmail, Courier, Kerio, MDaemon, SquirrelMail and
// others. Who wrote the comment is another question.
func saysAuthenticated(text string) bool {
	if rest, ok := cutPrefixFold(text, "AUTH:"); ok {
		return strings.TrimSpace(rest) != ""
	}
	if rest, ok := cutPrefixFold(text, "smtp-auth username "); ok { // qpsmtpd
		return strings.TrimSpace(rest) != ""
	}
	if rest, ok := cutPrefixFold(text, "user="); ok { // Sendmail with the names of its macros
		return ascii.ContainsFold(rest, " mech=")
	}
	if rest, ok := cutPrefixFold(text, "SquirrelMail "); ok {
		text = rest
	}
	rest, ok := cutPrefixFold(text, "authenticated")
	if !ok {
		return false
	}
	if rest == "" || rest[0] == ':' {
		return true
	}
	for _, next := range [...]string{" sender", " user", " as ", " bits", " (", " by "} {
		if _, ok := cutPrefixFold(rest, next); ok {
			return true
		}
	}
	return false
}

func lastWordWithAt(text string) (name string) {
	for _, w := range strings.Fields(text) {
		if strings.IndexByte(w, '@') >= 0 {
			name = strings.TrimRight(w, ",;)")
		}
	}
	return name
}
