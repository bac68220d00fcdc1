package asn

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/resolver"
)

// maxAnswer bounds what is read of an answer; real ones have some 40 bytes.
const maxAnswer = 512

// ParseAnswer reads the text of an answer, "64500|192.0.2.0/24|DE|ripencc|",
// with or without white space around the bars, or with white space alone
// between the fields. A field that does not have the form its place asks for
// counts as missing; ok is false if all are missing. Of several numbers (a
// prefix with several origins) the first counts.
func ParseAnswer(text string) (r Result, ok bool) {
	if len(text) > maxAnswer {
		text = text[:maxAnswer]
	}
	var fields []string
	if strings.Contains(text, "|") {
		fields = strings.Split(text, "|")
	} else {
		fields = strings.Fields(text)
	}
	field := func(i int) string {
		if i >= len(fields) {
			return ""
		}
		first, _, _ := strings.Cut(strings.TrimSpace(fields[i]), " ")
		return first
	}
	if n, err := strconv.ParseUint(field(0), 10, 32); err == nil {
		r.ASN = uint32(n)
	}
	if p, err := netip.ParsePrefix(field(1)); err == nil {
		r.Net = p
	}
	r.Country = country(field(2))
	return r, r.known()
}

// country returns a country code in upper case, "" for anything else.
func country(s string) string {
	if len(s) != 2 {
		return ""
	}
	s = strings.ToUpper(s)
	if s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return ""
	}
	return s
}

// unasked reports whether a lookup failed because no question was sent.
func unasked(err error) bool {
	return errors.Is(err, resolver.ErrNoDNS) || errors.Is(err, resolver.ErrBudget)
}

// kind names what went wrong with a lookup.
func kind(err error) string {
	if e, ok := errors.AsType[*resolver.Error](err); ok {
		return string(e.Kind)
	}
	return string(resolver.KindUnknown)
}
