package mail

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/publicsuffix"
)

// bareHost reads a URL without scheme around the dot at i: one that begins
// with www. or ftp., or whose last label, behind this dot, is a top-level
// domain.
func (d finder) bareHost(fin, i int) (u URL, start, end int, ok bool) {
	s := d.text
	seen := 0
	if i-3 >= fin && (prefixFold(s[i-3:], "www.") || prefixFold(s[i-3:], "ftp.")) && (mayStart(s, i-3) || labelled(s, i-3)) {
		if u, start, end, ok = hostAt(s, i-3, i, ""); ok || d.strict {
			return u, start, end, ok
		}
		seen = end
	}
	if d.strict {
		if k := labelEnd(s, i+1); !d.paths || k == len(s) || s[k] != '/' {
			return u, 0, 0, false
		}
	}
	u, start, end, ok = d.underTLD(fin, i)
	return u, start, max(end, seen), ok && (!d.strict || u.Path != "")
}

// underTLD reads the bare host whose last label begins behind the dot at i.
func (d finder) underTLD(fin, i int) (u URL, start, end int, ok bool) {
	s := d.text
	k := labelEnd(s, i+1)
	if u, start, end, ok = bareIP(s, fin, i); ok {
		return u, start, end, true
	}
	if k-i < 3 || !hostEnds(s, k) {
		return u, 0, 0, false
	}
	if !publicsuffix.IsTLD(strings.ToLower(s[i+1 : k])) {
		if !d.slashed {
			return u, 0, 0, false
		}
		return d.slashedHost(fin, i)
	}
	start, ok = hostStart(s, fin, i)
	if !ok {
		return d.slashedHost(fin, i)
	}
	return hostAt(s, start, i, "")
}

// labelEnd returns where the label that begins at i ends. One that begins in
// ASCII ends where CJK text touches it.
func labelEnd(s string, i int) int {
	k := i
	for k < len(s) && k-i < 64 && (alnumByte(s[k]) || s[k] == '-' || s[k] >= 0x80) {
		if s[k] >= 0x80 {
			r, n := utf8.DecodeRuneInString(s[k:])
			if !unicode.IsLetter(r) && !unicode.IsMark(r) || s[i] < 0x80 && isCJK(r) {
				break
			}
			k += n
			continue
		}
		k++
	}
	return k
}

// slashedHost reads a URL that only lacks its scheme, as in "//example.org":
// the bare host around the dot at i.
func (d finder) slashedHost(fin, i int) (u URL, start, end int, ok bool) {
	s := d.text
	start = i
	for start > fin && i-start < maxHost && (alnumByte(s[start-1]) || s[start-1] == '-' || s[start-1] == '.') {
		start--
	}
	if start-2 < fin || s[start-2:start] != "//" || start == i || !alnumByte(s[start]) ||
		start > 2 && !spaceByte(s[start-3]) && !openByte(s[start-3]) {
		return u, 0, 0, false
	}
	scheme := ""
	if d.slashed {
		scheme = "http"
	}
	if u, _, end, ok = hostAt(s, start, i, scheme); ok {
		start -= 2
		u.Raw = s[start:end]
	}
	return u, start, end, ok
}

// bareIP reads an IPv4 address whose first dot is at i if a path that begins
// with a letter follows: "192.0.2.1/a", but not the prefix "192.0.2.0/24".
func bareIP(s string, fin, i int) (u URL, start, end int, ok bool) {
	start, end = i, i
	for start > fin && digitByte(s[start-1]) && i-start < 4 {
		start--
	}
	for end < len(s) && end-i < 13 && (digitByte(s[end]) || s[end] == '.') {
		end++
	}
	if start == i || end+1 >= len(s) || s[end] != '/' || !alphaByte(s[end+1]) || !mayStart(s, start) {
		return u, 0, 0, false
	}
	if ip, err := netip.ParseAddr(s[start:end]); err != nil || !ip.Is4() {
		return u, 0, 0, false
	}
	return hostAt(s, start, i, "")
}

// hostAt reads the URL that begins at start and covers at least the dot. One
// without a scheme needs a known suffix.
func hostAt(s string, start, dot int, scheme string) (u URL, _, end int, ok bool) {
	p := urlParts{flags: URLSchemeless, scheme: scheme, inText: true}
	i, ok := p.hostPort(s, start, urlInText)
	if !ok || i <= dot || i < len(s) && s[i] == '@' {
		return u, start, p.seen, false
	}
	end = p.rest(s, i, urlInText)
	if prefixFold(p.host, "ftp.") {
		p.scheme = "ftp"
	}
	if n := len(strings.TrimRight(p.host, ".")); end == i && n < len(p.host) && p.port == "" {
		end -= len(p.host) - n
		p.host = p.host[:n]
	}
	if end <= i && p.port == "" {
		if end, ok = p.brokenHost(end); !ok || end <= dot {
			return u, start, i, false
		}
	}
	if unopened(s, start, end) {
		return u, start, end, false
	}
	u, ok = p.url(s[start:end])
	return u, start, end, ok
}

// mayStart tells whether a host with a telling prefix may begin at i: at the
// beginning, behind white space, an opening bracket or a foreign letter.
func mayStart(s string, i int) bool {
	return i == 0 || spaceByte(s[i-1]) || openByte(s[i-1]) || s[i-1] >= 0x80
}

// labelled reports whether a host that begins with "www." stands at i behind what
// ends a label or the field before it, "Web:www.example.org;Shop=www.example.com", or
// behind the escape of a line end.
func labelled(s string, i int) bool {
	if i == 0 || !prefixFold(s[i:], "www.") {
		return false
	}
	return strings.IndexByte(`:=,;|"*`, s[i-1]) >= 0 || i > 1 && s[i-2] == '\\' && strings.IndexByte("nrt", s[i-1]) >= 0
}

func openByte(c byte) bool {
	return c == '(' || c == '{' || c == '[' || c == '<' || c == '\'' || c == '>'
}

// hostEnds tells whether a bare host may end at k.
func hostEnds(s string, k int) bool {
	if k == len(s) {
		return true
	}
	if s[k] == '.' {
		if k++; k == len(s) {
			return true
		}
		return spaceByte(s[k]) || s[k] == '/' || s[k] == '?' || s[k] == ':'
	}
	switch s[k] {
	case '/', ':', ')', '}', ']', '>', '\'', '<':
		return true
	}
	if s[k] >= 0x80 {
		r, n := utf8.DecodeRuneInString(s[k:])
		if isQuotation(r) { // which ends none in other texts, as one of ASCII
			next, _ := utf8.DecodeRuneInString(s[k+n:])
			return isCJK(next)
		}
		return isBidiControl(r) || unicode.IsSpace(r) || isCJK(r)
	}
	return spaceByte(s[k])
}

// isQuotation tells the quotation marks and dashes of typography, which Chinese uses
// too.
func isQuotation(r rune) bool {
	return r == '…' || r >= '–' && r <= '—' || r >= '‘' && r <= '‟'
}

// opensHost reports whether s ends with a sign of typography that may stand before a
// bare host: a quotation mark that is no apostrophe, a dash, an ellipsis, or the number
// of an item.
func opensHost(s string) bool {
	if s == "" || s[len(s)-1] < 0x80 {
		return false
	}
	r, n := utf8.DecodeLastRuneInString(s)
	if r == '’' {
		before, _ := utf8.DecodeLastRuneInString(s[:len(s)-n])
		return !unicode.IsLetter(before)
	}
	return isQuotation(r) || r >= '①' && r <= '⒛'
}

// hostStart finds where the bare host around the dot at i begins.
func hostStart(s string, fin, i int) (int, bool) {
	p := i
	for ; p > fin && i-p <= maxHost; p-- {
		c := s[p-1]
		if c == '.' && !(alnumByte(s[p]) || s[p] >= 0x80) {
			return 0, false
		}
		if !(alnumByte(c) || c == '-' || c == '.' || c == '_' || c == '%' || c >= 0x80) {
			break
		}
		if c >= 0x80 && (alnumByte(s[p]) || s[p] >= 0x80) {
			if cjk, punctuation := endsCJK(s[:p]); punctuation || cjk && s[p] < 0x80 || opensHost(s[:p]) {
				break
			}
		}
	}
	if p == i || i-p > maxHost {
		return 0, false
	}
	if p == 0 {
		return p, s[0] != '.' && s[0] != '_' && s[0] != '-'
	}
	if cjk, _ := endsCJK(s[:p]); (cjk || opensHost(s[:p])) && alnumByte(s[p]) {
		return p, true
	}
	if p == fin && !spaceByte(s[p-1]) {
		return 0, false
	}
	// Invisible and direction marks before a name don't belong to it.
	for s[p] >= 0x80 {
		r, n := utf8.DecodeRuneInString(s[p:])
		if !isBidiControl(r) && !isZeroWidth(r) {
			break
		}
		p += n
		if alnumByte(s[p]) {
			return p, true
		}
	}
	return p, alnumByte(s[p]) && (spaceByte(s[p-1]) || openByte(s[p-1]))
}
