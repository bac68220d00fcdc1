package mail

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/winnowmail/winnow/internal/publicsuffix"
)

// url checks the parts, puts them in normal form and makes the URL.
func (p *urlParts) url(raw string) (u URL, ok bool) {
	u = URL{Raw: raw, Count: 1, User: p.user, Password: p.password, Flags: p.flags}
	if u.Scheme, ok = knownScheme(p.scheme, &u.Flags); !ok {
		return URL{}, false
	}
	if p.port != "" {
		n, err := strconv.Atoi(p.port)
		if err != nil || n == 0 || n > 65535 {
			return URL{}, false
		}
		u.Port = n
		u.Flags |= URLHasPort
	}
	if u.Scheme == "tel" {
		return p.telephone(u)
	}
	if !u.setHost(p.host, p.bracket) {
		return URL{}, false
	}
	if u.noSuffix && (p.scheme == "" && !prefixFold(u.Host, "www.") || u.Flags&URLMissingSlashes != 0 || u.Scheme == "file") {
		return URL{}, false
	}
	if p.inText {
		u.Flags &^= URLNoTLD // text has many names that are no hosts; Rspamd takes none of them for a URL
	}
	if p.scheme == "" && u.Flags&URLNumeric != 0 && u.Flags&URLObscured != 0 {
		return URL{}, false // 1.2.3 or 40.5: just a number
	}
	u.Path = normalPath(u.visible(unescapeURL(p.path, true)))
	u.Query = u.visible(unescapeURL(p.query, true))
	u.Fragment = u.visible(unescapeURL(p.fragment, true))
	u.Text = p.text(&u)
	return u, true
}

// text writes the URL anew, or returns what was written if nothing changed.
func (p *urlParts) text(u *URL) string {
	if p.plain && u.Scheme == p.scheme && !p.bracket && u.Host == p.host && u.Path == p.path &&
		u.Query == p.query && u.Fragment == p.fragment {
		return u.Raw
	}
	var b strings.Builder
	b.Grow(len(u.Raw) + 8)
	b.WriteString(u.Scheme)
	b.WriteString("://")
	if u.Flags&URLHasUser != 0 {
		b.WriteString(u.User)
		if u.Password != "" {
			b.WriteByte(':')
			b.WriteString(u.Password)
		}
		b.WriteByte('@')
	}
	if strings.IndexByte(u.Host, ':') >= 0 {
		b.WriteString("[" + u.Host + "]")
	} else {
		b.WriteString(u.Host)
	}
	if u.Port != 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(u.Port))
	}
	if p.slash || u.Path != "" {
		b.WriteByte('/')
	}
	b.WriteString(u.Path)
	if u.Query != "" {
		b.WriteByte('?')
		b.WriteString(u.Query)
	}
	if u.Fragment != "" {
		b.WriteByte('#')
		b.WriteString(u.Fragment)
	}
	return b.String()
}

// knownScheme returns the scheme in normal form. Only schemes that name a
// host or a telephone are URLs here; hxxp and its like are unmasked.
func knownScheme(s string, flags *URLFlags) (string, bool) {
	switch s {
	case "http", "https", "ftp", "file", "mailto":
		return s, true
	case "":
		return "http", true
	}
	switch s = strings.ToLower(s); s {
	case "http", "https", "ftp", "file", "mailto", "tel":
		return s, true
	case "callto":
		return "tel", true
	case "hxxp", "h**p", "hxtp", "htxp", "hxxps", "h**ps", "meow":
		*flags |= URLObscured | URLMasked
		if s[len(s)-1] == 's' {
			return "https", true
		}
		return "http", true
	}
	return "", false
}

// telephone keeps only the digits of the number.
func (p *urlParts) telephone(u URL) (URL, bool) {
	var b []byte
	for i := range len(p.host) {
		if c := p.host[i]; digitByte(c) || c == '+' && len(b) == 0 {
			b = append(b, c)
		}
	}
	u.Host = string(b)
	u.Unicode, u.TLD = u.Host, strings.TrimPrefix(u.Host, "+")
	u.Text = "tel:" + u.Host
	return u, len(b) > 1
}

// setHost fills in all that follows from the host as written.
func (u *URL) setHost(h string, bracket bool) bool {
	h, ok := u.cleanHost(h)
	if !ok {
		return false
	}
	if ip, odd, ok := parseHostIP(h); ok {
		if odd {
			u.Flags |= URLObscured
		}
		u.Host = ip.String()
		u.Unicode, u.TLD = u.Host, u.Host
		u.Flags |= URLNumeric
		return true
	}
	if bracket && strings.IndexByte(h, ':') >= 0 {
		return false
	}
	u.Host, u.Unicode = h, h
	if !asciiOnly(h) {
		a, err := idna.Punycode.ToASCII(h)
		if err != nil || a == "" {
			return false
		}
		u.Host = a
		u.Flags |= URLUnicode
	} else if strings.Contains(h, "xn--") {
		if n, err := idna.Punycode.ToUnicode(h); err == nil {
			u.Unicode = n
		}
		u.Flags |= URLUnicode
	}
	if u.TLD, ok = publicsuffix.ESLD(u.Host); ok {
		u.Host = strings.TrimSuffix(u.Host, ".")
		u.Unicode = strings.TrimSuffix(u.Unicode, ".")
		return true
	}
	u.TLD = strings.TrimSuffix(u.Host, ".")
	u.noSuffix = true
	if strings.IndexByte(u.TLD, '.') >= 0 {
		u.Flags |= URLNoTLD // a single label is no failed attempt, as in Rspamd 4.1.6
	}
	return true
}

// cleanHost undoes what hides a host: percent escapes, zero-width characters,
// other characters that stand for a dot, compatibility forms, case.
func (u *URL) cleanHost(h string) (string, bool) {
	if strings.IndexByte(h, '%') >= 0 {
		h = unescapeURL(h, false)
		u.Flags |= URLObscured
	}
	if strings.Contains(h, maskedDot) {
		h = strings.ReplaceAll(h, maskedDot, ".")
	}
	lower := true
	ascii := true
	for i := range len(h) {
		c := h[i]
		if c <= ' ' || c == 0x7f {
			return "", false
		}
		lower = lower && !(c >= 'A' && c <= 'Z')
		ascii = ascii && c < 0x80
	}
	if !ascii {
		if !utf8.ValidString(h) {
			return "", false
		}
		h = u.foldHost(h)
	} else if !lower {
		h = strings.ToLower(h)
	}
	if h == "" || len(h) > maxHost || !(alnumByte(h[0]) || h[0] == '_' || h[0] == ':' || h[0] >= 0x80) || strings.Contains(h, "..") ||
		strings.ContainsAny(h, "/\\?#@ ") { // an escape or a compatibility form hid one of these
		return "", false
	}
	return h, true
}

func (u *URL) foldHost(h string) string {
	h = strings.Map(func(r rune) rune {
		switch {
		case isZeroWidth(r):
			u.Flags |= URLZeroWidth
			return -1
		case isDotLike(r):
			u.Flags |= URLObscured
			return '.'
		}
		return r
	}, h)
	return strings.ToLower(norm.NFKC.String(h))
}

// isZeroWidth tells characters that are not seen and hide a name from
// machines.
func isZeroWidth(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r == 0x2060 || r == 0xfeff || r == 0x00ad || r == 0x180e ||
		r >= 0x2061 && r <= 0x2064
}

// visible takes zero-width spaces and soft hyphens out of what stands behind the
// host. Those at its end are left over from copying and hide nothing.
func (u *URL) visible(s string) string {
	const zeroWidthSpace, softHyphen = "\u200b", "\u00ad"
	for strings.HasSuffix(s, zeroWidthSpace) || strings.HasSuffix(s, softHyphen) {
		s = strings.TrimSuffix(strings.TrimSuffix(s, zeroWidthSpace), softHyphen)
	}
	if !strings.Contains(s, zeroWidthSpace) && !strings.Contains(s, softHyphen) {
		return s
	}
	u.Flags |= URLZeroWidth
	return strings.ReplaceAll(strings.ReplaceAll(s, zeroWidthSpace, ""), softHyphen, "")
}

// isDotLike tells the full stops that IDNA takes for a dot (RFC 3490 section
// 3.1) and look-alikes that compatibility mapping turns into one.
func isDotLike(r rune) bool {
	return r == 0x3002 || r == 0xff0e || r == 0xff61 || r == 0x2024 || r == 0xfe52
}

// hostRune returns the length of the non-ASCII character at the beginning of
// s if it may stand in a host, else 0.
func hostRune(s string, flags *URLFlags) int {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError:
		return 0
	case isZeroWidth(r):
		*flags |= URLZeroWidth
		return n
	case isDotLike(r), unicode.IsLetter(r), unicode.IsNumber(r), unicode.IsMark(r), unicode.IsSymbol(r) && r != '｜', r == '－':
		return n
	}
	return 0
}

// parseHostIP reads a host that is an IP address in any of the spellings that
// browsers take: dotted, IPv6, and up to four decimal, octal or hexadecimal
// numbers of which the last fills what is left (inet_aton). odd is true for
// all but the ordinary dotted and the IPv6 form.
func parseHostIP(h string) (ip netip.Addr, odd, ok bool) {
	h = strings.TrimSuffix(h, ".")
	if h == "" || len(h) > 64 {
		return ip, false, false
	}
	if strings.IndexByte(h, ':') >= 0 {
		a, err := netip.ParseAddr(h)
		return a, false, err == nil && a.Zone() == ""
	}
	if !digitByte(h[0]) {
		return ip, false, false
	}
	if a, err := netip.ParseAddr(h); err == nil {
		return a, false, true
	}
	if strings.Count(h, ".") > 3 {
		return ip, false, false
	}
	var v uint32
	shift := 32
	for more := true; more; {
		var s string
		s, h, more = strings.Cut(h, ".")
		n, ok := parseNumber(s)
		if !ok {
			return ip, false, false
		}
		if !more {
			if shift < 32 && n >= 1<<shift {
				return ip, false, false
			}
			v |= n
			break
		}
		shift -= 8
		if n > 255 {
			return ip, false, false
		}
		v |= n << shift
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true, true
}

// parseNumber reads a C number, cut to 32 bits.
func parseNumber(s string) (uint32, bool) {
	base := 10
	switch {
	case prefixFold(s, "0x"):
		s, base = s[2:], 16
		if s == "" {
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	n, err := strconv.ParseUint(s, base, 64)
	return uint32(n), err == nil
}
