package rbl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/blake2b"

	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
)

// hashed returns the key as the list publishes it: hashed, written and cut,
// or as it is.
func (l *list) hashed(key string) string {
	var sum []byte
	switch l.Hash.Sum {
	case MD5:
		s := md5.Sum([]byte(key))
		sum = s[:]
	case SHA1:
		s := sha1.Sum([]byte(key))
		sum = s[:]
	case SHA256:
		s := sha256.Sum256([]byte(key))
		sum = s[:]
	case SHA384:
		s := sha512.Sum384([]byte(key))
		sum = s[:]
	case SHA512:
		s := sha512.Sum512([]byte(key))
		sum = s[:]
	case Blake2:
		s := blake2b.Sum512([]byte(key))
		sum = s[:]
	default:
		return key
	}
	var text string
	switch l.Hash.Format {
	case Base32:
		text = zbase32.Encode(sum)
	case Base64:
		text = base64.StdEncoding.EncodeToString(sum)
	default:
		text = hex.EncodeToString(sum)
	}
	if l.Hash.Length > 0 && l.Hash.Length < len(text) {
		text = text[:l.Hash.Length]
	}
	return text
}

// maxQuestion is the length of a name in DNS (RFC 1035 section 2.3.4), in the
// form without the final dot.
const maxQuestion = 253

// question returns the name to ask for a key, "" if there is none: the key is
// empty, no valid text, has labels that DNS or any host name can't have, or
// the name gets too long.
func (l *list) question(key string) string {
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
	return strings.ToLower(key) + l.suffix
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
