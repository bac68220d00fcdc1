package mail

import (
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
)

// A clause is the clause of a Received header that a word belongs to.
type clause uint8

const (
	clauseNone clause = iota
	clauseBy
	clauseWith
	clauseVia
	clauseID
	clauseFor
	clauses
)

type receivedParser struct {
	items     []item
	r         Received
	now       clause // wants a value
	cipher    bool   // a TLS phrase was opened
	ident     bool   // there is an ident answer, of which Exim checks nothing
	server    bool   // reading what follows the server's "by"
	opensmtpd bool   // the server tells logins by "auth=yes"
	seen      [clauses]bool
}

// run reads the server's own clauses first: they say what may be believed of
// those before.
func (p *receivedParser) run() {
	for len(p.items) > 0 && p.items[0].comment {
		p.items = p.items[1:]
	}
	if len(p.items) == 0 {
		return
	}
	by := p.lastBy()
	p.server = true
	p.clauses(p.items[by:])
	r := &p.r
	r.Authenticated = r.Authenticated || r.saysLogin()
	r.TLS = strings.HasSuffix(strings.TrimSuffix(r.With, "A"), "PS")
	r.readable = p.seen[clauseBy]
	if by == 0 || !isWord(p.items[0], "from") {
		return
	}
	p.now, p.server = clauseNone, false
	client := p.items[1:by]
	r.readable = r.readable || len(client) > 0
	if !p.seen[clauseBy] {
		client = client[:endOfFrom(client)]
	}
	c := clientReader{r: r, writer: writerOf(p.items[by:]), http: strings.HasPrefix(r.With, "HTTP")}
	c.read(client)
	p.clauses(p.items[1:by])
}

func isWord(it item, word string) bool {
	return !it.comment && it.bracket == 0 && len(it.text) == len(word) && strings.EqualFold(it.text, word)
}

// lastBy returns the place of the server's "by", the number of items where
// there is none; 0 in a header without "from", which has nothing of the
// client's. It is the last one, or the first behind the last TCP-info, since
// what follows that is the server's ("by authid <a> with cram_md5"), except
// where an ident answer stands between.
func (p *receivedParser) lastBy() int {
	if !isWord(p.items[0], "from") {
		return 0
	}
	last, behind, info := len(p.items), 0, false
	for i, it := range p.items[1:] {
		switch {
		case it.comment:
			lead, _, _, keyed := clientWords(it.text)
			if _, _, ok := tcpInfo(lead); ok || keyed {
				info, behind = true, 0
			}
		case i > 0 && it.bracket == '[' && holdsIP(it): // of MDaemon
			info, behind = true, 0
		case isWord(it, "by"):
			if last = i + 1; info && behind == 0 {
				behind = last
			}
		}
	}
	if behind > 0 && !p.ident {
		return behind
	}
	return last
}

func holdsIP(it item) bool {
	_, ok := receivedIP(it.text)
	return ok
}

// endOfFrom returns where another clause begins, in a header without "by".
func endOfFrom(items []item) int {
	for i := 1; i < len(items); i++ {
		if keywordOf(items[i]) != clauseNone {
			return i
		}
	}
	return len(items)
}

func keywordOf(it item) clause {
	if it.comment || it.bracket != 0 || len(it.text) > 4 {
		return clauseNone
	}
	is := func(word string) bool { return ascii.EqualFold(it.text, word) }
	switch {
	case is("by"):
		return clauseBy
	case is("with"):
		return clauseWith
	case is("via"):
		return clauseVia
	case is("id"):
		return clauseID
	case is("for"):
		return clauseFor
	}
	return clauseNone
}

// clauses reads by, with, via, id and for. What was read before stays.
func (p *receivedParser) clauses(items []item) {
	for i, it := range items {
		c := keywordOf(it)
		switch {
		case it.comment:
			p.tlsPhrase(it.text)
			p.opensmtpd = p.opensmtpd || p.server && it.text == "OpenSMTPD"
			if p.server && p.seen[clauseBy] && saysAuthenticated(it.text) {
				p.r.Authenticated = true
			}
		case c == clauseBy && i > 0: // part of what was said
		case c != clauseNone && p.seen[c]:
			p.now = clauseNone
		case c != clauseNone:
			p.seen[c], p.now = true, c
		case p.server && p.opensmtpd && it.text == "yes" && i > 0 && isWord(items[i-1], "auth"): // "auth=yes user=x"
			p.r.Authenticated = true
		default:
			p.value(it)
		}
	}
}

// value takes a word outside comments.
func (p *receivedParser) value(it item) {
	r := &p.r
	switch p.now {
	case clauseBy:
		r.By = it.text
	case clauseVia:
		r.Via = it.text
	case clauseID:
		r.ID = it.text
	case clauseFor:
		r.For = it.text
	case clauseWith:
		proto := protocol(it.text)
		if proto == "" {
			return
		}
		r.With = proto
	default:
		switch {
		case r.With != "" && strings.EqualFold(it.text, "TLS"): // "ESMTP/TLS/cipher"
			p.cipher = true
		case p.cipher && r.TLSCipher == "" && looksLikeCipher(it.text):
			r.TLSCipher = it.text
		}
		return
	}
	p.now = clauseNone
}

// tlsPhrase takes protocol version and cipher from a comment.
func (p *receivedParser) tlsPhrase(text string) {
	p.cipher = false
	for w := range strings.FieldsFuncSeq(text, func(r rune) bool {
		switch r {
		case '(', ')', ',', ';', '"', '/', '<', '>', '[', ']', '=':
			return true
		}
		return r <= ' ' && r >= 0
	}) {
		p.tlsWord(w)
	}
	p.cipher = false
}

func (p *receivedParser) tlsWord(text string) {
	version, rest, _ := strings.Cut(text, ":")
	if v := tlsVersion(version); v != "" {
		if p.r.TLSVersion == "" {
			p.r.TLSVersion = v
		}
		p.cipher = true
		text, _, _ = strings.Cut(rest, ":")
	}
	switch {
	case strings.EqualFold(text, "cipher"), strings.EqualFold(text, "tls:"), strings.EqualFold(text, "version"):
		p.cipher = true
	case p.cipher && p.r.TLSCipher == "" && looksLikeCipher(text):
		p.r.TLSCipher = text
	}
}

// tlsVersion reads "TLSv1.3", "TLS1_3", "SSLv3" and the like.
func tlsVersion(s string) string {
	rest, ok := cutPrefixFold(s, "TLS")
	name := "TLSv"
	if !ok {
		if rest, ok = cutPrefixFold(s, "SSL"); !ok {
			return ""
		}
		name = "SSLv"
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "v"), "V")
	switch rest {
	case "1", "1.0", "1_0":
		return name + "1.0"
	case "1.1", "1_1":
		return name + "1.1"
	case "1.2", "1_2":
		return name + "1.2"
	case "1.3", "1_3":
		return name + "1.3"
	case "2", "3":
		return name + rest
	}
	return ""
}

func looksLikeCipher(s string) bool {
	if !strings.ContainsAny(s, "-_") {
		return false
	}
	for _, part := range [...]string{"SHA", "AES", "DES", "RC4", "GCM", "CHACHA", "MD5"} {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}
