// Package publicsuffix finds the registrable domain of a host name.
//
// It is a thin layer over golang.org/x/net/publicsuffix, whose list is compiled
// in. It adds two things: names are taken as they come (upper case, a leading
// or a trailing dot, Unicode labels), and a name that is itself a public suffix
// of the private section, such as github.io, counts as registered under the
// suffix above it, as Rspamd 4.1.6 has it.
package publicsuffix

import (
	"strings"

	"golang.org/x/net/idna"
	psl "golang.org/x/net/publicsuffix"
)

// maxName is the longest name looked at: longer ones have no answer.
const maxName = 253

// ESLD returns the registrable domain ("effective second level domain") of
// host in lower case. ok is false where there is none: for names under no
// listed suffix, for top-level domains and for IP addresses. Labels keep
// their form: Unicode stays Unicode.
func ESLD(host string) (esld string, ok bool) {
	host = clean(host)
	suffix, ok := Suffix(host)
	if !ok {
		return "", false
	}
	if suffix == host {
		// The name is a suffix itself: it belongs to the zone above.
		i := strings.IndexByte(host, '.')
		if i < 0 {
			return "", false
		}
		if suffix, ok = Suffix(host[i+1:]); !ok {
			return "", false
		}
		// A wildcard rule reaches up to the name itself.
		if len(suffix) >= len(host) {
			return "", false
		}
	}
	rest := host[:len(host)-len(suffix)-1]
	return host[strings.LastIndexByte(rest, '.')+1:], true
}

// ESLDOrSelf returns the registrable domain of host, as ESLD has it, or host as
// it stands where there is none.
func ESLDOrSelf(host string) string {
	if d, ok := ESLD(host); ok {
		return d
	}
	return host
}

// Suffix returns the public suffix of host as it stands in the lower-case
// host. ok is false if no listed rule covers it.
func Suffix(host string) (suffix string, ok bool) {
	host = clean(host)
	if host == "" || len(host) > maxName || host[0] == '.' || strings.Contains(host, "..") {
		return "", false
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last[0] >= '0' && last[0] <= '9' {
		return "", false
	}
	ascii := host
	if !isASCII(host) {
		a, err := idna.Punycode.ToASCII(host)
		if err != nil {
			return "", false
		}
		ascii = a
	}
	s, icann := psl.PublicSuffix(ascii)
	if !icann && !strings.Contains(s, ".") && !private(s) {
		return "", false // only the default rule matched
	}
	labels := strings.Count(s, ".") + 1
	return tail(host, labels), true
}

// IsTLD reports whether label, lower case, is a top-level domain with a
// listed rule.
func IsTLD(label string) bool {
	if label == "" || strings.Contains(label, ".") {
		return false
	}
	_, ok := Suffix(label)
	return ok
}

// private reports whether a single label is reserved with a meaning of its own,
// like those of the list's private section.
func private(s string) bool { return s == "onion" }

// tail returns the last n labels of host.
func tail(host string, n int) string {
	end := len(host)
	for ; n > 0; n-- {
		i := strings.LastIndexByte(host[:end], '.')
		if i < 0 {
			return host
		}
		end = i
	}
	return host[end+1:]
}

// clean lower-cases host and takes one leading and one trailing dot away.
func clean(host string) string {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "."), ".")
	return strings.ToLower(host)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
