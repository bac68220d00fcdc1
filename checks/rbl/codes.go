package rbl

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A pattern is a set of IPv4 addresses: for each octet the values it may have.
//
// It is written as an address whose octets may be ranges and alternatives:
// "127.0.0.2", "127.0.0.4-7", "127.0.*.3", "127.0.0-9,11-255.0".
type pattern [4]octets

// octets holds ranges; a value in any of them fits.
type octets []octetRange

type octetRange struct{ lo, hi uint8 }

func (o octets) has(v uint8) bool {
	for _, r := range o {
		if r.lo <= v && v <= r.hi {
			return true
		}
	}
	return false
}

func (p pattern) matches(ip [4]byte) bool {
	for i, o := range p {
		if !o.has(ip[i]) {
			return false
		}
	}
	return true
}

// maxPattern bounds a pattern's text.
const maxPattern = 256

// parsePattern reads the form above; CIDR notation ("127.0.0.0/28") is not
// part of it, for a range says the same.
func parsePattern(s string) (pattern, error) {
	var p pattern
	if len(s) > maxPattern {
		return p, fmt.Errorf("longer than %d bytes", maxPattern)
	}
	parts := strings.Split(s, ".")
	if len(parts) != len(p) {
		return p, fmt.Errorf("%q has not four octets", s)
	}
	for i, part := range parts {
		for alt := range strings.SplitSeq(part, ",") {
			r, err := parseRange(alt)
			if err != nil {
				return p, fmt.Errorf("%q: octet %d: %w", s, i+1, err)
			}
			p[i] = append(p[i], r)
		}
	}
	return p, nil
}

func parseRange(s string) (octetRange, error) {
	if s == "*" {
		return octetRange{0, 255}, nil
	}
	low, high, isRange := strings.Cut(s, "-")
	lo, err := strconv.ParseUint(low, 10, 8)
	if err != nil {
		return octetRange{}, fmt.Errorf("%q is no number from 0 to 255", low)
	}
	hi := lo
	if isRange {
		if hi, err = strconv.ParseUint(high, 10, 8); err != nil {
			return octetRange{}, fmt.Errorf("%q is no number from 0 to 255", high)
		}
	}
	if hi < lo {
		return octetRange{}, errors.New("the range ends before it begins")
	}
	return octetRange{uint8(lo), uint8(hi)}, nil
}

// refused reports whether an answer says that the list does not answer this
// resolver: the error codes 127.255.255.0/24 of Spamhaus and others.
func refused(ip [4]byte) bool { return ip[0] == 127 && ip[1] == 255 && ip[2] == 255 }

// listing returns an answer's octets. Answers outside 127.0.0.0/8 list nothing:
// they come from a zone that was given up and answers everything, or from a
// resolver that lies (RFC 5782 section 2.1).
func listing(ip netip.Addr) ([4]byte, bool) {
	if !ip.Is4() {
		return [4]byte{}, false
	}
	b := ip.As4()
	return b, b[0] == 127
}

// outcome says what one answer means.
type outcome struct {
	codes   []int // positions in List.Codes, in order
	unknown bool  // an answer without a code
	blocked bool  // the list refuses to answer: no listing, whatever else
}

// interpret reads one answer of the list. Without codes every answer is a
// listing, except 127.0.0.1, by which lists say that they refuse.
func (l *list) interpret(ip [4]byte) outcome {
	var o outcome
	for i, c := range l.codes {
		if !c.matches(ip) {
			continue
		}
		if l.Codes[i].Blocked {
			return outcome{codes: []int{i}, blocked: true}
		}
		o.codes = append(o.codes, i)
	}
	switch {
	case len(o.codes) > 0:
	case refused(ip), len(l.codes) == 0 && ip == [4]byte{127, 0, 0, 1}:
		o.blocked = true
	default:
		o.unknown = true
	}
	return o
}

// A code is a compiled Code.
type code struct {
	patterns []pattern
	bits     []uint32
	texts    []*regexp.Regexp
}

func (c code) matches(ip [4]byte) bool {
	for _, p := range c.patterns {
		if p.matches(ip) {
			return true
		}
	}
	num := uint32(ip[0])<<24 | uint32(ip[1])<<16 | uint32(ip[2])<<8 | uint32(ip[3])
	for _, b := range c.bits {
		if num&b == b {
			return true
		}
	}
	if len(c.texts) == 0 {
		return false
	}
	text := netip.AddrFrom4(ip).String()
	return slices.ContainsFunc(c.texts, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}
