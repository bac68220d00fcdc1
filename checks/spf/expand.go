package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/resolver"
)

const (
	// maxExpansion bounds an expanded text in bytes.
	maxExpansion = 4096
	// maxValue bounds what a client can put into a macro: the local part and
	// the HELO name. SMTP allows 64 and 255 bytes.
	maxValue = 255
	// maxExpanded bounds the bytes of all macro values of one evaluation.
	maxExpanded = 256 << 10
)

// expand replaces the macros of a text; domain is the domain in hand. It
// fails when the result, or what goes into it, is too long.
func (e *evaluation) expand(s *spec, domain string) (string, bool) {
	if len(e.local) > maxValue && s.uses("sl") || len(e.Helo) > maxValue && s.uses("h") {
		return "", false
	}
	if len(s.tokens) == 1 && !s.tokens[0].macro {
		return s.text, len(s.text) <= maxExpansion
	}
	var b strings.Builder
	for _, t := range s.tokens {
		if t.letter == 0 {
			b.WriteString(t.literal)
		} else {
			value := e.value(t.letter, domain)
			if e.expanded += len(value); e.expanded > maxExpanded {
				return "", false
			}
			b.WriteString(t.transform(value))
		}
		if b.Len() > maxExpansion {
			return "", false
		}
	}
	return b.String(), true
}

// value returns what a macro letter stands for (RFC 7208 section 7.2).
func (e *evaluation) value(letter byte, domain string) string {
	switch letter {
	case 's':
		return e.sender
	case 'l':
		return e.local
	case 'o':
		return e.domain
	case 'd':
		return domain
	case 'i':
		return dotted(e.IP)
	case 'p':
		return e.clientName(domain)
	case 'v':
		if e.IP.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return e.Helo
	case 'c':
		return e.IP.String()
	case 'r':
		return e.Receiver
	}
	return strconv.FormatInt(e.Now.Unix(), 10) // t
}

// dotted writes an IPv6 address as nibbles with dots between.
func dotted(ip netip.Addr) string {
	if ip.Is4() {
		return ip.String()
	}
	const hex = "0123456789abcdef"
	b := make([]byte, 0, 63)
	for i, c := range ip.As16() {
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, hex[c>>4], '.', hex[c&15])
	}
	return string(b)
}

// clientName is the macro %{p}: a validated name of the client, preferably the
// domain itself, else one below it, else any; "unknown" where there is none.
func (e *evaluation) clientName(domain string) string {
	if n, ok := e.names[domain]; ok {
		return n
	}
	if e.names == nil {
		e.names = map[string]string{}
	}
	names := e.clientNames(e.ask1(resolver.Reverse(e.IP), resolver.TypePTR).Answer)
	rank := func(n string) int {
		switch {
		case within(domain, n) && within(n, domain):
			return 0
		case within(n, domain):
			return 1
		}
		return 2
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	name, _ := e.validated(names)
	if name == "" {
		name = "unknown"
	}
	e.names[domain] = name
	return name
}

// expandDomain expands a domain-spec to a name to ask for. Too long a name
// loses labels on the left (RFC 7208 section 7.3). It fails for names that
// can't exist, and where a local part that is not ASCII would go into the name
// (RFC 8616 section 4).
func (e *evaluation) expandDomain(s *spec, domain string) (string, bool) {
	if s.uses("sl") && !isASCII(e.local) {
		return "", false
	}
	name, ok := e.expand(s, domain)
	if !ok {
		return "", false
	}
	for name = strings.TrimSuffix(name, "."); len(name) > 253; {
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return "", false
		}
		name = rest
	}
	return toASCII(name)
}

// render writes a term with its macros expanded, without its qualifier, as
// Rspamd's options show it.
func (e *evaluation) render(t *term, domain string) string {
	if t.target == nil || !strings.Contains(t.target.text, "%") {
		return t.text
	}
	name, _ := e.expand(t.target, domain)
	return t.name + ":" + name + t.cidr
}

// explain fetches and expands the explanation of a fail (RFC 7208 section
// 6.2), "" if there is none or something is wrong with it.
func (e *evaluation) explain(v verdict) string {
	if v.exp == nil {
		return ""
	}
	name, ok := e.expandDomain(v.exp, v.expDomain)
	if !ok {
		return ""
	}
	reply := e.ask1(name, resolver.TypeTXT)
	texts := reply.Answer.Texts()
	if reply.Err != nil || len(texts) != 1 || len(texts[0]) > maxExpansion {
		return ""
	}
	tokens, err := parseMacros(texts[0], true)
	if err != nil {
		return ""
	}
	text, ok := e.expand(&spec{texts[0], tokens}, v.expDomain)
	if !ok || !isPrintable(text) {
		return ""
	}
	return text
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isPrintable tells ASCII that fits into an SMTP reply; what macros bring in
// may be anything.
func isPrintable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
