package multimap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/idn"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/perlre"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
)

// A filter makes of a value what is looked up.
type filter struct {
	name string           // without the expression
	re   *matcher.Pattern // nil: none
}

// parseFilter reads a rule's filter, one of names or, behind one of prefixes, a
// regular expression.
func parseFilter(s string, names, prefixes []string) (filter, error) {
	if slices.Contains(names, s) {
		return filter{name: s}, nil
	}
	for _, p := range prefixes {
		if pattern, ok := strings.CutPrefix(s, p); ok {
			re, err := perlre.Compile(pattern)
			return filter{name: p, re: re}, err
		}
	}
	known := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" })
	for _, p := range prefixes {
		known = append(known, p+"/…/")
	}
	if len(known) == 0 {
		return filter{}, fmt.Errorf("%q: the type has no filters", s)
	}
	return filter{}, fmt.Errorf("%q is none of %s", s, strings.Join(known, ", "))
}

// filtersOf returns the names and the prefixes of expressions of a type's filters.
func filtersOf(t Type) (names, prefixes []string) {
	switch t {
	case From, Rcpt, Header:
		return []string{"", "email", "email:addr", "email:user", "email:domain", "email:domain:tld", "email:name", "ip_addr"}, []string{"regexp:"}
	case Helo, Hostname:
		return []string{"", "tld", "top"}, []string{"tld:regexp:"}
	case URL:
		return []string{"", "tld", "top", "full", "is_phished", "is_obscured", "path", "query"}, []string{"tld:regexp:", "full:regexp:", "regexp:"}
	case Filename:
		return []string{"", "extension", "ext"}, []string{"regexp:"}
	case SymbolOptions, Mempool, Selector:
		return []string{""}, []string{"regexp:"}
	case Content:
		return []string{"", "body", "full", "headers", "text", "rawtext", "oneline"}, nil
	case Received:
		return []string{"", "real_ip", "from_ip", "real_hostname", "from_hostname", "by_hostname", "for", "proto",
			"tld:real_hostname", "tld:from_hostname", "tld:by_hostname"}, nil
	}
	return []string{""}, nil
}

// match returns what the expression matches in s.
func (f filter) match(s string) (string, bool) {
	loc := f.re.Find(s, matcher.For(len(s)))
	if loc == nil {
		return "", false
	}
	return s[loc[0]:loc[1]], true
}

// group returns the first group of the expression's match in s.
func (f filter) group(s string) (string, bool) {
	loc := f.re.Find(s, matcher.For(len(s)))
	if len(loc) < 4 || loc[2] < 0 {
		return "", false
	}
	return s[loc[2]:loc[3]], true
}

// addresses applies a filter of addresses to a text with some. As in Rspamd, a
// text without an address, or in which the expression matches nothing, is looked
// up as it is.
func (f filter) addresses(text string) []string {
	if f.re != nil {
		if m, ok := f.match(text); ok {
			return []string{m}
		}
		return []string{text}
	}
	if !strings.HasPrefix(f.name, "email") {
		return []string{text}
	}
	var list []string
	for _, a := range mail.ParseAddressList(text, maxAddresses) {
		if a.Addr == "" {
			continue
		}
		list = append(list, f.address(&a)...)
	}
	if list == nil {
		return []string{text}
	}
	return list
}

// maxAddresses bounds the addresses of one header field.
const maxAddresses = 1024

// address returns what the filter takes of an address.
func (f filter) address(a *mail.Address) []string {
	switch f.name {
	case "email:user":
		return []string{a.User}
	case "email:domain":
		return []string{a.Domain}
	case "email:domain:tld":
		return []string{publicsuffix.ESLDOrSelf(a.Domain)}
	case "email:name":
		return []string{a.Name}
	}
	return []string{a.Addr}
}

// spellings returns the other forms of a domain: a list may have U-labels where the
// message has A-labels, and the other way round. Other texts have none.
func spellings(s string) (others []string) {
	if len(s) > maxDomain || strings.ContainsAny(s, " @/") || !strings.Contains(s, "xn--") && !strings.ContainsFunc(s, wide) {
		return nil
	}
	for _, other := range []string{mail.DomainKey(s), idn.ToUnicode(s)} {
		if !strings.EqualFold(other, s) {
			others = append(others, other)
		}
	}
	return others
}

// maxDomain bounds what is taken for a domain.
const maxDomain = 255

func wide(r rune) bool { return r >= 0x80 }

// host applies a filter of host names.
func (f filter) host(name string) []string {
	if f.name == "" {
		return []string{name}
	}
	tld := publicsuffix.ESLDOrSelf(name)
	return f.registered(tld)
}

// registered applies a filter of registrable domains.
func (f filter) registered(tld string) []string {
	switch {
	case f.re != nil:
		if m, ok := f.match(tld); ok {
			return []string{m}
		}
		return nil
	case f.name == "top":
		return []string{tld[strings.LastIndexByte(tld, '.')+1:]}
	}
	return []string{tld}
}

// url applies a filter of URLs.
func (f filter) url(u *mail.URL) []string {
	switch f.name {
	case "tld", "top", "tld:regexp:":
		return f.registered(u.TLD)
	case "full":
		return []string{u.Text}
	case "is_phished":
		if u.Flags&mail.URLPhished == 0 {
			return nil
		}
	case "is_obscured":
		if u.Flags&mail.URLObscured == 0 {
			return nil
		}
	case "path":
		return []string{u.Path}
	case "query":
		return []string{u.Query}
	case "full:regexp:":
		if m, ok := f.match(u.Text); ok {
			return []string{m}
		}
		return nil
	case "regexp:":
		if m, ok := f.match(u.Host); ok {
			return []string{m}
		}
		return nil
	}
	return []string{u.Host}
}

// file applies a filter of file names.
func (f filter) file(name string) []string {
	switch {
	case f.re != nil:
		if m, ok := f.match(name); ok {
			return []string{m}
		}
		return nil
	case f.name != "":
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 || dot == len(name)-1 {
			return nil
		}
		return []string{name[dot+1:]}
	}
	return []string{name}
}

// plain applies a filter of texts without form.
func (f filter) plain(text string) []string {
	if f.re == nil {
		return []string{text}
	}
	if m, ok := f.group(text); ok {
		return []string{m}
	}
	return nil
}
