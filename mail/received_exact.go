package mail

import (
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
)

// rereadAsRspamd makes what rules count of a trace header be what Rspamd 4.1.6
// reads: whether it is a hop and names its server, its protocol, and the address that
// lists are asked about. Whom the server saw stays as it was read, for checks judge the client by it.
func (r *Received) rereadAsRspamd() {
	h := hopReader{}
	r.readable = h.read(r.Field.Value())
	r.TLS, r.Authenticated = h.tls, h.login
	r.listed, r.reread = h.ip, true
	if !h.by {
		r.By = ""
	}
}

// A hopPart is one clause of a trace header: its data and first comment.
type hopPart struct{ data, comment string }

// A hopReader reads "from … by … with …" word by word.
type hopReader struct {
	tls, login bool
	ip         netip.Addr
	by         bool // there is a server's name
}

// read reports whether a header begins with "from" or "by" and its clauses can
// be told apart.
func (h *hopReader) read(s string) (ok bool) {
	s = strings.TrimLeft(s, asciiSpace)
	if strings.HasPrefix(s, "(") {
		end := plainCommentEnd(s)
		if end < 0 {
			return false
		}
		s = strings.TrimLeft(s[end+1:], asciiSpace)
	}
	var part hopPart
	rest, isFrom := cutPrefixFold(s, "from")
	if isFrom = isFrom && rest != ""; isFrom {
		if part, rest, ok = readHopPart(rest, true); !ok {
			return false
		}
		if h.client(part.comment); !h.ip.IsValid() {
			h.client(part.data)
		}
	} else {
		rest = s
	}
	after, isBy := cutPrefixFold(rest, "by")
	if isBy && after != "" {
		if part, rest, ok = readHopPart(after, false); !ok {
			return false
		}
		h.by = isHopName(part.data)
	}
	return (isFrom || isBy) && h.clauses(rest)
}

// maxHopRetries bounds how often a broken clause is tried again from its
// next character.
const maxHopRetries = 16

// clauses reads what follows "from" and "by", up to the date.
func (h *hopReader) clauses(s string) bool {
	for retries := 0; s != "" && s[0] != ';' && retries < maxHopRetries; {
		name, rest := "", s
		for _, n := range [...]string{"with", "for", "id"} {
			if after, ok := cutPrefixFold(s, n); ok && len(after) > 1 {
				name, rest = n, after
				break
			}
		}
		if name == "" {
			i := strings.IndexAny(s, " \t\v\f\r\n(;")
			if i < 0 {
				return false
			}
			rest = s[i:]
		}
		part, after, ok := hopPart{}, "", false
		if name == "" {
			after, ok = skipHopText(rest)
		} else {
			part, after, ok = readHopPart(rest, false)
		}
		if !ok {
			s = rest[1:]
			retries++
			continue
		}
		if s = after; name == "with" {
			h.protocol(part.data)
		}
	}
	return true
}

// protocol takes the protocols that Rspamd knows.
func (h *hopReader) protocol(w string) {
	switch strings.TrimPrefix(w, "utf8") {
	case "esmtpsa":
		h.tls, h.login = true, true
	case "esmtpa":
		h.tls, h.login = false, true
	case "esmtps", "imaps", "https":
		h.tls, h.login = true, false
	case "smtp", "esmtp", "lmtp", "imap", "http", "local":
		h.tls, h.login = false, false
	}
}

// client takes the address from "name [ip]", "[ip]:port helo=x" or "ip".
func (h *hopReader) client(s string) {
	in := s
	if open, end := strings.IndexByte(s, '['), strings.LastIndexByte(s, ']'); open == 0 {
		in, _, _ = strings.Cut(s[1:], "]")
	} else if open > 0 && end > open {
		in = s[open+1 : end]
	}
	if ip, ok := receivedIP(in); ok {
		h.ip = ip
	}
}

// isHopName reports whether s is a host name, or an address in brackets.
func isHopName(s string) bool {
	if _, ok := receivedIP(unbracket(s)); ok && s[0] == '[' {
		return true
	}
	n := ascii.Span(s, func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' || c >= 0x80 })
	return n > 0 && (n == len(s) || s[n] == '[' && strings.IndexByte(s[:n], '.') >= 0)
}

// readHopPart reads one word and the comments after it. In the "from" clause
// a word in square brackets may follow and joins the data. ok is false for an
// empty or unfinished clause; rest is what follows.
func readHopPart(s string, from bool) (part hopPart, rest string, ok bool) {
	i, tcpInfo := 0, false
	for i < len(s) {
		switch c := s[i]; {
		case isSpace(c):
			i++
		case c == '(':
			end := plainCommentEnd(s[i:])
			if end < 0 {
				return part, s, false
			}
			if part.comment == "" {
				part.comment = hopText(s[i+1 : i+end])
			}
			i += end + 1
		case c == ';', part.data != "" && !(from && !tcpInfo && c == '['):
			return part, s[i:], i > 0
		case part.data != "":
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return part, s, false
			}
			part.data += hopText(s[i : i+end+1])
			tcpInfo = true
			i += end + 1
		default:
			n := strings.IndexAny(s[i:], " \t\v\f\r\n(;")
			if n < 0 {
				n = len(s) - i
			}
			part.data = hopText(s[i : i+n])
			i += n
		}
	}
	return part, "", i > 0
}

// skipHopText passes everything up to the date: after words that begin no
// known clause, Rspamd reads none.
func skipHopText(s string) (rest string, ok bool) {
	for {
		i := strings.IndexAny(s, "(;")
		if i < 0 {
			return "", true
		}
		if s = s[i:]; s[0] == ';' {
			return s, true
		}
		end := plainCommentEnd(s)
		if end < 0 {
			return s, false
		}
		s = s[end+1:]
	}
}

// plainCommentEnd returns the place of the parenthesis that closes the one s
// begins with; quoting plays no part.
func plainCommentEnd(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// hopText lower-cases and drops control characters.
func hopText(s string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r < ' ' || r == 127 {
			return -1
		}
		return r
	}, strings.ToLower(strings.Trim(s, " \t"))), " \t")
}
