package mail

import "strings"

// Bounds of one URL, as Rspamd 4.1.6 has them or wider.
const (
	maxURL      = 32 << 10 // bytes of one URL that are looked at
	maxUserInfo = 512      // user and password together
	maxHost     = 253
)

// urlMode tells where a URL stands and thereby where it ends.
type urlMode uint8

const (
	urlInText urlMode = iota // ends at white space, quotes and unbalanced brackets
	urlInHref                // the whole attribute value is the URL
)

// urlParts are the raw parts of one URL as written.
type urlParts struct {
	scheme, user, password, host, port string
	path, query, fragment              string
	flags                              URLFlags
	slash                              bool // a slash follows the host
	bracket                            bool // the host stood in brackets
	plain                              bool // scheme://host in the usual spelling
	inText                             bool // it stands in running text
	seen                               int  // how far user information and host were looked for
}

// ParseURL reads one URL or bare host as Rspamd's url parser does; ok is
// false when it is none. A bare host needs a known public suffix, a host with
// scheme does not.
func ParseURL(s string) (u URL, ok bool) {
	s = strings.TrimSpace(s)
	if isMailto(s) {
		return parseMailto(s)
	}
	mode := urlInHref
	if schemeLen(s) == 0 {
		mode = urlInText
	}
	p, end, ok := splitURL(s, mode)
	if !ok || end != len(s) {
		return URL{}, false
	}
	return p.url(s)
}

// splitURL cuts the URL at the beginning of s into its parts and tells where
// it ends.
func splitURL(s string, mode urlMode) (p urlParts, end int, ok bool) {
	if len(s) > maxURL {
		s = s[:maxURL]
	}
	p.inText = mode == urlInText
	i := 0
	if n := schemeLen(s); n > 0 {
		p.scheme = s[:n]
		i = n + 1
		if i, ok = p.slashes(s, i, mode); !ok {
			return p, 0, false
		}
	} else {
		p.flags |= URLSchemeless
	}
	if p.scheme != "" {
		if i, ok = p.userInfo(s, i, mode); !ok {
			return p, 0, false
		}
	}
	if i, ok = p.hostPort(s, i, mode); !ok || p.scheme == "" && i < len(s) && s[i] == '@' {
		return p, 0, false
	}
	end = p.rest(s, i, mode)
	if mode == urlInText && end == i && p.port == "" {
		end, ok = p.brokenHost(end)
	}
	return p, end, ok
}

// brokenHost takes the dashes from the end of a host that ends a URL in
// running text, and those that a sentence goes on with ("example.org--and").
// What is then no name under a known suffix was broken at the end of a line and
// is no host.
func (p *urlParts) brokenHost(end int) (int, bool) {
	whole := strings.TrimRight(p.host, "-_")
	if whole == p.host {
		if whole = beforeDash(whole); whole == "" {
			return end, true
		}
	}
	end -= len(p.host) - len(whole)
	p.host = whole
	return end, knownTLD(whole) && strings.IndexByte(whole, '.') > 0
}

// beforeDash returns what stands before two dashes in the last label of a host
// that is under no known suffix, if that is under one; else "".
func beforeDash(host string) string {
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 {
		return ""
	}
	tld, _, dashes := strings.Cut(host[dot:], "--")
	if before := host[:dot] + tld; dashes && !knownTLD(host) && knownTLD(before) {
		return before
	}
	return ""
}

// schemeLen returns the length of the scheme before a colon, 0 if there is
// none.
func schemeLen(s string) int {
	for i := 0; i < len(s) && i < 32; i++ {
		switch c := s[i]; {
		case c == ':':
			// host:port without scheme has a dot before the colon
			return i
		case alnumByte(c) || c == '+' || c == '-' || c == '*':
		default:
			return 0
		}
	}
	return 0
}

// slashes steps over what stands between scheme and authority.
func (p *urlParts) slashes(s string, i int, mode urlMode) (int, bool) {
	n, start := 0, i
	for ; i < len(s) && (s[i] == '/' || s[i] == '\\'); n++ {
		if mode == urlInText && strings.HasPrefix(s[i:], escapedSlash) {
			i++
		}
		if s[i] == '\\' {
			p.flags |= URLBackslash | URLObscured
		}
		i++
	}
	switch {
	case n == 0:
		p.flags |= URLMissingSlashes
	case n == 1 && mode == urlInHref && (strings.EqualFold(p.scheme, "https") || strings.EqualFold(p.scheme, "http")):
		p.flags |= URLMissingSlashes | URLObscured // browsers take any number of slashes (URL Standard)
	case n == 1:
		return 0, false
	case n == 2 && i-start == 2 && p.flags&URLBackslash == 0:
		p.plain = true
	}
	return i, i < len(s)
}

// userInfo takes user and password before the last @ of the authority, where
// browsers look for it.
func (p *urlParts) userInfo(s string, i int, mode urlMode) (int, bool) {
	at, ats := -1, 0
	limit := min(len(s), i+maxUserInfo+1)
	j := i
scan:
	for ; j < limit; j++ {
		switch c := s[j]; {
		case c == '@':
			at = j
			ats++
		case c == '/' || c == '?' || c == '#' || c <= ' ' || c == 0x7f:
			break scan
		case mode == urlInText && strings.IndexByte("<>\"()[]", c) >= 0 && j > i:
			break scan
		}
	}
	p.seen = j
	if at < 0 {
		return i, true
	}
	p.flags |= URLHasUser
	if ats > 1 {
		p.flags |= URLObscured
	}
	p.user, p.password, _ = strings.Cut(s[i:at], ":")
	return at + 1, at+1 < len(s)
}

// hostPort takes the host and the port behind it.
func (p *urlParts) hostPort(s string, i int, mode urlMode) (int, bool) {
	if i < len(s) && s[i] == '[' {
		j := strings.IndexByte(s[i:min(len(s), i+maxHost+2)], ']')
		if j < 2 {
			return 0, false
		}
		p.host, p.bracket = s[i+1:i+j], true
		i += j + 1
	} else {
		n, seen := 0, 0
		if mode == urlInText {
			n, seen = textHostLen(s[i:], &p.flags)
		} else {
			n = hostLen(s[i:], mode, &p.flags)
			seen = n
		}
		p.seen = max(p.seen, i+seen)
		if p.flags&URLZeroWidth != 0 && (i+n == len(s) || strings.IndexByte("/?#:\\", s[i+n]) < 0) {
			n = p.visibleEnd(s[i : i+n])
		}
		if n == 0 || n > maxHost*3 {
			return 0, false
		}
		p.host = s[i : i+n]
		i += n
	}
	if i < len(s) && s[i] == ':' {
		n := i + 1
		for n < len(s) && digitByte(s[n]) && n-i < 8 {
			n++
		}
		switch {
		case n > i+1:
			p.port = s[i+1 : n]
			return n, true
		case mode == urlInHref && n < len(s) && s[n] != '/' && s[n] != '?' && s[n] != '#':
			return 0, false
		case mode == urlInHref:
			return n, true
		}
	}
	return i, true
}

// visibleEnd returns the length of a host at the end of a URL without characters
// that have no width behind it: they are left over from copying and hide nothing.
func (p *urlParts) visibleEnd(host string) int {
	host = strings.TrimRightFunc(host, isZeroWidth)
	if !strings.ContainsFunc(host, isZeroWidth) {
		p.flags &^= URLZeroWidth
	}
	return len(host)
}

// maskedDot is how people write a dot to keep a URL from being followed.
const maskedDot = "[.]"

// hostLen returns the length of the host at the beginning of s. In an
// attribute every character up to the next delimiter belongs to it.
func hostLen(s string, mode urlMode, flags *URLFlags) int {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case alnumByte(c) || c == '.' || c == '-' || c == '_' || c == '%':
			i++
		case c == '/' || c == '\\' || c == ':' || c == '?' || c == '#':
			return i
		case c >= 0x80:
			n := hostRune(s[i:], flags)
			if n == 0 {
				return i
			}
			i += n
		case i > 0 && strings.HasPrefix(s[i:], maskedDot):
			*flags |= URLObscured | URLMasked
			i += len(maskedDot)
		case mode == urlInText || c <= ' ' || c == 0x7f:
			return i
		default:
			*flags |= URLObscured
			i++
		}
		if i > maxHost*3 {
			return i
		}
	}
	return len(s)
}

// rest takes path, query and fragment and returns the end of the URL.
func (p *urlParts) rest(s string, i int, mode urlMode) int {
	if i >= len(s) || !(s[i] == '/' || s[i] == '\\' || s[i] == '?' || s[i] == '#') {
		return i
	}
	end := len(s)
	if mode == urlInText {
		if s[i] == '\\' && p.flags&URLBackslash == 0 {
			if isEscape(s[i:]) {
				return i
			}
			if strings.HasPrefix(s[i:], escapedSlash) {
				p.plain = false
				i++
			}
		}
		end = i + textPathLen(s[i:])
	} else if n := strings.IndexAny(s[i:], " \t\r\n\v\f"); n >= 0 {
		end = i + n
	}
	r := s[i:end]
	if mode == urlInText && strings.Contains(r, escapedSlash) {
		r = strings.ReplaceAll(r, escapedSlash, "/")
		p.plain = false
	}
	if r != "" && (r[0] == '/' || r[0] == '\\') {
		p.slash = true
		if r[0] == '\\' {
			p.flags |= URLBackslash | URLObscured
			p.plain = false
		}
		r = r[1:]
		j := strings.IndexAny(r, "?#")
		if j < 0 {
			p.path = r
			return end
		}
		p.path, r = r[:j], r[j:]
	}
	if r != "" && r[0] == '?' {
		p.query, p.fragment, _ = strings.Cut(r[1:], "#")
	} else if r != "" {
		p.fragment = r[1:]
	}
	return end
}

func isMailto(s string) bool { return prefixFold(s, "mailto:") }

// parseMailto reads a mailto link; parameters behind "?" are kept as query.
func parseMailto(s string) (URL, bool) {
	rest := strings.TrimLeft(s[len("mailto:"):], "/\\ ")
	addr, query, _ := strings.Cut(rest, "?")
	if addr == "" && len(query) > 3 && prefixFold(query, "to=") {
		addr, query, _ = strings.Cut(query[3:], "&")
	}
	if i := strings.IndexAny(addr, ",;"); i >= 0 {
		addr = addr[:i]
	}
	if strings.IndexByte(addr, '%') >= 0 {
		addr = unescapeURL(addr, false)
	}
	u, ok := mailAddress(strings.TrimSpace(addr))
	u.Raw, u.Query = s, unescapeURL(query, true)
	return u, ok
}

// mailAddress makes the URL of an e-mail address.
func mailAddress(addr string) (URL, bool) {
	i := strings.LastIndexByte(addr, '@')
	if i <= 0 || i > 64+192 || i+1 == len(addr) {
		return URL{}, false
	}
	p := urlParts{scheme: "mailto", host: addr[i+1:]}
	if n := hostLen(p.host, urlInText, &p.flags); n != len(p.host) || n > maxHost {
		return URL{}, false
	}
	u, ok := p.url(addr)
	if !ok || u.noSuffix {
		return URL{}, false
	}
	u.User = addr[:i]
	u.Text = "mailto://" + u.User + "@" + u.Host
	return u, true
}
