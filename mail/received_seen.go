package mail

import (
	"cmp"
	"strings"
)

// tcpInfo reads "name [ip]", "[ip]:port", "ident@name [ip]", "ident@ip", "ip"
// and the like, perhaps with words behind. Where it is none, name and ident
// may be known all the same.
func tcpInfo(text string) (s Seen, ident string, ok bool) {
	s.Unverified = unverified(text)
	if at := strings.LastIndexByte(text, '@'); at >= 0 { // ident of qmail's, whatever it holds
		if ip, isIP := receivedIP(text[at+1:]); isIP {
			s.IP = ip
			return s, text[:at], true
		}
	}
	before, rest, bracketed := strings.Cut(text, "[")
	if i := strings.Index(rest, " ["); i >= 0 && strings.IndexByte(rest[:i], '@') >= 0 { // the ident's own brackets
		before, rest = text[:len(before)+1+i], rest[i+2:]
	}
	if bracketed {
		return bracketedInfo(s, strings.TrimSpace(before), rest)
	}
	var room [4]string
	words := room[:0]
	for w := range strings.FieldsSeq(text) {
		if len(words) == len(room) {
			return Seen{}, "", false
		}
		words = append(words, w)
	}
	switch {
	case len(words) == 0:
		return Seen{}, "", false
	case len(words) == 2: // an id and an address
		if ip, isIP := receivedIP(words[1]); isIP {
			_, s.Name = clientName(words[0])
			s.IP = ip
			return s, "", true
		}
	}
	at := strings.LastIndexByte(words[0], '@')
	if ip, isIP := receivedIP(words[0][at+1:]); isIP { // perhaps with words behind
		s.IP = ip
		return s, words[0][:max(at, 0)], true
	}
	if len(words) > 1 {
		return Seen{}, "", false
	}
	ident, s.Name = clientName(words[0])
	return s, ident, false
}

// bracketedInfo is tcpInfo of what stands before a bracket and behind it.
func bracketedInfo(s Seen, before, rest string) (_ Seen, ident string, ok bool) {
	in, behind, closed := strings.Cut(rest, "]")
	if strings.EqualFold(before, "not verified") { // of MailMarshal
		before = ""
	}
	quoted := "" // ident, of PMDF
	if i := strings.LastIndex(before, `"@`); i > 0 && before[0] == '"' {
		quoted, before = before[1:i], before[i+2:]
	}
	if !closed || strings.ContainsAny(before, " \t") || !endsInfo(behind) {
		return Seen{}, "", false
	}
	ident, s.Name = clientName(before)
	ip, isIP := receivedIP(in)
	s.IP = ip
	return s, cmp.Or(quoted, ident), isIP || noAddress(in)
}

// endsInfo reports whether nothing, a port or other words follow a bracket.
func endsInfo(behind string) bool {
	if port, ok := strings.CutPrefix(behind, ":"); ok {
		behind = strings.TrimLeft(port, "0123456789")
	}
	return behind == "" || isSpace(behind[0])
}

// noAddress reports whether a server says that its client has no address.
func noAddress(s string) bool {
	_, unix := cutPrefixFold(s, "unix")
	return s == "" || unix || strings.EqualFold(s, "unknown") || strings.EqualFold(s, "local")
}

// clientName cuts "ident@name".
func clientName(s string) (ident, name string) {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		ident, s = s[:at], s[at+1:]
		if rest, ok := cutPrefixFold(ident, "IDENT:"); ok {
			ident = rest
		}
	}
	if s = strings.Trim(s, "<>"); looksLikeHost(s) {
		name = s
	}
	return ident, name
}

// looksLikeHost tells names from version numbers and plain words.
func looksLikeHost(s string) bool {
	return strings.IndexByte(s, '.') > 0 && strings.ContainsFunc(s, func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}) && isDomain(strings.TrimSuffix(s, "."))
}

// unverified reports whether a server doubts the name that it found.
func unverified(text string) bool {
	if strings.IndexByte(text, 'f') < 0 && strings.IndexByte(text, 'F') < 0 { // each phrase has one
		return false
	}
	text = strings.ToLower(text)
	for _, phrase := range [...]string{"forged", "unverified", "not verified", "rdns failed", "misconfigured"} {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}
