package resolver

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Record types (RFC 1035, 3596), the ones a Record can hold.
const (
	TypeA     uint16 = 1
	TypeNS    uint16 = 2
	TypeCNAME uint16 = 5
	TypeSOA   uint16 = 6
	TypePTR   uint16 = 12
	TypeMX    uint16 = 15
	TypeTXT   uint16 = 16
	TypeAAAA  uint16 = 28
)

// TypeString returns a type's mnemonic, "TYPE123" for others (RFC 3597).
func TypeString(t uint16) string {
	switch t {
	case TypeA:
		return "A"
	case TypeNS:
		return "NS"
	case TypeCNAME:
		return "CNAME"
	case TypeSOA:
		return "SOA"
	case TypePTR:
		return "PTR"
	case TypeMX:
		return "MX"
	case TypeTXT:
		return "TXT"
	case TypeAAAA:
		return "AAAA"
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// ParseType reads what TypeString wrote, in any case.
func ParseType(s string) (uint16, bool) {
	s = strings.ToUpper(s)
	for _, t := range [...]uint16{TypeA, TypeNS, TypeCNAME, TypeSOA, TypePTR, TypeMX, TypeTXT, TypeAAAA} {
		if s == TypeString(t) {
			return t, true
		}
	}
	if num, ok := strings.CutPrefix(s, "TYPE"); ok {
		n, err := strconv.ParseUint(num, 10, 16)
		return uint16(n), err == nil
	}
	return 0, false
}

// An Answer is what a Resolver found: the answer section, CNAMEs on the way
// to the asked records included.
type Answer struct {
	Records []Record
	// Authentic tells that the resolver validated the answer by DNSSEC.
	Authentic bool
}

// A Record is one resource record. Which fields apply follows from Type.
// Names are lower case, without final dot, in presentation form (RFC 1035
// section 5.1: odd bytes as \DDD).
type Record struct {
	Name       string
	Type       uint16
	TTL        uint32     // seconds
	IP         netip.Addr // A, AAAA
	Host       string     // CNAME, MX, NS, PTR; primary server of SOA
	Preference uint16     // MX
	// Strings are the character strings of a TXT record: bytes of any kind.
	Strings []string
	// Mailbox and the numbers are SOA's.
	Mailbox                                 string
	Serial, Refresh, Retry, Expire, Minimum uint32
}

// IPs returns the addresses of the A and AAAA records.
func (a Answer) IPs() []netip.Addr {
	var ips []netip.Addr
	for _, r := range a.Records {
		if r.Type == TypeA || r.Type == TypeAAAA {
			ips = append(ips, r.IP)
		}
	}
	return ips
}

// Texts returns each TXT record's strings joined, as SPF, DKIM and DMARC
// read them.
func (a Answer) Texts() []string {
	var texts []string
	for _, r := range a.Records {
		if r.Type == TypeTXT {
			texts = append(texts, strings.Join(r.Strings, ""))
		}
	}
	return texts
}

// Hosts returns the names that records of type qtype (CNAME, MX, NS, PTR,
// SOA) point to.
func (a Answer) Hosts(qtype uint16) []string {
	var hosts []string
	for _, r := range a.Records {
		if r.Type == qtype && r.Host != "" {
			hosts = append(hosts, r.Host)
		}
	}
	return hosts
}

// OfType returns the records of one type.
func (a Answer) OfType(qtype uint16) []Record {
	n := a.count(qtype)
	if n == 0 {
		return nil
	}
	rs := make([]Record, 0, n)
	for i := range a.Records {
		if a.Records[i].Type == qtype {
			rs = append(rs, a.Records[i])
		}
	}
	return rs
}

// Clone returns a copy that shares no memory with a: askers that get one each
// can't change each other's answers.
func (a Answer) Clone() Answer {
	if a.Records == nil {
		return a
	}
	a.Records = append([]Record(nil), a.Records...)
	for i := range a.Records {
		if s := a.Records[i].Strings; s != nil {
			a.Records[i].Strings = append([]string(nil), s...)
		}
	}
	return a
}

// count returns how many records of one type there are.
func (a Answer) count(qtype uint16) int {
	n := 0
	for i := range a.Records {
		if a.Records[i].Type == qtype {
			n++
		}
	}
	return n
}

// TTL returns the smallest TTL of the records in seconds, 0 without records.
func (a Answer) TTL() uint32 {
	var least uint32
	for i, r := range a.Records {
		if i == 0 || r.TTL < least {
			least = r.TTL
		}
	}
	return least
}

// Text returns the records' data in one line, as evidence shows it.
func (a Answer) Text() string {
	parts := make([]string, len(a.Records))
	for i, r := range a.Records {
		parts[i] = r.data()
	}
	return strings.Join(parts, "; ")
}

// Canonical returns a name in its one spelling: lower case, without final dot
// (the root is "."), white space and other bytes that a line of a zone file
// cannot hold as \DDD, no escape where none is needed. A backslash at the end,
// which begins no escape, is one of the name.
func Canonical(name string) string {
	for len(name) > 1 && name[len(name)-1] == '.' && !escapedEnd(name) {
		name = name[:len(name)-1]
	}
	if name == "" {
		return "."
	}
	if isCanonical(name) {
		return name
	}
	b := make([]byte, 0, len(name)+8)
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '\\' {
			if i+1 < len(name) {
				var n int
				c, n = unescape(name[i+1:])
				i += n
			}
			if c == '.' || c == '\\' {
				b = append(b, '\\')
			}
		}
		switch {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c <= ' ' || c >= 0x7f || c == '"' || c == ';' || c == '#':
			b = fmt.Appendf(b, `\%03d`, c)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// isCanonical reports whether all bytes of a name stand for themselves.
func isCanonical(name string) bool {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= '-' && c <= '9': // nearly all
		case c <= ' ', c >= 0x7f, c >= 'A' && c <= 'Z', c == '"', c == ';', c == '#', c == '\\':
			return false
		}
	}
	return true
}

// unescape returns the byte that stands behind a backslash, and its length.
func unescape(s string) (c byte, length int) {
	if len(s) >= 3 && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2]) {
		if n := int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0'); n <= 255 {
			return byte(n), 3
		}
	}
	return s[0], 1
}

// escapedEnd reports whether the last byte of s has a backslash before it
// that is not itself escaped.
func escapedEnd(s string) bool {
	head := s[:len(s)-1]
	return (len(head)-len(strings.TrimRight(head, `\`)))%2 == 1
}

// Reverse returns the name under which the address's PTR record stands
// (in-addr.arpa, ip6.arpa), "" for the zero Addr.
func Reverse(ip netip.Addr) string {
	ip = ip.Unmap()
	labels := ReverseLabels(ip)
	switch {
	case labels == "":
		return ""
	case ip.Is4():
		return labels + ".in-addr.arpa"
	}
	return labels + ".ip6.arpa"
}

// ReverseLabels returns the address's labels as Reverse and DNS lists (RFC 5782
// sections 2.1 and 2.4) put them before a zone: octets or nibbles, last first. An IPv4 address in IPv6
// form counts as IPv6.
func ReverseLabels(ip netip.Addr) string {
	switch {
	case !ip.IsValid():
		return ""
	case ip.Is4():
		b := ip.As4()
		out := make([]byte, 0, len("255.255.255.255"))
		for i := 3; i >= 0; i-- {
			out = strconv.AppendUint(out, uint64(b[i]), 10)
			if i > 0 {
				out = append(out, '.')
			}
		}
		return string(out)
	}
	const hex = "0123456789abcdef"
	b := ip.As16()
	var out [64]byte
	for i := range 16 {
		c := b[15-i]
		out[4*i], out[4*i+1], out[4*i+2], out[4*i+3] = hex[c&15], '.', hex[c>>4], '.'
	}
	return string(out[:63])
}
