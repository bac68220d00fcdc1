// Package idn brings internationalized domain names into the form in which
// DNS has them, the same for everything that asks for a domain or compares
// two.
package idn

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The most characters of a name and of a label that are looked at: longer ones
// don't fit into the DNS (RFC 1035 section 2.3.4), for no A-label is shorter
// than its U-label. Making an A-label takes the square of its length.
const (
	maxName  = 253
	maxLabel = 63
)

// ToASCII returns domain with its U-labels as A-labels (RFC 5891). A domain in
// ASCII stays as it is, even if it is no valid name. ok is false for what is no
// UTF-8, is too long for the DNS, or has a label that IDNA does not allow.
// Underscores are allowed, and characters that stand for ASCII ones become
// these: the caller checks the syntax of what comes out.
func ToASCII(domain string) (ascii string, ok bool) {
	for i := range len(domain) {
		if domain[i] < utf8.RuneSelf {
			continue
		}
		if !short(domain) {
			return "", false
		}
		a, err := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false)).ToASCII(domain)
		return a, err == nil
	}
	return domain, true
}

// Key returns domain in the one form in which domains are compared: A-labels
// in lower case without the final dot, and characters that stand for ASCII ones
// as these (UTS 46), other full stops too. What IDNA has no form for is only
// put in lower case. Of a domain that is not UTF-8 no byte is lost: else two
// such domains could become one.
func Key(domain string) string {
	if ascii, ok := ToASCII(domain); ok {
		domain = ascii
	}
	if utf8.ValidString(domain) {
		domain = strings.ToLower(domain)
	} else {
		domain = lowerASCII(domain)
	}
	return strings.TrimSuffix(domain, ".")
}

// Address returns user@domain with the domain as Key and the local part as it
// stands there: only the domain is known to mean the same (RFC 5321 section
// 2.4). What has no "@" counts as a domain.
func Address(addr string) string {
	at := strings.LastIndexByte(addr, '@') + 1
	if key := Key(addr[at:]); key != addr[at:] {
		return addr[:at] + key
	}
	return addr
}

// Embedded returns a local part that carries other addresses with "=" for "@"
// (VERP, SRS), the domains in it as Key. Text in ASCII stays as it is.
func Embedded(local string) string {
	for i := range len(local) {
		if local[i] >= utf8.RuneSelf {
			pieces := strings.Split(local, "=")
			for k := 1; k < len(pieces); k++ {
				if strings.Contains(pieces[k], ".") {
					pieces[k] = Key(pieces[k])
				}
			}
			return strings.Join(pieces, "=")
		}
	}
	return local
}

// Same reports whether two domains are one.
func Same(a, b string) bool { return a == b || Key(a) == Key(b) }

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] |= 0x20
		}
	}
	return string(b)
}

// Pattern returns the two forms of a domain in which * and ? stand for other
// text: one for names as Key has them, and one for these as ToUnicode returns
// them. The first is "" where a label has both such a character and others
// than ASCII ones: there is no A-label for it.
func Pattern(domain string) (ascii, unicode string) {
	unicode = ToUnicode(strings.TrimSuffix(strings.ToLower(domain), "."))
	for label := range strings.SplitSeq(domain, ".") {
		if strings.ContainsAny(label, "*?") && strings.ContainsFunc(label, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return "", unicode
		}
	}
	return Key(domain), unicode
}

// ToUnicode returns domain with its A-labels as U-labels, or domain itself
// where one of them is no A-label.
func ToUnicode(domain string) string {
	if !strings.Contains(domain, "xn--") {
		return domain
	}
	if u, err := idna.Punycode.ToUnicode(domain); err == nil {
		return u
	}
	return domain
}

// short reports whether domain is UTF-8 of lengths that the DNS may have.
func short(domain string) bool {
	if len(domain) > utf8.UTFMax*maxName || !utf8.ValidString(domain) {
		return false
	}
	name, label := 0, 0
	for _, r := range domain {
		name++
		switch r {
		case '.', 0x3002, 0xff0e, 0xff61: // the full stops of RFC 3490 section 3.1
			label = 0
		default:
			label++
		}
		if name > maxName+1 || label > maxLabel { // a final dot does not count
			return false
		}
	}
	return true
}
