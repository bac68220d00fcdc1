package reputation

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
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

func sums() map[string]func(string) []byte {
	return map[string]func(string) []byte{
		"blake2": func(s string) []byte { h := blake2b.Sum512([]byte(s)); return h[:] },
		"sha512": func(s string) []byte { h := sha512.Sum512([]byte(s)); return h[:] },
		"sha384": func(s string) []byte { h := sha512.Sum384([]byte(s)); return h[:] },
		"sha256": func(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] },
		"sha1":   func(s string) []byte { h := sha1.Sum([]byte(s)); return h[:] },
		"md5":    func(s string) []byte { h := md5.Sum([]byte(s)); return h[:] },
	}
}

func encodings() map[string]func([]byte) string {
	return map[string]func([]byte) string{
		"base32": zbase32.Encode, "hex": hex.EncodeToString, "base64": base64.StdEncoding.EncodeToString,
	}
}

// digest stands for an SPF record.
func digest(record string) string {
	h := blake2b.Sum512([]byte(record))
	return zbase32.Encode(h[:])[:32]
}

// hashed is a value as keys have it.
func (r *rule) hashed(text string) string {
	if r.Hash.Sum != "" {
		text = encodings()[r.Hash.Encoding](sums()[r.Hash.Sum](text))
	}
	if r.Hash.Length > 0 && r.Hash.Length < len(text) {
		text = text[:r.Hash.Length]
	}
	return r.Prefix + text
}

// key names the series of a value; ok is false if no store takes it.
func (r *rule) key(v value) (key string, ok bool) {
	key = r.hashed(v.prefix + v.text)
	return key, storage.CheckKey(key) == nil
}

// question is what a list in DNS is asked about a value; ok is false for what DNS
// can't have. Prefixes stand behind the value there.
func (r *rule) question(v value) (q resolver.Question, ok bool) {
	text := v.text
	if v.ip.IsValid() {
		text = resolver.ReverseLabels(v.ip)
	}
	name := r.hashed(text)
	if p := strings.TrimSuffix(v.prefix, ":"); p != "" {
		name += "." + p
	}
	name += "." + strings.Trim(r.Zone, ".")
	return resolver.Question{Name: name, Type: resolver.TypeTXT}, len(name) <= 253 && dnsname.Askable(name)
}
