package hfilter

import (
	"strings"

	"github.com/winnowmail/winnow/internal/ascii"
)

// localClient is the HELO of Rspamd's own command line client, which is no mail
// server.
const localClient = "rspamc.local"

// A kind is what a HELO looks like at first sight.
type kind uint8

const (
	aName     kind = iota
	bareIP         // an address, or something that looks like one
	badIP          // an address that nobody outside a local network has
	emptyHelo      // none, or not to be judged
)

// classify says what helo, without brackets, looks like.
func classify(helo string) kind {
	switch {
	case helo == "" || helo == localClient:
		return emptyHelo
	case isBadIP(helo):
		return badIP
	case isBareIP(helo):
		return bareIP
	}
	return aName
}

// stripBrackets removes all square brackets.
func stripBrackets(helo string) string {
	if strings.IndexByte(helo, '[') < 0 && strings.IndexByte(helo, ']') < 0 {
		return helo
	}
	return strings.NewReplacer("[", "", "]", "").Replace(helo)
}

// isBadIP reports whether helo begins with an IPv4 address of a private,
// reserved or documentation network, ends with one's broadcast number, or is
// the like of IPv6.
func isBadIP(helo string) bool {
	if strings.IndexByte(helo, ':') >= 0 {
		return isBadIP6(helo)
	}
	n := ascii.DottedQuad(helo, 0)
	if n == 0 {
		return false
	}
	a, rest, _ := strings.Cut(helo[:n], ".")
	b, rest, _ := strings.Cut(rest, ".")
	c, d, _ := strings.Cut(rest, ".")
	if d == "255" && n == len(helo) {
		return true
	}
	switch a {
	case "0", "10", "127":
		return true
	case "100":
		return inRange(b, 64, 127)
	case "169":
		return b == "254"
	case "172":
		return inRange(b, 16, 31)
	case "192":
		return b == "168" || b == "0" && (c == "0" || c == "2") || b == "88" && c == "99"
	case "198":
		return b == "51" && c == "100"
	case "203":
		return b == "0" && c == "113"
	}
	return false
}

// inRange reports whether s is a number of that range without leading zeros.
func inRange(s string, low, high int) bool {
	if len(s) > 3 || s == "" || s[0] == '0' {
		return false
	}
	n := 0
	for i := range len(s) {
		n = 10*n + int(s[i]-'0')
	}
	return low <= n && n <= high
}

func isBadIP6(helo string) bool {
	if helo == "::1" || ascii.HasPrefixFold(helo, "2001:db8::") || ascii.HasPrefixFold(helo, "fc00::") {
		return true
	}
	if len(helo) < 5 || !ascii.HasPrefixFold(helo, "fe") || !isHex(helo[3]) || helo[4] != ':' {
		return false
	}
	switch ascii.Lower(helo[2]) {
	case 'c', 'd', 'f':
		return true
	case '8', '9', 'a', 'b':
		return len(helo) > 5 && helo[5] == ':'
	}
	return false
}

// isBareIP reports whether helo is four numbers with dots, dashes or "x"
// between them, or begins as an IPv6 address does.
func isBareIP(helo string) bool {
	if n := ascii.Span(helo, isHex); n > 0 && n < len(helo) && helo[n] == ':' {
		return true
	}
	for i := range 4 {
		n := ascii.Span(helo, ascii.IsDigit)
		if n == 0 {
			return false
		}
		helo = helo[n:]
		if i == 3 {
			return helo == ""
		}
		if helo == "" || !isSep(helo[0]) && ascii.Lower(helo[0]) != 'x' {
			return false
		}
		helo = helo[1:]
	}
	return false
}

func isHex(c byte) bool { return ascii.IsDigit(c) || 'a' <= ascii.Lower(c) && ascii.Lower(c) <= 'f' }

// weighHelo weighs the name that a client calls itself: by the words of any
// host name, and for having no dot or a meaning in its own network only.
func (t *hostWords) weighHelo(helo string) int {
	if atHome(helo) {
		return maxWeight
	}
	w, _ := t.weigh(helo)
	return w
}

func atHome(helo string) bool {
	dot := strings.LastIndexByte(helo, '.')
	if dot < 0 {
		return helo != ""
	}
	switch strings.ToLower(helo[dot+1:]) {
	case "lan", "local", "home", "localdomain", "intra", "priv", "user", "veloxzon":
		return true
	case "arpa":
		const zone = ".in-addr.arpa"
		return len(helo) >= len(zone) && ascii.EqualFold(helo[len(helo)-len(zone):], zone)
	}
	return false
}

// isFQDN reports whether name is a fully qualified domain name: two labels at
// least, of letters, digits and inner dashes.
func isFQDN(name string) bool {
	if len(name) < 4 || len(name) > 253 {
		return false
	}
	name = strings.TrimSuffix(name, ".")
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || len(name)-dot-1 < 2 || !isLabel(name[dot+1:]) {
		return false
	}
	for label := range strings.SplitSeq(name[:dot], ".") {
		if !isLabel(label) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	return ascii.Span(s, func(c byte) bool { return ascii.IsDigit(c) || ascii.IsLetter(c) || c == '-' }) == len(s)
}
