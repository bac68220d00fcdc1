package mail

import "strings"

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
