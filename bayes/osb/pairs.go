package osb

import "github.com/cespare/xxhash/v2"

// hashSeed is Rspamd's seed of xxh64.
const hashSeed = 0xdeadbabe

// MaxWindow is the largest window of Rspamd's tokenizer.
const MaxWindow = 8

// A Token is a pair of words, as Rspamd's OSB tokenizer makes it.
type Token struct {
	ID uint64
	// Distance is how far the words are apart, at least 1.
	Distance uint8
	// Meta tells that the words describe the message: they do not stand in it.
	Meta bool
}

// A word is one of a text.
type word struct {
	text string
	// address stands for a URL or an e-mail address. It makes no token with the
	// words behind it.
	address bool
}

// factors multiply the hash of the earlier word, by distance.
func factors() [MaxWindow]uint64 { return [MaxWindow]uint64{1, 3, 5, 11, 23, 47, 97, 197} }

type hashed struct {
	hash    uint64
	address bool
}

// pairs appends the tokens of words to out: each word with those before it up to
// window-1 words away. As in Rspamd the words that first fill the window make
// none with each other; a list that does not fill it makes those of its last
// word but one.
func pairs(out []Token, words []word, window int, meta bool) []Token {
	var d xxhash.Digest
	var pipe [MaxWindow]hashed // the latest word first
	factor := factors()
	add := func(i int) {
		out = append(out, Token{ID: pipe[0].hash + pipe[i].hash*factor[i], Distance: uint8(i), Meta: meta})
	}
	for n, w := range words {
		d.ResetWithSeed(hashSeed)
		d.WriteString(w.text)
		copy(pipe[1:window], pipe[:window-1])
		pipe[0] = hashed{d.Sum64(), w.address}
		if n < window {
			continue
		}
		for i := 1; i < window; i++ {
			if !pipe[i].address {
				add(i)
			}
		}
	}
	if n := len(words); n > 1 && n <= window {
		copy(pipe[:], pipe[1:])
		for i := 1; i < n-1; i++ {
			add(i)
		}
	}
	return out
}
