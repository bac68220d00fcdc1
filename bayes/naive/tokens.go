package naive

import (
	"crypto/sha1"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/winnowmail/winnow/mail"
)

// maxTokens of a message are taken.
const maxTokens = 20_000

// Tokens returns what a message is judged by, each once: the words of its texts
// and, apart from them, those of its subject, the sender's address and domain,
// and the domains of URLs.
func Tokens(m *mail.Message) []uint64 {
	var out []uint64
	add := func(id uint64) {
		if len(out) < maxTokens {
			out = append(out, id)
		}
	}
	for _, w := range strings.Fields(strings.ToLower(m.Header().Text("Subject"))) {
		add(named("s:", w))
	}
	if from := m.From(); len(from) > 0 {
		add(named("f:", from[0].Key()))
		add(named("d:", from[0].DomainKey()))
	}
	for _, u := range m.URLs() {
		add(named("u:", u.TLD))
	}
	for _, t := range m.Texts() {
		for _, w := range t.Words() {
			add(word(w.Text))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > 0 && out[0] == nothing {
		out = out[1:]
	}
	return out
}

// nothing is the number of no token.
const nothing = 0

// named is a token of what is no word of a text.
func named(kind, s string) uint64 {
	if s == "" {
		return nothing
	}
	return xxhash.Sum64String(kind+s) | 1<<63
}

// word is a word of a text. It is found by the number that SpamAssassin gives the
// word, so that what that learned can be taken over: the last five bytes of the
// SHA-1.
func word(s string) uint64 {
	sum := sha1.Sum([]byte(s))
	return binary.BigEndian.Uint64(sum[12:]) & (1<<40 - 1)
}
