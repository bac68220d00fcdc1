package rbl

import (
	"cmp"
	"strings"

	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/internal/keyhash"
	"github.com/winnowmail/winnow/mail"
)

// hashed returns the key as a list with a Sum publishes it.
func (l *list) hashed(key string) string {
	return keyhash.Key(key, string(l.Hash.Sum), string(cmp.Or(l.Hash.Format, Hex)), l.Hash.Length)
}

// maxQuestion is the length of a name in DNS (RFC 1035 section 2.3.4), in the
// form without the final dot.
const maxQuestion = 253

// question returns the name to ask for a key, "" if there is none.
func (l *list) question(key string) string {
	if key = l.labels(key); key != "" {
		return key + l.suffix
	}
	return ""
}

// labels returns what stands for a key before the list's suffix in the name to
// ask, "" if nothing can: the key is empty, no valid text, has labels that DNS
// or any host name can't have, or the name gets too long.
func (l *list) labels(key string) string {
	for strings.HasSuffix(key, ".") {
		key = key[:len(key)-1]
	}
	if key == "" {
		return ""
	}
	if l.Hash.Sum != "" {
		key = l.hashed(key)
	}
	if len(key)+1+len(l.zone) > maxQuestion || !dnsname.Askable(key) {
		return ""
	}
	return strings.ToLower(key)
}

// mailbox normalises an address as Rspamd does before it asks a list: a tag
// after "+" goes, the dots of Gmail's users go, googlemail.com is gmail.com,
// all in lower case.
func mailbox(user, domain string) (string, string) {
	user, domain = strings.ToLower(user), mail.DomainKey(domain)
	gmail := domain == "gmail.com" || domain == "googlemail.com"
	if gmail {
		user, domain = strings.ReplaceAll(user, ".", ""), "gmail.com"
	}
	if i := strings.IndexByte(user, '+'); i > 0 {
		user = user[:i]
	}
	return user, domain
}
