package mail

import (
	"strings"
	"unicode"

	"github.com/winnowmail/winnow/internal/publicsuffix"
)

// base takes the first <base href> as what relative targets belong to.
func (t *htmlTree) base(b *Block) {
	href, ok := b.Attr("href")
	if !ok || t.h.Base != nil {
		return
	}
	if u, ok := parseHref(href); ok {
		t.h.Base = &u
		t.resolveEarlier()
	}
}

// resolveEarlier gives targets that stand before the base what they belong to: it
// holds for all of a document (HTML Standard, section 2.4.3). Rspamd 4.1.6 leaves
// them.
func (t *htmlTree) resolveEarlier() {
	if t.exact {
		return
	}
	for _, l := range t.h.Links {
		if l.URL == nil || l.URL.Flags&URLSchemeless != 0 && !strings.Contains(l.URL.Host, ".") {
			t.resolve(l)
		}
	}
}

// target notes the target of an element that may have one.
func (t *htmlTree) target(b *Block) {
	href := ""
	found := false
	for i := range b.Attrs {
		if n := b.Attrs[i].Name; n == "href" || n == "action" {
			href, found = b.Attrs[i].Value, true
			break
		}
	}
	if !found {
		return
	}
	l := &Link{Tag: b.Tag, Href: href, Block: b}
	b.link = l
	t.h.Links = append(t.h.Links, l)
	t.resolve(l)
}

// resolve parses the target of a link.
func (t *htmlTree) resolve(l *Link) {
	href := l.Href
	if base := t.h.Base; base != nil && !absoluteHref(href) {
		if prefixFold(href, "data:") {
			return
		}
		var ok bool
		if href, ok = t.join(href); !ok {
			return
		}
	}
	if u, ok := parseHref(href); ok {
		u.Source = SourceHTML
		if l.Tag != "a" {
			u.Flags |= URLSpecial
		}
		l.URL = &u
	}
}

// absoluteHref reports whether href has a scheme of its own.
func absoluteHref(href string) bool {
	i := 0
	for i < len(href) && alnumByte(href[i]) {
		i++
	}
	if i == 0 || i == len(href) || href[i] != ':' {
		return false
	}
	if href[:i] == "mailto" {
		return true
	}
	return i+1 < len(href) && (href[i+1] == '/' || href[i+1] == '\\')
}

// join puts a relative target behind the base. What the base adds is counted: one
// long base would otherwise make many short targets as long each.
func (t *htmlTree) join(href string) (string, bool) {
	if !t.take(len(t.h.Base.Text)) {
		return "", false
	}
	return joinHref(t.h.Base, href), true
}

// joinHref puts a relative target behind the base, as Rspamd 4.1.6 does:
// without resolving it.
func joinHref(base *URL, href string) string {
	if strings.HasPrefix(href, "//") {
		return base.Scheme + ":" + href
	}
	if base.Path == "" {
		return strings.TrimSuffix(base.Text, "/") + "/" + strings.TrimPrefix(href, "/")
	}
	return base.Text + href
}

// parseHref reads the value of an attribute as a URL. White space inside it is
// dropped, escapes of the URL's delimiters are undone, quotes that a program
// escaped for itself (href='\"http://example.org/\"') don't belong to it, and a
// value without scheme is taken as a host if it has a known suffix.
func parseHref(href string) (URL, bool) {
	trimmed := strings.TrimFunc(href, unicode.IsSpace)
	raw := strings.TrimFunc(trimmed, func(r rune) bool { return r < ' ' || unicode.IsSpace(r) }) // URL Standard
	if strings.HasPrefix(raw, `\"`) || strings.HasPrefix(raw, `\'`) {
		raw = strings.TrimSuffix(raw[2:], raw[:2])
	}
	if len(raw) > maxURL {
		raw = raw[:maxURL]
	}
	prefix, ok := hrefPrefix(raw)
	if !ok {
		return URL{}, false
	}
	s, odd := cleanHref(raw)
	odd = odd || trimmed != "" && trimmed[0] < ' '
	if isMailto(prefix + s) {
		u, ok := parseMailto(prefix + s)
		u.Raw = raw
		return u, ok
	}
	p, _, ok := splitURL(prefix+s, urlInHref)
	if !ok || p.scheme == "" {
		return URL{}, false
	}
	p.plain = p.plain && prefix == "" && s == raw
	u, ok := p.url(raw)
	if !ok {
		return URL{}, false
	}
	if odd {
		u.Flags |= URLObscured
	}
	if prefix != "" {
		u.Flags |= URLSchemeless
		if u.Flags&(URLNoTLD|URLNumeric) != 0 {
			return URL{}, false
		}
	}
	return u, true
}

// hrefPrefix returns what is missing in front of a target without scheme; ok is
// false if it can't be a URL.
func hrefPrefix(s string) (prefix string, ok bool) {
	if strings.Contains(s, "://") || strings.HasPrefix(s, "mailto:") || strings.HasPrefix(s, "tel:") || strings.HasPrefix(s, "callto:") {
		return "", true
	}
	for i := range len(s) {
		c := s[i]
		if c >= 0x80 || alnumByte(c) {
			continue
		}
		switch {
		case i == 0 && len(s) > 2 && slashByte(c) && slashByte(s[1]):
			return "http:", true
		case i == 0:
			return "", false
		case c == '@':
			return "mailto://", true
		case c == ':':
			return "", true
		}
		if rest := strings.TrimLeftFunc(s[i:], inLocalPart); strings.HasPrefix(rest, "@") {
			return "mailto://", true
		}
		return "http://", true
	}
	return "", true
}

// slashByte tells what browsers take for a slash (URL Standard, section 4.4).
func slashByte(c byte) bool { return c == '/' || c == '\\' }

// inLocalPart reports whether a character may stand in the name of a host as well
// as before the @ of an address, as in "ann.doe+list@example.org".
func inLocalPart(r rune) bool {
	return r >= 0x80 || alnumByte(byte(r)) || r == '.' || r == '-' || r == '_' || r == '+'
}

// cleanHref drops white space and undoes escapes of delimiters; odd tells
// that there were control characters.
func cleanHref(s string) (clean string, odd bool) {
	dirty := false
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '%' {
			dirty = true
			break
		}
	}
	if !dirty {
		return s, false
	}
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case spaceByte(c):
		case c < ' ' || c == 0x7f:
			const digits = "0123456789abcdef"
			b = append(b, '%', digits[c>>4], digits[c&15])
			odd = true
		case c == '%' && i+2 < len(s) && hexByte(s[i+1]) && hexByte(s[i+2]):
			switch v := hexValue(s[i+1])<<4 | hexValue(s[i+2]); v {
			case '@', ':', '|', '?', '\\', '/':
				b = append(b, v)
				i += 2
			default:
				b = append(b, c)
			}
		default:
			b = append(b, c)
		}
	}
	return string(b), odd
}

// show compares what the text of a link shows with where it leads: a URL at
// the beginning of the text whose registrable domain is another than the
// target's makes the target phished, unless the target passes the request on
// to the domain shown. Links may stand in links, so that they have the same
// text: what of it is looked at is counted.
func (t *htmlTree) show(l *Link) {
	text := strings.TrimFunc(l.Text, func(r rune) bool { return unicode.IsSpace(r) || isZeroWidth(r) })
	if l.URL == nil || len(text) <= 4 || l.Tag != "a" || !t.take(min(len(text), maxShown)) {
		return
	}
	var shown URL
	found := false
	finder{text: text, within: maxShown, take: t.take}.find(func(u URL, start, end int) bool {
		shown, found = u, start == 0
		t.take(end - start)
		return false
	})
	if !found {
		return
	}
	shown.Source = SourceHTML
	shown.Flags |= URLHTMLDisplayed
	l.Shown = &shown
	l.URL.Flags |= URLShows
	u := l.URL
	if transfers(&shown) != transfers(u) || u.Scheme == "tel" || shown.Scheme == "tel" {
		return
	}
	if strings.EqualFold(shown.Unicode, u.Unicode) || strings.EqualFold(esld(&shown), esld(u)) ||
		under(esld(&shown), esld(u)) || passesOn(u, esld(&shown)) || brokenOff(&shown, u) {
		return
	}
	l.Phished = true
	u.Flags |= URLPhished
	u.Phished = l.Shown
}

// brokenOff reports whether the shown host is the beginning of the target's and
// was cut off in the registrable domain: "https://www.exam" for www.example.org.
func brokenOff(shown, target *URL) bool {
	return shown.noSuffix && shown.Host != "" && strings.HasPrefix(target.Host, shown.Host) &&
		len(shown.Host) > len(target.Host)-len(target.TLD)
}

// maxShown is how far from the beginning of a text the colon, the dot or the
// sign is by which a URL at the beginning is found.
const maxShown = 2 * maxHost

// transfers reports whether a URL fetches something.
func transfers(u *URL) bool {
	return u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ftp"
}

// esld returns the registrable domain in Unicode.
func esld(u *URL) string { return publicsuffix.ESLDOrSelf(u.Unicode) }

// under reports whether one name lies under the other.
func under(a, b string) bool {
	return strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a)
}

// maxQueryNesting is how many URLs deep queries are followed.
const maxQueryNesting = 5

// passesOn reports whether the only URL in the query of u, or in that one's
// query and so on, leads to the domain.
func passesOn(u *URL, domain string) bool {
	cur := *u
	leaf := false
	for range maxQueryNesting {
		if cur.Query == "" {
			break
		}
		var in []URL
		cur.findInQuery(func(f URL) bool {
			if transfers(&f) {
				in = append(in, f)
			}
			return len(in) < 2
		})
		if len(in) == 0 {
			break
		}
		if len(in) > 1 {
			return false
		}
		cur, leaf = in[0], true
	}
	d := esld(&cur)
	return leaf && (strings.EqualFold(d, domain) || under(d, domain))
}
