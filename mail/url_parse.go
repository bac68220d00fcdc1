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
