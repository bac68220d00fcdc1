package mail

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

const asciiSpace = " \t\v\f\r\n"

// parsePath reads an RFC 5321 path, with or without angle brackets, at the
// start of s. What follows after white space is not looked at, as in Rspamd
// 4.1.6: of addresses with only a space between them the first is read.
func parsePath(s string) (Address, bool) {
	a := Address{Raw: s}
	s = strings.Trim(s, asciiSpace)
	if strings.HasPrefix(s, "<") {
		n := pathEnd(s)
		if n < 0 {
			return a, false
		}
		if s = strings.Trim(s[1:n], " "); s == "" {
			a.Valid = n == 1
			return a, a.Valid
		}
	} else if n := strings.IndexAny(s, asciiSpace); n > 0 && s[0] != '"' && s[0] != '@' {
		s = s[:n]
	}
	if strings.HasPrefix(s, "@") {
		n := routeLen(s)
		if n < 0 {
			return a, false
		}
		s = s[n:]
	}
	user, rest, ok := localPart(s, &a)
	if !ok || !strings.HasPrefix(rest, "@") {
		return a, false
	}
	if n := strings.IndexAny(rest, asciiSpace); n > 0 && !strings.HasPrefix(a.Raw, "<") {
		rest = rest[:n]
	}
	domain := strings.TrimSuffix(rest[1:], ".")
	switch {
	case strings.HasPrefix(domain, "["):
		if a.Domain, ok = domainLiteral(domain); !ok {
			return a, false
		}
		a.Literal = true
	case isDomain(domain):
		a.Domain = domain
	default:
		return a, false
	}
	a.User, a.Valid = user, true
	switch {
	case a.Quoted:
		a.Addr = user + "@" + a.Domain
	default:
		a.Addr = s[:len(user)+1+len(domain)]
	}
	return a, true
}

// pathEnd returns the place of the bracket that closes "<…>" and is followed
// by white space or nothing.
func pathEnd(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted:
			if i+1 < len(s) && !isSpace(s[i+1]) {
				return -1
			}
			return i
		}
	}
	return -1
}

// localPart reads the local part at the start of s.
func localPart(s string, a *Address) (user, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		a.Quoted = true
		return quotedLocal(s)
	}
	n := 0
	for n < len(s) {
		k := atextLen(s[n:])
		if k == 0 && s[n] == '.' && n > 0 && s[n-1] != '.' {
			k = 1
		}
		if k == 0 {
			break
		}
		n += k
	}
	if n == 0 || s[n-1] == '.' {
		return "", s, false
	}
	return s[:n], s[n:], true
}

func quotedLocal(s string) (user, rest string, ok bool) {
	escaped := false
	for i := 1; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			user = s[1:i]
			if escaped {
				user = unescape(user)
			}
			return user, s[i+1:], true
		case c == '\\':
			if i+1 >= len(s) || s[i+1] < 32 || s[i+1] > 126 {
				return "", s, false
			}
			escaped = true
			i += 2
		case c >= 0x80:
			k := utf8Len(s[i:])
			if k == 0 {
				return "", s, false
			}
			i += k
		case c < 32 || c == 127:
			return "", s, false
		default:
			i++
		}
	}
	return "", s, false
}

// unescape removes the backslashes of quoted pairs.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// routeLen returns the length of a source route with its colon, -1 if s does
// not begin with one.
func routeLen(s string) int {
	n := 0
	for {
		if n >= len(s) || s[n] != '@' {
			return -1
		}
		i := strings.IndexAny(s[n+1:], ",:")
		if i < 0 || !isDomain(s[n+1:n+1+i]) {
			return -1
		}
		n += 1 + i + 1
		if s[n-1] == ':' {
			return n
		}
	}
}

// isDomain reports whether s is a Domain of RFC 5321 (underscores inside a
// label and RFC 6531 characters allowed).
func isDomain(s string) bool {
	start := true
	var last byte
	for i := 0; i < len(s); {
		c := s[i]
		k := 1
		switch {
		case isAlnum(c):
		case c >= 0x80:
			if k = utf8Len(s[i:]); k == 0 {
				return false
			}
			c = 'a'
		case c == '.' && !start && last != '-' && last != '_':
			start, last = true, c
			i++
			continue
		case (c == '-' || c == '_') && !start:
		default:
			return false
		}
		start, last = false, c
		i += k
	}
	return len(s) > 0 && !start && last != '-' && last != '_'
}

// domainLiteral reads "[…]" and returns what is inside.
func domainLiteral(s string) (string, bool) {
	if len(s) < 3 || s[len(s)-1] != ']' {
		return "", false
	}
	in := s[1 : len(s)-1]
	if rest, ok := cutPrefixFold(in, "IPv6:"); ok {
		ip, err := netip.ParseAddr(rest)
		return in, err == nil && ip.Zone() == ""
	}
	if tag, content, ok := strings.Cut(in, ":"); ok {
		return in, isDomain(tag) && !strings.Contains(tag, ".") && content != "" && !strings.ContainsAny(content, " []\\")
	}
	return in, isDottedQuad(in)
}

func isDottedQuad(s string) bool {
	groups, digits := 1, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9' && digits < 3:
			digits++
		case c == '.' && digits > 0:
			groups, digits = groups+1, 0
		default:
			return false
		}
	}
	return groups == 4 && digits > 0
}

// guessAddress splits what is no path at its last "@", as Rspamd's fallback
// for header addresses.
func guessAddress(s string) Address {
	a := Address{Raw: s}
	if len(s) > 1 && s[0] == '<' {
		s, _, _ = strings.Cut(s[1:], ">")
	}
	a.Addr = s
	if at := strings.LastIndexByte(s, '@'); at >= 0 && at+1 < len(s) {
		a.User, a.Domain = s[:at], s[at+1:]
	}
	a.Is8Bit = has8Bit(s)
	return a
}

func has8Bit(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return true
		}
	}
	return false
}

// atextLen returns the length of the atext character at the start of s, 0 if
// there is none.
func atextLen(s string) int {
	c := s[0]
	if c >= 0x80 {
		return utf8Len(s)
	}
	if isAlnum(c) || strings.IndexByte("!#$%&'*+_/=?^-`{|}~", c) >= 0 {
		return 1
	}
	return 0
}

// utf8Len returns the length of the non-ASCII UTF-8 sequence at the start of
// s, 0 if it is broken.
func utf8Len(s string) int {
	r, k := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && k <= 1 {
		return 0
	}
	return k
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
