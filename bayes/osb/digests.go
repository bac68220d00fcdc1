package osb

import (
	"encoding/binary"
	"slices"

	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/mail"
)

const (
	// maxDigests bounds the digests of a message: as many as four fields have orders.
	maxDigests = 24
	// shortDigest is how much of a digest later versions than 3.4 go by.
	shortDigest = 32
)

// Digests returns the names under which Rspamd notes that it has learned a message,
// for all users or for one: digests of its tokens in their order. They are several
// since the order in which Rspamd has some header fields changes with each start;
// those of the first 24 orders are returned.
func Digests(m *mail.Message, d Dialect, user string) []string {
	_, digests := d.digested(m, user)
	return digests
}

// digested returns a message's tokens and its digests.
func (d Dialect) digested(m *mail.Message, user string) (tokens []Token, digests []string) {
	text, about := d.read(m, Seen{})
	begin := []byte(user)
	begin = appendIDs(begin, text)
	for _, order := range orders(len(about.fields)) {
		digest := zbase32.Digest(string(appendIDs(slices.Clip(begin), pairs(nil, about.words(order), d.window(), true))))
		if d != Rspamd34 {
			digest = digest[:shortDigest]
		}
		digests = append(digests, digest)
	}
	return pairs(text, about.words(nil), d.window(), true), digests
}

func appendIDs(b []byte, tokens []Token) []byte {
	for _, t := range tokens {
		b = binary.LittleEndian.AppendUint64(b, t.ID)
	}
	return b
}

// orders returns the first maxDigests orders of n things, the usual one first.
func orders(n int) (list [][]int) {
	var next func(done []int)
	next = func(done []int) {
		if len(done) == n && len(list) < maxDigests {
			list = append(list, done)
		}
		for i := 0; i < n && len(list) < maxDigests; i++ {
			if !slices.Contains(done, i) {
				next(append(slices.Clip(done), i))
			}
		}
	}
	next(nil)
	return list
}
