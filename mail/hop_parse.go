package mail

import "strings"

// A hopPart is one clause of a trace header: its data and first comment.
type hopPart struct{ data, comment string }

// parseHop reads "from … by … with … id … for …; date". ok is false for
// headers that begin with neither "from" nor "by", or whose clauses can't be
// told apart.
func parseHop(s string) (r Received, ok bool) {
	s = strings.TrimLeft(s, asciiSpace)
	if strings.HasPrefix(s, "(") {
		if end := plainCommentEnd(s); end >= 0 {
			s = strings.TrimLeft(s[end+1:], asciiSpace)
		} else {
			return r, false
		}
	}
	var part hopPart
	rest, isFrom := cutPrefixFold(s, "from")
	if isFrom && rest != "" {
		if part, rest, ok = readHopPart(rest, true); !ok {
			return r, false
		}
		r.hopFrom(part)
	} else {
		isFrom, rest = false, s
	}
	after, isBy := cutPrefixFold(rest, "by")
	if isBy && after != "" {
		if part, rest, ok = readHopPart(after, false); !ok {
			return r, false
		}
		r.By, _ = hopName(part.data)
	}
	if !isFrom && !isBy {
		return r, false
	}
	if !r.hopClauses(rest) {
		return Received{}, false
	}
	if r.Helo == "" {
		r.Helo = r.FromName
	}
	return r, true
}

// maxHopRetries bounds how often a broken clause is tried again from its
// next character.
const maxHopRetries = 16

// hopClauses reads what follows "from" and "by", up to the date.
func (r *Received) hopClauses(s string) bool {
	for retries := 0; s != "" && retries < maxHopRetries; {
		if s[0] == ';' {
			r.Time, _ = ParseSMTPDate(strings.TrimLeft(s[1:], asciiSpace))
			return true
		}
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
		s = after
		switch name {
		case "with":
			r.hopProtocol(part.data)
		case "for":
			r.For = part.data
		case "id":
			r.ID = part.data
		}
	}
	return true
}

// hopProtocol takes the protocols that Rspamd knows.
func (r *Received) hopProtocol(w string) {
	switch w {
	case "esmtpsa":
		r.TLS, r.Authenticated = true, true
	case "esmtpa":
		r.TLS, r.Authenticated = false, true
	case "esmtps", "imaps", "https":
		r.TLS, r.Authenticated = true, false
	case "smtp", "esmtp", "lmtp", "imap", "http", "local":
		r.TLS, r.Authenticated = false, false
	default:
		return
	}
	r.With = strings.ToUpper(w)
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
	s = strings.ToLower(strings.Trim(s, " \t"))
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 127 }) < 0 {
		return s
	}
	return strings.Trim(strings.Map(func(r rune) rune {
		if r < ' ' || r == 127 {
			return -1
		}
		return r
	}, s), " \t")
}

// hopFrom reads the client from the "from" clause: in the comment as
// "name [ip]", "[ip]:port helo=x" or "ip", else in the clause's own word.
func (r *Received) hopFrom(p hopPart) {
	if p.data == "" {
		r.hopClient(p.comment)
		return
	}
	r.hopClient(p.comment)
	named := false
	if !r.IP.IsValid() {
		named = r.hopClient(p.data)
	}
	if !named && r.IP.IsValid() {
		r.Helo, _ = hopName(p.data)
	}
}

// hopClient reads address and name of the client; it reports whether there
// was a name.
func (r *Received) hopClient(s string) bool {
	if s == "" {
		return false
	}
	if s[0] == '[' {
		if in, _, ok := strings.Cut(s[1:], "]"); ok {
			r.hopIP(in)
		}
		return false
	}
	if r.hopIP(s) {
		return false
	}
	open := strings.IndexByte(s, '[')
	if open < 0 {
		return r.hopHost(s)
	}
	if end := strings.LastIndexByte(s, ']'); end > open && r.hopIP(s[open+1:end]) {
		return r.hopHost(s[:open])
	}
	return false
}

func (r *Received) hopIP(s string) bool {
	ip, ok := receivedIP(s)
	if ok {
		r.IP = ip
	}
	return ok
}

func (r *Received) hopHost(s string) bool {
	name, ok := hopName(s)
	if ok {
		r.FromName = name
	}
	return ok
}

// hopName reads a host name, or an address in brackets.
func hopName(s string) (string, bool) {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		if ip, ok := receivedIP(s[1 : len(s)-1]); ok {
			return ip.String(), true
		}
	}
	n, dot := 0, false
	for n < len(s) && (isAlnum(s[n]) || s[n] == '-' || s[n] == '_' || s[n] == '.' || s[n] >= 0x80) {
		dot = dot || s[n] == '.'
		n++
	}
	if n > 0 && (n == len(s) || dot && (isSpace(s[n]) || s[n] == '[' || s[n] == '(')) {
		return s[:n], true
	}
	return "", false
}
