package mail

import (
	"net/netip"
	"strings"
)

// A token is a word of a Received value. bracket tells which bracket it stood
// in, 0 for none; eq that "=" or ":" follows.
type token struct {
	text    string
	bracket byte
	eq      bool
	glued   bool // a bracket follows at once
}

// A receivedLexer cuts a Received value into words and keeps count of
// comments.
type receivedLexer struct {
	s      string
	i      int
	depth  int
	opened bool // a comment was opened before the token just returned
}

func (l *receivedLexer) next() (token, bool) {
	l.opened = false
	for l.i < len(l.s) {
		switch c := l.s[l.i]; {
		case c == '(':
			if l.depth == 0 && !fromInside(l.s[l.i+1:]) {
				l.depth++
			} else if l.depth > 0 {
				l.depth++
			}
			l.opened = true
			l.i++
		case c == ')':
			if l.depth > 0 {
				l.depth--
			}
			l.i++
		case isSpace(c) || strings.IndexByte(`,;"/>]=`, c) >= 0:
			l.i++
		case c == '<' || c == '[':
			if t, ok := l.bracketed(c); ok {
				return t, true
			}
			l.i++
		default:
			return l.word(), true
		}
	}
	return token{}, false
}

// fromInside recognizes sendmail's "(from user@host)", which is no comment
// but the clause itself.
func fromInside(s string) bool {
	_, ok := cutPrefixFold(s, "from ")
	return ok
}

// bracketed reads "<…>" or "[…]" whose inside is one word.
func (l *receivedLexer) bracketed(open byte) (token, bool) {
	start := l.i + 1
	n := strings.IndexAny(l.s[start:], "<>[]() \t")
	if n <= 0 {
		return token{}, false
	}
	if end := l.s[start+n]; end != open+2 {
		return token{}, false
	}
	l.i = start + n + 1
	return token{text: l.s[start : start+n], bracket: open}, true
}

func (l *receivedLexer) word() token {
	start := l.i
	for l.i < len(l.s) && !isSpace(l.s[l.i]) && strings.IndexByte(`(),;"/<>[]=`, l.s[l.i]) < 0 {
		l.i++
	}
	t := token{text: l.s[start:l.i]}
	if l.i < len(l.s) {
		t.eq = l.s[l.i] == '='
		t.glued = l.s[l.i] == '['
	}
	return t
}

// comment takes a word inside a comment.
func (p *receivedParser) comment(w token) {
	if p.tls(w) || p.host != clauseFrom || p.seen[clauseBy] {
		return
	}
	text := w.text
	if rest, ok := cutPrefixFold(text, "ident:"); ok {
		if rest != "" {
			p.r.Ident = rest
		}
		return
	}
	switch lowerWord(text) {
	case "helo", "ehlo":
		p.helo = true
		return
	case "ident":
		p.ident = w.eq
		return
	}
	switch {
	case p.helo:
		p.r.Helo, p.helo = text, false
	case p.ident:
		p.r.Ident, p.ident = text, false
	case p.takeIP(w):
	case strings.IndexByte(text, '@') >= 0:
		p.r.Ident = strings.TrimSuffix(text, "@")
	case p.r.FromName == "" && looksLikeHost(text):
		p.r.FromName = text
	}
}

// looksLikeHost tells names from version numbers and plain words.
func looksLikeHost(s string) bool {
	return strings.IndexByte(s, '.') > 0 && strings.ContainsFunc(s, func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}) && isDomain(strings.TrimSuffix(s, "."))
}

// tls takes protocol version and cipher from a TLS phrase.
func (p *receivedParser) tls(w token) bool {
	text := w.text
	version, rest, _ := strings.Cut(text, ":")
	if v := tlsVersion(version); v != "" {
		if p.r.TLSVersion == "" {
			p.r.TLSVersion = v
		}
		p.cipher = true
		text, _, _ = strings.Cut(rest, ":")
	}
	if lw := lowerWord(text); lw == "cipher" || lw == "tls:" || lw == "version" {
		p.cipher = true
		return true
	}
	if p.cipher && looksLikeCipher(text) {
		if p.r.TLSCipher == "" {
			p.r.TLSCipher = text
		}
		return true
	}
	return text == ""
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

// receivedIP reads an address with the prefixes and ports that servers add.
func receivedIP(s string) (netip.Addr, bool) {
	if rest, ok := cutPrefixFold(s, "IPv6:"); ok {
		s = rest
	}
	if s == "" || !(isAlnum(s[0]) || s[0] == ':') {
		return netip.Addr{}, false
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip, true
	}
	if host, port, ok := strings.Cut(s, ":"); ok && strings.IndexByte(port, ':') < 0 {
		ip, err := netip.ParseAddr(host)
		return ip, err == nil
	}
	return netip.Addr{}, false
}
