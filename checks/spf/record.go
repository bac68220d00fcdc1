package spf

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A kind is a mechanism of RFC 7208 section 5.
type kind uint8

const (
	kindAll kind = iota
	kindInclude
	kindA
	kindMX
	kindPTR
	kindIP4
	kindIP6
	kindExists
)

// A term is one mechanism with its qualifier.
type term struct {
	kind         kind
	qualifier    byte         // '+', '-', '~' or '?'
	bits4, bits6 uint8        // of a and mx
	text         string       // as published, without the qualifier
	name         string       // mechanism as published
	target       *spec        // nil: the domain in hand
	cidr         string       // "/24//64" as published
	net          netip.Prefix // of ip4 and ip6
}

// A record is a parsed SPF record. In the tolerant reading, wrong terms are
// missing from it.
type record struct {
	terms    []term
	redirect *spec
	exp      *spec
	oneLabel bool
}

// A grammar says how the grammar departs from RFC 7208's: tolerant accepts
// common mistakes, oneLabel domains of one label.
type grammar struct{ tolerant, oneLabel bool }

// version begins an SPF record (RFC 7208 section 4.5), in any case.
const version = "v=spf1"

// isRecord tells an SPF record from other TXT records. A tolerant reading also
// takes a tab behind the version, as Rspamd 4.1.6 does.
func isRecord(text string, tolerant bool) bool {
	n := len(version)
	return len(text) >= n && strings.EqualFold(text[:n], version) && (len(text) == n || text[n] == ' ' || tolerant && text[n] == '\t')
}

// parseRecord reads a record for which isRecord holds. The error is the first
// violation of the grammar (RFC 7208 section 12); the record holds the terms
// that are right all the same. A tolerant reading also takes the common
// mistakes that Rspamd 4.1.6 takes: "=" for ":" and ":" for "=", ipv4 and ipv6.
func parseRecord(text string, g grammar) (record, error) {
	r := record{oneLabel: g.oneLabel || g.tolerant}
	r.terms = make([]term, 0, min(strings.Count(text, " "), 64))
	var first error
	for word := range strings.SplitSeq(strings.TrimLeft(text[len(version):], "\t"), " ") {
		if word == "" {
			continue
		}
		if g.tolerant {
			word = correct(word)
		}
		if err := r.add(word); err != nil && first == nil {
			first = fmt.Errorf("%q: %w", clip(word), err)
		}
	}
	return r, first
}

// correct rewrites the mistakes in a term that a tolerant reading accepts.
func correct(word string) string {
	i := strings.IndexAny(word, ":=")
	if i < 0 {
		return word
	}
	q, name := cutQualifier(word[:i])
	prefix := word[:i-len(name)]
	switch strings.ToLower(name) {
	case "ipv4":
		return prefix + "ip4:" + word[i+1:]
	case "ipv6":
		return prefix + "ip6:" + word[i+1:]
	case "a", "mx", "ptr", "ip4", "ip6", "include", "exists":
		return word[:i] + ":" + word[i+1:]
	case "redirect", "exp":
		if q == 0 {
			return word[:i] + "=" + word[i+1:]
		}
	}
	return word
}

// cutQualifier takes the qualifier off a directive; 0 means there is none.
func cutQualifier(word string) (byte, string) {
	if word != "" && strings.IndexByte("+-~?", word[0]) >= 0 {
		return word[0], word[1:]
	}
	return 0, word
}

// add reads one term, a directive or a modifier. What tells them apart is
// what follows the name (RFC 7208 section 4.6.1).
func (r *record) add(word string) error {
	q, rest := cutQualifier(word)
	i := 0
	for i < len(rest) && isNameByte(rest[i]) {
		i++
	}
	if i == 0 || !isAlpha(rest[0]) {
		return errors.New("no term begins like that")
	}
	if i < len(rest) && rest[i] == '=' {
		if q != 0 {
			return errors.New("a modifier has no qualifier")
		}
		return r.addModifier(rest[:i], rest[i+1:])
	}
	t := term{qualifier: q, text: rest, name: rest[:i], bits4: 32, bits6: 128}
	if q == 0 {
		t.qualifier = '+'
	}
	if err := t.parse(rest[i:], r.oneLabel); err != nil {
		return err
	}
	r.terms = append(r.terms, t)
	return nil
}

func (r *record) addModifier(name, value string) error {
	var to **spec
	switch strings.ToLower(name) {
	case "redirect":
		to = &r.redirect
	case "exp":
		to = &r.exp
	default:
		_, err := parseMacros(value, false)
		return err
	}
	if *to != nil {
		return errors.New("given twice")
	}
	s, err := parseSpec(value, r.oneLabel)
	if err == nil {
		*to = s
	}
	return err
}

// parse reads what follows a mechanism's name.
func (t *term) parse(arg string, oneLabel bool) error {
	var wantsTarget, takesTarget, takesCIDR bool
	switch strings.ToLower(t.name) {
	case "all":
		t.kind = kindAll
	case "include":
		t.kind, wantsTarget = kindInclude, true
	case "exists":
		t.kind, wantsTarget = kindExists, true
	case "a":
		t.kind, takesTarget, takesCIDR = kindA, true, true
	case "mx":
		t.kind, takesTarget, takesCIDR = kindMX, true, true
	case "ptr":
		t.kind, takesTarget = kindPTR, true
	case "ip4":
		t.kind = kindIP4
		return t.parseNetwork(arg, 32)
	case "ip6":
		t.kind = kindIP6
		return t.parseNetwork(arg, 128)
	default:
		return errors.New("unknown mechanism")
	}
	if takesCIDR {
		var err error
		if arg, err = t.cutCIDR(arg); err != nil {
			return err
		}
	}
	value, has := strings.CutPrefix(arg, ":")
	switch {
	case !has && arg != "", has && !wantsTarget && !takesTarget:
		return errors.New("unexpected text after the mechanism")
	case !has && wantsTarget:
		return errors.New("a domain is missing")
	case !has:
		return nil
	}
	var err error
	t.target, err = parseSpec(value, oneLabel)
	return err
}

// parseNetwork reads ":address" with an optional "/length".
func (t *term) parseNetwork(arg string, most int) error {
	value, ok := strings.CutPrefix(arg, ":")
	if !ok {
		return errors.New("an address is missing")
	}
	text, length, has := strings.Cut(value, "/")
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" || ip.BitLen() != most {
		return fmt.Errorf("no address of %d bits", most)
	}
	bits := most
	if has {
		n, err := parseLength(length, most)
		if err != nil {
			return err
		}
		bits = int(n)
	}
	t.net = netip.PrefixFrom(ip, bits).Masked()
	return nil
}

// cutCIDR takes a dual-cidr-length, "/4", "//6" or "/4//6", off the end.
func (t *term) cutCIDR(arg string) (string, error) {
	head := arg
	digits, rest := trailingDigits(head)
	if digits != "" && strings.HasSuffix(rest, "//") {
		bits, err := parseLength(digits, 128)
		if err != nil {
			return "", err
		}
		t.bits6, head = bits, strings.TrimSuffix(rest, "//")
		digits, rest = trailingDigits(head)
	}
	if digits != "" && strings.HasSuffix(rest, "/") {
		bits, err := parseLength(digits, 32)
		if err != nil {
			return "", err
		}
		t.bits4, head = bits, strings.TrimSuffix(rest, "/")
	}
	t.cidr = arg[len(head):]
	return head, nil
}

func trailingDigits(s string) (digits, rest string) {
	i := len(s)
	for i > 0 && isDigit(s[i-1]) {
		i--
	}
	return s[i:], s[:i]
}

// parseLength reads a prefix length without leading zeros.
func parseLength(s string, most int) (uint8, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n > most || n < 0 || strconv.Itoa(n) != s {
		return 0, fmt.Errorf("no prefix length up to %d", most)
	}
	return uint8(n), nil
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameByte(c byte) bool {
	return isAlpha(c) || isDigit(c) || c == '-' || c == '_' || c == '.'
}

// clip bounds text from a record for a message to people.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
