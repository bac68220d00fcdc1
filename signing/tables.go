package signing

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/mail"
)

// A SigningTable says by From address under which name of the key table a
// message is signed: OpenDKIM's SigningTable as Rspamd 4.1.6 reads it.
type SigningTable struct{ globs }

// ParseSigningTable reads lines "pattern name". In a pattern, * stands for
// any text and ? for one character; the first line that fits the whole
// address counts, in any case. The name % is the From header's domain. Empty
// lines and those that begin with # don't count.
func ParseSigningTable(lines string) (*SigningTable, error) {
	t := &SigningTable{}
	for n, f := range tableLines(lines) {
		if len(f) != 2 {
			return nil, fmt.Errorf("signing table: line %d has %d words, not 2: a pattern and a name", n, len(f))
		}
		t.add(f[0], f[1])
	}
	return t, nil
}

// A KeyTable holds the keys by name: OpenDKIM's KeyTable as Rspamd 4.1.6
// reads it.
type KeyTable struct {
	globs
	entries []keyEntry
}

type keyEntry struct {
	domain, selector, path string // % is the From header's domain
	key                    *tableKey
}

// A tableKey is a key that stands in the table itself.
type tableKey struct{ crypto.Signer }

// ParseKeyTable reads lines "pattern domain:selector:key" or, with the rules'
// selector, "pattern domain:key". A key is the path of a file that begins
// with "/", "./" or "..", else the key itself in base64. A % in domain or path
// is the From header's domain.
func ParseKeyTable(lines string) (*KeyTable, error) {
	t := &KeyTable{}
	for n, f := range tableLines(lines) {
		if len(f) != 2 {
			return nil, fmt.Errorf("key table: line %d has %d words, not 2: a pattern and a key", n, len(f))
		}
		e, err := parseKeyEntry(f[1])
		if err != nil {
			return nil, fmt.Errorf("key table: line %d: %w", n, err)
		}
		t.add(f[0], "")
		t.entries = append(t.entries, e)
	}
	return t, nil
}

func parseKeyEntry(s string) (e keyEntry, err error) {
	parts := strings.Split(s, ":")
	switch len(parts) {
	case 2:
		e.domain = parts[0]
	case 3:
		e.domain, e.selector = parts[0], parts[1]
	default:
		return e, errors.New("neither domain:selector:key nor domain:key")
	}
	if d := strings.ReplaceAll(e.domain, "%", "example.com"); !isDomain(mail.DomainKey(d)) {
		return e, errors.New("the first field is no domain") // a key perhaps: not shown
	}
	if e.selector != "" && !isDomain(e.selector) {
		return e, errors.New("the second field is no selector")
	}
	key := parts[len(parts)-1]
	if strings.HasPrefix(key, "/") || strings.HasPrefix(key, "./") || strings.HasPrefix(key, "..") {
		e.path = key
		return e, nil
	}
	signer, err := ParseKey([]byte(key))
	e.key = &tableKey{signer}
	return e, err
}

// MarshalJSON leaves the keys out.
func (t *KeyTable) MarshalJSON() ([]byte, error) {
	type line struct{ Pattern, Domain, Selector, Path string }
	lines := make([]line, len(t.entries))
	for i, e := range t.entries {
		lines[i] = line{t.list[i].pattern, e.domain, e.selector, e.path}
	}
	return json.Marshal(lines)
}

// identities returns the entries that name a domain.
func (t *KeyTable) identities(selector string) []Identity {
	var ids []Identity
	for i := range t.entries {
		if e := &t.entries[i]; !strings.Contains(e.domain+e.path, "%") {
			ids = append(ids, e.identity("", selector))
		}
	}
	return ids
}

func (e *keyEntry) identity(header, selector string) Identity {
	id := Identity{Domain: mail.DomainKey(strings.ReplaceAll(e.domain, "%", header)), Selector: e.selector, key: e.key}
	if id.Selector == "" {
		id.Selector = selector
	}
	id.Path = strings.ReplaceAll(e.path, "%", header)
	return id
}

// byTables decides by the tables alone, as Rspamd 4.1.6: not for strangers,
// and domains are not compared.
func (r *Rules) byTables(w way, c Client, s senders) Decision {
	if w == byInbound {
		return no("the signing table is not for strangers' mail")
	}
	if s.from == "" || s.header == "" {
		return no("the From header has no address to look up in the signing table")
	}
	name, ok := r.SigningTable.find(s.from)
	if !ok {
		return no("the signing table has no line for %q", clean(s.from))
	}
	if !isDomain(s.header) {
		return no("%q is no domain that could be signed for", clean(s.header))
	}
	value := r.SigningTable.list[name].value
	if value == "%" {
		value = s.header
	}
	at, ok := r.KeyTable.find(value)
	if !ok {
		return no("the key table has no line for %q, which the signing table names for %q", clean(value), clean(s.from))
	}
	id := r.KeyTable.entries[at].identity(s.header, r.Selector)
	if id.Selector == "" {
		return no("the key table's line for %q has no selector and the rules have no default", clean(value))
	}
	return Decision{Sign: []Identity{id}}
}

// globs are patterns with values, of which the first that fits counts.
type globs struct {
	list  []glob
	exact map[string]int // pattern → its place
	tails map[string]int // what follows a leading * → its place
	rest  []int
}

// A glob has the domain of its pattern as names have it (idn.Pattern), and in
// Unicode.
type glob struct{ pattern, unicode, value string }

// MarshalJSON writes the lines.
func (g *globs) MarshalJSON() ([]byte, error) {
	lines := make([][2]string, len(g.list))
	for i, p := range g.list {
		lines[i] = [2]string{p.pattern, p.value}
	}
	return json.Marshal(lines)
}

func (g *globs) add(pattern, value string) {
	if g.exact == nil {
		g.exact, g.tails = map[string]int{}, map[string]int{}
	}
	at := len(g.list)
	user := strings.LastIndexByte(pattern, '@') + 1
	ascii, unicode := idn.Pattern(pattern[user:])
	local := strings.ToLower(pattern[:user])
	p := glob{pattern: local + ascii, unicode: local + unicode, value: value}
	tail, starred := strings.CutPrefix(p.pattern, "*")
	switch {
	case ascii == "" && unicode != "":
		p.pattern = p.unicode
		g.rest = append(g.rest, at)
	case !strings.ContainsAny(p.pattern, "*?"):
		first(g.exact, p.pattern, at)
	case starred && strings.HasPrefix(tail, "@") && !strings.ContainsAny(tail, "*?"):
		first(g.tails, tail, at)
	default:
		g.rest = append(g.rest, at)
	}
	g.list = append(g.list, p)
}

func first(m map[string]int, key string, at int) {
	if _, ok := m[key]; !ok {
		m[key] = at
	}
}

// maxGlobbed is the longest text that is looked up, longer than any address.
const maxGlobbed = 512

// find returns the place of the first pattern that fits.
func (g *globs) find(s string) (at int, ok bool) {
	if len(s) > maxGlobbed {
		return 0, false
	}
	s = strings.ToLower(idn.Address(s))
	at = len(g.list)
	if i, found := g.exact[s]; found {
		at = i
	}
	for i := range len(s) {
		if s[i] == '@' {
			if j, found := g.tails[s[i:]]; found {
				at = min(at, j)
			}
		}
	}
	wide := s
	if strings.Contains(s, "xn--") {
		domain := strings.LastIndexByte(s, '@') + 1
		wide = s[:domain] + idn.ToUnicode(s[domain:])
	}
	i := slices.IndexFunc(g.rest, func(j int) bool {
		return j > at || fits(g.list[j].pattern, s) || wide != s && fits(g.list[j].unicode, wide)
	})
	if i >= 0 {
		at = min(at, g.rest[i])
	}
	return at, at < len(g.list)
}

// fits matches a pattern with * and ? against the whole of s; it goes back to
// the last star only, at most len(pattern)·len(s) steps.
func fits(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && pattern[p] == '?':
			_, n := utf8.DecodeRuneInString(s[i:])
			p++
			i += n
		case p < len(pattern) && pattern[p] == s[i]:
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// tableLines yields the words of each line that counts, by line number.
func tableLines(text string) func(func(int, []string) bool) {
	return func(yield func(int, []string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			f := strings.Fields(line)
			if len(f) > 0 && !strings.HasPrefix(f[0], "#") && !yield(n, f) {
				return
			}
		}
	}
}
