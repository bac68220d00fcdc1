package spamassassin

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// lists are the addresses and domains that files name.
type lists struct {
	addresses map[string][]string // patterns with * and ?, in lower case, by list
	freemail  map[string]bool
	globs     []string // freemail domains with *
}

func newLists() *lists { return &lists{addresses: map[string][]string{}, freemail: map[string]bool{}} }

// listed maps a line's first word to the list that it adds to.
func listed(key string) string {
	switch key {
	case "whitelist_from", "welcomelist_from":
		return "from_good"
	case "blacklist_from", "blocklist_from":
		return "from_bad"
	case "def_whitelist_from", "def_welcomelist_from":
		return "from_default"
	case "whitelist_to", "welcomelist_to":
		return "to_good"
	case "blacklist_to", "blocklist_to":
		return "to_bad"
	case "more_spam_to", "all_spam_to":
		return key
	}
	return ""
}

// read reports whether a line adds to a list.
func (l *lists) read(key string, words []string) bool {
	switch key {
	case "freemail_domains":
		for _, w := range words {
			if w = strings.ToLower(w); strings.ContainsAny(w, "*?") {
				l.globs = append(l.globs, w)
			} else {
				l.freemail[mail.DomainKey(w)] = true
			}
		}
		return true
	case "freemail_whitelist", "freemail_welcomelist":
		l.add("freemail_good", words)
		return true
	case "enlist_addrlist":
		if len(words) > 1 && strings.HasPrefix(words[0], "(") && strings.HasSuffix(words[0], ")") {
			l.add("list "+words[0][1:len(words[0])-1], words[1:])
			return true
		}
		return false
	}
	if name := listed(key); name != "" {
		l.add(name, words)
		return true
	}
	if base, ok := strings.CutPrefix(key, "un"); ok && listed(base) != "" {
		name := listed(base)
		l.addresses[name] = slices.DeleteFunc(l.addresses[name], func(a string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, a) })
		})
		return true
	}
	return false
}

func (l *lists) add(name string, words []string) {
	for _, w := range words {
		l.addresses[name] = append(l.addresses[name], strings.ToLower(w))
	}
}

// has reports whether an address is in a list.
func (l *lists) has(name string, a *mail.Address) bool {
	if a.Addr == "" {
		return false
	}
	addr := strings.ToLower(a.Key())
	return slices.ContainsFunc(l.addresses[name], func(p string) bool { return fits(p, addr) })
}

// free reports whether an address is at a provider of free mailboxes.
func (l *lists) free(a *mail.Address) bool {
	if a.Addr == "" || l.has("freemail_good", a) {
		return false
	}
	domain := a.DomainKey()
	return l.freemail[domain] || slices.ContainsFunc(l.globs, func(p string) bool { return fits(p, domain) })
}

// fits matches a pattern in which * stands for any text and ? for a character,
// in linear time for each star.
func fits(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
