package naive

import (
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
	add := func(kind, s string) {
		if s != "" && len(out) < maxTokens {
			out = append(out, xxhash.Sum64String(kind+s))
		}
	}
	for _, w := range strings.Fields(strings.ToLower(m.Header().Text("Subject"))) {
		add("s:", w)
	}
	if from := m.From(); len(from) > 0 {
		add("f:", from[0].Key())
		add("d:", from[0].DomainKey())
	}
	for _, u := range m.URLs() {
		add("u:", u.TLD)
	}
	for _, t := range m.Texts() {
		for _, w := range t.Words() {
			add("t:", w.Text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
