package mail

import (
	"net/netip"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/internal/steps"
)

// FindURLs calls f for each URL or address in text until f returns false. URLs
// are recognised by a scheme, by a leading "www." or "ftp.", and as bare host
// names under a listed public suffix, or under any behind "//"; addresses by
// their "@". Hosts that nobody can register are passed over; Message.URLs has
// them too, since browsers look them up all the same.
func FindURLs(text string, f func(u URL) bool) {
	finder{text: text, slashed: true}.find(func(u URL, _, _ int) bool { return impossible(u.Host) || f(u) })
}

// impossible tells host names of one label, and those that break the rules of
// RFC 1123 section 2.1 where that matters to their owner: a label that begins
// or ends with an underscore or ends with a dash, an underscore in the
// registrable domain, a dash in the top-level domain.
func impossible(host string) bool {
	labels := strings.Split(host, ".")
	for i, l := range labels {
		if strings.HasPrefix(l, "_") || strings.HasSuffix(l, "_") || strings.HasSuffix(l, "-") ||
			i >= len(labels)-2 && strings.Contains(l, "_") {
			return true
		}
	}
	tld := labels[len(labels)-1]
	return len(labels) == 1 && strings.IndexByte(tld, ':') < 0 || strings.Contains(tld, "-") && !strings.HasPrefix(tld, "xn--")
}

// A finder looks for URLs in one text. Every byte starts a bounded amount of
// work and what was taken is not looked at again, so the time is linear.
type finder struct {
	text   string
	strict bool // no bare hosts: text of HTML, as Rspamd does
	within int  // what gives a URL away is looked for in so many bytes; 0: in all
	// slashed takes hosts behind "//" whatever they end in.
	slashed bool
	// take, where it is set, counts the looks that found nothing, and ends the
	// search when it returns false.
	take func(steps int) bool
}

// perLook is what a look at a colon, a dot or a sign costs beside the bytes
// behind it that are read.
const perLook = 64

// find calls f with each URL and its place in the text.
func (d finder) find(f func(u URL, start, end int) bool) {
	text, look := d.text, d.text
	if d.within > 0 {
		look = text[:min(len(text), d.within)]
	}
	refused := steps.For(len(text))
	colon, dot, at := -1, -1, -1
	for fin := 0; fin < len(look); {
		colon, dot, at = next(look, colon, fin, ':'), next(look, dot, fin, '.'), next(look, at, fin, '@')
		i := min(colon, dot, at)
		if i == len(look) {
			return
		}
		var u URL
		var start, end int
		var ok bool
		switch i {
		case colon:
			u, start, end, ok = scheme(text, fin, i)
		case dot:
			u, start, end, ok = d.bareHost(fin, i)
		default:
			u, start, end, ok = address(text, fin, i)
		}
		if !ok {
			if d.take != nil && !d.take(perLook+max(0, end-i)) {
				return
			}
			// What was read and is none may hide others, but not without end.
			if end > i && !refused.Take(end-i) {
				fin = end
				continue
			}
			colon, dot, at = step(colon, i), step(dot, i), step(at, i)
			continue
		}
		if !f(u, start, end) {
			return
		}
		fin = max(end, i+1)
	}
}

// step marks the trigger at i as done: the next of its kind is looked for
// behind it.
func step(p, i int) int {
	if p == i {
		return -i - 2 // look again behind i
	}
	return p
}

// next returns the first c at or behind from, given what was known before:
// a position, or -i-2 for "behind i".
func next(s string, known, from int, c byte) int {
	if known >= from {
		return known
	}
	if known <= -2 {
		from = max(from, -known-2+1)
	}
	if from >= len(s) {
		return len(s)
	}
	if i := strings.IndexByte(s[from:], c); i >= 0 {
		return from + i
	}
	return len(s)
}

// scheme reads the URL whose scheme ends at the colon at i.
func scheme(s string, fin, i int) (u URL, start, end int, ok bool) {
	start = i
	for start > fin && i-start < 8 && (alphaByte(s[start-1]) || s[start-1] == '*') {
		start--
	}
	if n := i - start; n < 3 || n > 6 || start > 0 && alnumByte(s[start-1]) || i+3 > len(s) {
		return u, 0, 0, false
	}
	var flags URLFlags
	name, ok := knownScheme(s[start:i], &flags)
	if !ok || start > 0 && s[start-1] == '_' {
		return u, 0, 0, false
	}
	switch name {
	case "file": // of links only: text that has them is about building software
		return u, 0, 0, false
	case "mailto":
		end = i + 1 + mailtoLen(s[i+1:])
		u, ok = parseMailto(s[start:end])
		return u, start, end, ok
	case "tel":
		return telephoneText(s, start, i)
	}
	p, n, ok := splitURL(s[start:], urlInText)
	if !ok {
		return u, start, start + p.seen, false
	}
	end = start + n
	if unopened(s, start, end) {
		return u, start, end, false
	}
	if u, ok = p.url(s[start:end]); !ok {
		end = max(end, start+p.seen)
	}
	return u, start, end, ok
}

// unopened reports whether a URL ends at an angle bracket that was not opened
// before it: then it belongs to something else.
func unopened(s string, start, end int) bool {
	return end < len(s) && s[end] == '>' && !(start > 0 && s[start-1] == '<')
}

// mailtoLen returns how far the address and the parameters of a mailto link
// in running text reach.
func mailtoLen(s string) int {
	i := 0
	for i < len(s) && i < maxHost+64 && (mailByte(s[i]) || s[i] == '@' || s[i] >= 0x80 || s[i] == '/') {
		i++
	}
	if i < len(s) && s[i] == '?' {
		return i + textPathLen(s[i:])
	}
	return len(strings.TrimRight(s[:i], ".,'\""))
}

// telephoneText reads "tel:" and what looks like a number behind it.
func telephoneText(s string, start, colon int) (u URL, _, end int, ok bool) {
	i := colon + 1
	for i < len(s) && i-colon < 64 && (digitByte(s[i]) || s[i] == '+' || s[i] == '-' || s[i] == '.' || s[i] == '(' || s[i] == ')') {
		i++
	}
	p := urlParts{scheme: "tel", host: s[colon+1 : i]}
	u, ok = p.url(s[start:i])
	return u, start, i, ok
}

// bareHost reads a URL without scheme around the dot at i: one that begins
// with www. or ftp., or whose last label, behind this dot, is a top-level
// domain.
func (d finder) bareHost(fin, i int) (u URL, start, end int, ok bool) {
	s := d.text
	seen := 0
	if i-3 >= fin && (prefixFold(s[i-3:], "www.") || prefixFold(s[i-3:], "ftp.")) && mayStart(s, i-3) {
		if u, start, end, ok = hostAt(s, i-3, i, ""); ok || d.strict {
			return u, start, end, ok
		}
		seen = end
	}
	if d.strict {
		return u, 0, 0, false
	}
	u, start, end, ok = d.underTLD(fin, i)
	return u, start, max(end, seen), ok
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
	p := urlParts{flags: URLSchemeless, scheme: scheme}
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
		r, _ := utf8.DecodeRuneInString(s[k:])
		return isBidiControl(r) || unicode.IsSpace(r) || isCJK(r)
	}
	return spaceByte(s[k])
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
			if cjk, punctuation := endsCJK(s[:p]); punctuation || cjk && s[p] < 0x80 {
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
	if cjk, _ := endsCJK(s[:p]); cjk && alnumByte(s[p]) {
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

// address reads the e-mail address around the "@" at i.
func address(s string, fin, i int) (u URL, start, end int, ok bool) {
	if i < 1 || i+2 >= len(s) || !alnumByte(s[i-1]) || !alnumByte(s[i+1]) && s[i+1] < 0x80 {
		return u, 0, 0, false
	}
	start = i
	for start > fin && i-start <= 256 && mailByte(s[start-1]) {
		start--
	}
	for start < i && !alnumByte(s[start]) {
		start++
	}
	var flags URLFlags
	end = i + 1 + hostLen(s[i+1:], urlInText, &flags)
	end = i + 1 + cutCJK(s[i+1:end])
	for end > i+1 && !alnumByte(s[end-1]) && s[end-1] < 0x80 {
		end--
	}
	if start == i || i-start > 64 || strings.Trim(s[i+1:end], "0123456789") == "" {
		return u, 0, 0, false // "cpu@0" is no address, nor is a font's "wght@500"
	}
	u, ok = mailAddress(s[start:end])
	u.Flags |= URLSchemeless
	return u, start, end, ok
}

// mailByte tells bytes that may stand in the local part of an address in
// running text.
func mailByte(c byte) bool {
	if alnumByte(c) {
		return true
	}
	switch c {
	case '!', '"', '#', '$', '%', '\'', '*', '+', ',', '-', '.', '/', '\\', '^', '_', '{', '|', '}', '~':
		return true
	}
	return false
}

// A seam is a place where bytes were left out of a text.
type seam struct{ at, skipped int }

// joinLines returns text as a reader of URLs takes it: zero-width spaces
// left out, and URLs in angle brackets that go on in the next line joined.
// seams tell what was left out, to find places in the original again.
func joinLines(text string) (joined string, seams []seam) {
	wraps := false
	for i := 0; !wraps; {
		j := strings.IndexByte(text[i:], '<')
		if j < 0 {
			break
		}
		i += j + 1
		wraps = wrapEnd(text, i) > 0
	}
	if !wraps && !strings.Contains(text, "\u200b") {
		return text, nil
	}
	var b strings.Builder
	b.Grow(len(text))
	skipped, from := 0, 0
	skip := func(i, n int) {
		b.WriteString(text[from:i])
		skipped += n
		seams = append(seams, seam{b.Len(), skipped})
		from = i + n
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '<':
			if e := wrapEnd(text, i+1); e > 0 {
				n := 1
				if text[e] == '\r' {
					n = 2
				}
				skip(e, n)
				i = e + n - 1
			}
		case "\u200b"[0]:
			if strings.HasPrefix(text[i:], "\u200b") {
				skip(i, 3)
				i += 2
			}
		}
	}
	b.WriteString(text[from:])
	return b.String(), seams
}

// wrapEnd returns where the line ends that holds an open angle bracket before
// i with a URL behind it, 0 if the line is not of that kind.
func wrapEnd(s string, i int) int {
	if i+7 > len(s) || !(prefixFold(s[i:], "http") || prefixFold(s[i:], "www.") || prefixFold(s[i:], "ftp:")) {
		return 0
	}
	for j := i; j < len(s) && j-i < 2048; j++ {
		switch c := s[j]; {
		case c == '\n' || c == '\r' && j+1 < len(s) && s[j+1] == '\n':
			return j
		case c <= ' ' || c == '>' || c == '<':
			return 0
		}
	}
	return 0
}

// original maps a place in the joined text to the text it was made from.
func original(seams []seam, i int) int {
	k := sort.Search(len(seams), func(k int) bool { return seams[k].at > i })
	if k == 0 {
		return i
	}
	return i + seams[k-1].skipped
}
