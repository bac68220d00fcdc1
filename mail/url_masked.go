package mail

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/internal/publicsuffix"
)

// maxMasked bounds the masked URLs of a message, as in Rspamd 4.1.6.
const maxMasked = 20

// findMasked calls f for URLs that are written so that programs pass over them
// and people don't: dots in brackets ("example[.]org", "example (dot) org"),
// dots as words ("example dot org"), a scheme with blanks ("h t t p : / /").
// A host is what is written there and nothing around it, has a known suffix,
// and for bare words one that is no word of a sentence: "polka dot dress" is
// none.
func findMasked(text string, f func(u URL, start, end int) bool) {
	from := 0 // what stands before was taken
	for i := 0; i < len(text); i++ {
		if !maskedMark(text[i]) {
			continue
		}
		var u URL
		var start, end int
		ok := false
		if text[i] == ':' {
			u, start, end, ok = spacedScheme(text, i)
		} else if isMaskedColon(text[i:]) {
			u, start, end, ok = maskedColon(text, i)
		} else if at := blanksFrom(text, from, i); at > 0 && alnumByte(text[at-1]) {
			if n, _ := maskedDotLen(text[at:]); n > 0 {
				u, start, end, ok = maskedHost(text, at)
			}
		}
		if !ok {
			continue
		}
		if !f(u, start, end) {
			return
		}
		from, i = end, end-1
	}
}

// maskedMark reports whether c may be the first byte of a masked dot behind its
// blanks, or the colon behind a scheme.
func maskedMark(c byte) bool {
	return c == '(' || c == ':' || c == '[' || c == '{' || c|0x20 == 'd'
}

// maskedColonLen is the length of a colon in brackets and the slashes behind it.
const maskedColonLen = len("[:]//")

// isMaskedColon reports whether s begins with a colon in brackets and two slashes.
func isMaskedColon(s string) bool {
	return strings.HasPrefix(s, "[:]//") || strings.HasPrefix(s, "(:)//")
}

// maskedColon reads the URL around the masked colon at i, whose host is written as it
// is: where that is masked, too, its dots tell.
func maskedColon(s string, i int) (u URL, start, end int, ok bool) {
	const longest = 10 // of schemes
	for start = i; start > 0 && i-start < longest && (alphaByte(s[start-1]) || s[start-1] == '*'); start-- {
	}
	host := i + maskedColonLen
	for end = host; end < len(s) && end-host < maxHost && (hostByte(s[end]) || s[end] == '.'); end++ {
	}
	name := strings.TrimRight(s[host:end], ".")
	end = host + len(name)
	if _, registrable := publicsuffix.ESLD(name); start == i || !registrable {
		return u, 0, 0, false
	}
	if end < len(s) && s[end] == '/' {
		end += textPathLen(s[end:])
	}
	u, ok = maskedURL(s[start:i], s[host:end], s[start:end])
	return u, start, end, ok
}

// blanksFrom returns where the blanks before i begin, not before from.
func blanksFrom(s string, from, i int) int {
	for i > from && (s[i-1] == ' ' || s[i-1] == '\t') {
		i--
	}
	return i
}

// maskedDotLen returns the length of a masked dot at the beginning of s with the
// blanks around it, and whether it is a bare word; 0 if there is none.
func maskedDotLen(s string) (n int, word bool) {
	i := blanks(s)
	if i == len(s) {
		return 0, false
	}
	end := byte(0)
	switch s[i] {
	case '[':
		end = ']'
	case '(':
		end = ')'
	case '{':
		end = '}'
	}
	if end == 0 {
		if i == 0 || !ascii.HasPrefixFold(s[i:], "dot") {
			return 0, false
		}
		if j := blanks(s[i+3:]); j > 0 {
			return i + 3 + j, true
		}
		return 0, false
	}
	i++
	i += blanks(s[i:])
	switch {
	case ascii.HasPrefixFold(s[i:], "dot"):
		i += 3
	case strings.HasPrefix(s[i:], "."):
		i++
	default:
		return 0, false
	}
	i += blanks(s[i:])
	if i == len(s) || s[i] != end {
		return 0, false
	}
	i++
	return i + blanks(s[i:]), false
}

// blanks counts the blanks at the beginning of s, at most three.
func blanks(s string) int {
	n := 0
	for n < len(s) && n < 3 && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	return n
}

// maskedHost reads the URL around the masked dot at i.
func maskedHost(s string, i int) (u URL, start, end int, ok bool) {
	start = i
	for start > 0 && i-start < maxHost && (alnumByte(s[start-1]) || s[start-1] == '-' || s[start-1] == '.') {
		start--
	}
	if start == i || !alnumByte(s[start]) || !alnumByte(s[i-1]) {
		return u, 0, 0, false
	}
	host := []byte(s[start:i])
	words, dots := 0, 0
	for end = i; len(host) < maxHost && dots < 10; dots++ {
		n, word := maskedDotLen(s[end:])
		if n == 0 && end < len(s) && s[end] == '.' {
			n, word = 1, false
		}
		label := ascii.Span(s[min(end+n, len(s)):], hostByte)
		if n == 0 || label == 0 || label > 63 {
			break
		}
		if word {
			words++
		}
		host = append(append(host, '.'), s[end+n:end+n+label]...)
		end += n + label
	}
	if dots == 0 { // nothing is masked by a dot that ends a host
		return u, 0, 0, false
	}
	scheme, from := schemeBefore(s, start)
	if _, registrable := publicsuffix.ESLD(string(host)); !registrable || isAddress(s[:from], words > 0) {
		return u, 0, 0, false
	}
	rest := 0
	if end < len(s) && s[end] == '/' {
		rest = textPathLen(s[end:])
	}
	if words > 0 && scheme == "" && rest == 0 && !spelledHost(string(host), dots, s[end:]) {
		return u, 0, 0, false
	}
	u, ok = maskedURL(scheme, string(host)+s[end:end+rest], s[from:end+rest])
	return u, from, end + rest, ok && (scheme != "" || rest > 0 || !isFileName(string(host)))
}

func hostByte(c byte) bool { return alnumByte(c) || c == '-' }

// maskedURL makes the URL of what stands behind its scheme.
func maskedURL(scheme, rest, raw string) (URL, bool) {
	var flags URLFlags
	name, ok := knownScheme(scheme, &flags)
	if !ok {
		return URL{}, false
	}
	p, _, ok := splitURL(name+"://"+rest, urlInText)
	if !ok {
		return URL{}, false
	}
	p.plain = false
	p.flags |= flags | URLObscured | URLMasked
	if scheme == "" {
		p.flags |= URLSchemeless
	}
	u, ok := p.url(raw)
	return u, ok && !u.noSuffix
}

// schemeBefore returns the scheme that ends with "://" at i and where it begins.
func schemeBefore(s string, i int) (scheme string, from int) {
	if !strings.HasSuffix(s[:i], "://") {
		return "", i
	}
	from = i - len("://")
	for from > 0 && i-from < 11 && (alphaByte(s[from-1]) || s[from-1] == '*') {
		from--
	}
	return s[from : i-len("://")], from
}

// isAddress reports whether what stands before a host makes it the domain of
// a masked mail address.
func isAddress(before string, words bool) bool {
	before = strings.TrimRight(before, " \t")
	for _, at := range [...]string{"@", "(at)", "[at]", "{at}"} {
		if len(before) >= len(at) && strings.EqualFold(before[len(before)-len(at):], at) {
			return true
		}
	}
	if !words || len(before) < 4 || !strings.EqualFold(before[len(before)-3:], " at") {
		return false
	}
	before = strings.TrimRight(before[:len(before)-3], " \t")
	word := before[strings.LastIndexAny(before, " \t\r\n")+1:]
	return !slices.Contains([]string{"us", "me", "it", "them", "look", "is", "are", "site", "website", "page", "shop", "online",
		"available", "found", "located", "here", "now", "more", "order", "buy", "info", "details", "find", "visit", "live"}, strings.ToLower(word))
}

// spelledHost reports whether a host whose dots are words is meant as one: it
// has two dots or more, or ends in a top-level domain that is no word, does not
// begin with one that stands before nouns, and no "dot com boom" follows.
func spelledHost(host string, dots int, after string) bool {
	host = strings.ToLower(host)
	i := strings.LastIndexByte(host, '.')
	if strings.HasPrefix(host, "www.") || dots > 1 && i > 0 {
		return true
	}
	if !slices.Contains([]string{"com", "net", "org", "info", "biz", "edu", "gov", "mil", "xyz", "icu", "io", "tv", "cc", "eu", "uk",
		"ru", "cn", "fr", "nl", "pl", "cz", "ch", "jp", "br", "au", "ca", "se", "dk", "fi", "hu", "ro", "ua"}, host[i+1:]) {
		return false
	}
	if slices.Contains([]string{"the", "a", "an", "this", "that", "these", "those", "of", "and", "or", "every", "any", "each", "my",
		"your", "our", "his", "her", "their", "its", "no", "first", "early", "big", "old", "new", "last", "late", "next", "another",
		"some", "polka", "in", "is", "was", "with", "to", "from", "for", "red", "black", "blue", "green", "white"}, host[:i]) {
		return false
	}
	after = strings.TrimLeft(after, " \t\r\n>")
	next := strings.ToLower(after[:ascii.Span(after[:min(len(after), 32)], ascii.IsLetter)])
	return !slices.Contains([]string{"boom", "bubble", "bust", "crash", "era", "company", "companies", "startup", "startups", "business",
		"businesses", "world", "days", "craze", "mania", "stock", "stocks", "sector", "industry", "millionaire", "millionaires", "age"}, next)
}

// isFileName tells hosts that are files of programs far more often.
func isFileName(host string) bool {
	i := strings.LastIndexByte(host, '.')
	if strings.Count(host, ".") > 1 {
		return false
	}
	return slices.Contains([]string{"py", "sh", "pl", "md", "rs", "so", "cc", "in", "ps", "mo", "st", "pm", "am", "ml", "mk", "la", "do", "as"},
		strings.ToLower(host[i+1:]))
}

// spacedScheme reads the URL whose scheme, with blanks between its letters,
// ends at the colon at i.
func spacedScheme(s string, i int) (u URL, start, end int, ok bool) {
	back := func(p int, want byte) int {
		n := 0
		for p > 0 && n < 4 && (s[p-1] == ' ' || s[p-1] == '\t') {
			p--
			n++
		}
		if p > 0 && s[p-1]|0x20 == want {
			return p - 1
		}
		return -1
	}
	scheme, p := "https", back(i, 's')
	if p < 0 {
		scheme, p = "http", i
	}
	gaps := 0
	for _, c := range [...]byte{'p', 't', 't', 'h'} {
		q := back(p, c)
		if q < 0 {
			return u, 0, 0, false
		}
		if c != 'p' && q+1 < p {
			gaps++
		}
		p = q
	}
	if gaps < 3 || p > 0 && alnumByte(s[p-1]) {
		return u, 0, 0, false
	}
	end = i + 1
	for range 2 {
		end += blanks(s[end:])
		if end == len(s) || s[end] != '/' {
			return u, 0, 0, false
		}
		end++
	}
	end += blanks(s[end:])
	n := ascii.Span(s[end:min(len(s), end+maxHost)], func(c byte) bool { return hostByte(c) || c == '.' })
	host := strings.TrimRight(s[end:end+n], ".-")
	end += len(host)
	if _, registrable := publicsuffix.ESLD(host); !registrable {
		return u, 0, 0, false
	}
	if end < len(s) && s[end] == '/' {
		rest := textPathLen(s[end:])
		host, end = host+s[end:end+rest], end+rest
	}
	u, ok = maskedURL(scheme, host, s[p:end])
	return u, p, end, ok
}
