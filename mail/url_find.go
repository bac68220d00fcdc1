package mail

import (
	"strings"

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
	paths  bool // of bare hosts those with a path, where strict
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
	start, escaped := schemeStart(s, fin, i)
	if n := i - start; n < 3 || n > 6 || start > 0 && alnumByte(s[start-1]) && !escaped || i+3 > len(s) {
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

// schemeStart finds where the scheme begins that ends at the colon at i: behind what
// is no letter, the asterisks of a bold text, and the escape of a line end or a
// blank in source code.
func schemeStart(s string, fin, i int) (start int, escaped bool) {
	start = i
	for start > fin && i-start < 8 && (alphaByte(s[start-1]) || s[start-1] == '*') {
		start--
	}
	for start < i && s[start] == '*' {
		start++
	}
	if start > fin && start < i && s[start-1] == '\\' && strings.IndexByte("nrt", s[start]) >= 0 {
		return start + 1, true
	}
	return start, false
}

// unopened reports whether a URL ends at an angle bracket that was not opened
// before it: then it belongs to something else, unless it is the value of an
// attribute ("<a href=http://example.org>") or has the prefix of RFC 3986
// appendix C ("<URL:http://example.org>").
func unopened(s string, start, end int) bool {
	if end >= len(s) || s[end] != '>' {
		return false
	}
	return start == 0 || s[start-1] != '<' && s[start-1] != '=' && !suffixFold(strings.TrimRight(s[max(0, start-len("<URL:  ")):start], " "), "<url:")
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
	n, _ := textHostLen(s[i+1:], &flags)
	end = i + 1 + n
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
