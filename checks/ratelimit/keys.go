package ratelimit

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
)

// Prefix begins the names of buckets, and List is the ranked set of those that
// were full last, as in Rspamd.
const (
	Prefix = "RL"
	List   = "RL_cache_prefix"
)

// keyOf makes a bucket's name of what has it: the prefix and up to 24 characters
// of the digest.
func keyOf(text string) string { return Prefix + zbase32.Digest(text)[:min(24, len(text))] }

// burstID tells buckets of different bursts apart, as Rspamd does.
func burstID(b Bucket) string { return plain(math.Floor(100000/b.Burst + .5)) }

// A word is a part of a limit's name: it returns the values of a message, none
// if it has none.
type word func(r *rule, t *checks.Task) []string

func words() map[string]word {
	return map[string]word{
		"ip":   func(_ *rule, t *checks.Task) []string { return client(t, true) },
		"rip":  func(_ *rule, t *checks.Task) []string { return client(t, false) },
		"from": func(r *rule, t *checks.Task) []string { return r.from(t) },
		"user": func(r *rule, t *checks.Task) []string { return some(r.fold(t.Envelope().User)) },
		"to": func(r *rule, t *checks.Task) []string {
			for _, a := range recipients(t) {
				if a.Addr != "" {
					return some(r.fold(a.Key()))
				}
			}
			return nil
		},
		"bounce": func(r *rule, t *checks.Task) []string {
			if r.bounces(t) {
				return []string{"_"}
			}
			return nil
		},
		"asn": func(_ *rule, t *checks.Task) []string {
			if a, _ := asn.Fact.Get(t); a.ASN != 0 {
				return some(strconv.FormatUint(uint64(a.ASN), 10))
			}
			return nil
		},
		"digest":      func(_ *rule, t *checks.Task) []string { return some(digest(t.Message())) },
		"attachments": func(_ *rule, t *checks.Task) []string { return some(attachments(t.Message(), partDigest, "")) },
		"files": func(_ *rule, t *checks.Task) []string {
			return some(attachments(t.Message(), func(p *mail.Part) string { return p.Filename() }, ":"))
		},
	}
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func wordsOf(name string) []string { return strings.Split(name, "_") }

func unknownWord(name string) (string, bool) {
	known := words()
	for _, w := range wordsOf(name) {
		if known[w] == nil {
			return w, true
		}
	}
	return "", false
}

func wordList() string {
	var list []string
	for w := range words() {
		list = append(list, w)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// client is the address of the client, if it has one and may be local.
func client(t *checks.Task, local bool) []string {
	c := relay.Of(t)
	if !c.IP.IsValid() || c.Local && !local {
		return nil
	}
	return some(c.IP.Unmap().String())
}

// sender is the envelope's, else the author. ok tells whether either is known;
// the null sender is, with an empty address.
func sender(t *checks.Task) (a mail.Address, ok bool) {
	if t.Envelope().HasFrom {
		return aliases.EnvelopeFrom(t), true
	}
	if from := aliases.From(t); len(from) > 0 {
		return from[0], true
	}
	return mail.Address{}, false
}

func (r *rule) from(t *checks.Task) []string {
	a, ok := sender(t)
	if !ok {
		return nil
	}
	return []string{r.fold(a.Key())}
}

// bounces reports whether the message is a bounce, by its sender.
func (r *rule) bounces(t *checks.Task) bool {
	a, _ := sender(t)
	return slices.Contains(r.BounceSenders, a.User)
}

// recipients are those of the envelope, else those of the header.
func recipients(t *checks.Task) []mail.Address {
	if list := aliases.EnvelopeRcpts(t); len(list) > 0 {
		return list
	}
	return aliases.Recipients(t)
}

// keyed is an address, or a user's name, as it is compared.
func keyed(addr string) string { return (&mail.Address{Addr: addr}).Key() }

// fold takes the tag from an address or a user's name, if that is wanted.
func (r *rule) fold(s string) string {
	if !r.FoldPlus {
		return s
	}
	user, domain, at := strings.Cut(s, "@")
	if i := strings.IndexByte(user, '+'); i > 0 {
		user = user[:i]
	}
	if at {
		user += "@" + domain
	}
	return user
}

func partDigest(p *mail.Part) string {
	sum := p.Digest()
	return hex.EncodeToString(sum[:])
}

// digest is that of the content of all parts.
func digest(m *mail.Message) string {
	var list []string
	for _, p := range m.Parts() {
		if !p.IsMultipart() {
			list = append(list, partDigest(p))
		}
	}
	return zbase32.Digest(list...)[:32]
}

// attachments joins what is told of the parts with a file name.
func attachments(m *mail.Message, tell func(*mail.Part) string, between string) string {
	var list []string
	for _, p := range m.Parts() {
		if p.Filename() != "" {
			list = append(list, tell(p))
		}
	}
	return strings.Join(list, between)
}
