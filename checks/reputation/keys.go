package reputation

import (
	"strings"

	"github.com/winnowmail/winnow/internal/dnsname"
	"github.com/winnowmail/winnow/internal/keyhash"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/storage"
)

// hashed is a value as keys have it.
func (r *rule) hashed(text string) string {
	return r.Prefix + keyhash.Key(text, r.Hash.Sum, r.Hash.Encoding, r.Hash.Length)
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
