package osb

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"
)

const (
	// decayWords is how many words are taken before some are left out.
	decayWords = 600
	// maxWord is the length in UTF-16 units up to which Rspamd reads a word; of a
	// longer one nothing is left.
	maxWord = 1024
)

// A span is the place of a URL in a text, and the word that stands for it, or the
// place where a line ended, without a word.
type span struct {
	start, end int
	text       string
}

// A reader takes words out of texts.
type reader struct {
	words []word
	stem  func(string) string
	decay decay
	taken int // words, those too that are stop words

	text     string
	segments *words.Iterator[string]
	until    int      // where the latest segment ends
	pieces   []string // of the segments before, that are not taken yet
	at       int      // in the text
}

// read takes the words of a text, with spans in place of what they cover. What it
// does where a span begins in a word is Rspamd's: the piece before a URL is lost,
// and what follows an end of a line that is gone.
func (r *reader) read(text string, spans []span) {
	r.decay = decay{total: len(text)}
	r.segments, r.text, r.pieces, r.at, r.until = segmentsOf(text), text, nil, 0, 0
	last := 0 // what is before was taken, or is covered
	for end, ok := r.next(); ok; end, ok = r.next() {
		for last < end {
			var start, stop int
			if spans, start, stop, last = r.cover(spans, last, end); last > end {
				for ok && end < last {
					end, ok = r.next()
				}
				continue
			}
			if start < stop {
				r.take(text[start:stop], end)
			}
			last = end
		}
		last = end
	}
}

// cover puts spans that begin between last and end in their places. It returns
// those that are left, the word between start and stop, and behind what last is.
func (r *reader) cover(spans []span, last, end int) (rest []span, start, stop, behind int) {
	if len(spans) > 0 && spans[0].start < last {
		for len(spans) > 0 && spans[0].start <= last {
			spans = spans[1:]
		}
		return spans, last, end, last
	}
	for len(spans) > 0 && spans[0].start <= last {
		last += spans[0].end - spans[0].start
		r.put(spans[0])
		spans = spans[1:]
		if last > end {
			return spans, 0, 0, last
		}
	}
	if len(spans) == 0 || spans[0].start > end || spans[0].start < last {
		return spans, last, end, last
	}
	s := spans[0]
	r.put(s)
	return spans[1:], last, s.start, s.end
}

// put takes the word that stands for a URL; an end of a line has none.
func (r *reader) put(s span) {
	if s.text != "" {
		r.taken++
		r.words = append(r.words, word{s.text, true})
	}
}

// take takes a segment that ends at end if it is a word.
func (r *reader) take(segment string, end int) {
	if c, _ := utf8.DecodeRuneInString(segment); !idPart(c) || r.decay.drops(segment, r.taken, end) {
		return
	}
	r.taken++
	w := r.stem(normal(segment))
	if w == "" || !isStopWord(w) {
		r.words = append(r.words, word{text: w})
	}
}

// segmentsOf takes a text apart as UAX 29 says. ICU takes an at sign for a letter.
func segmentsOf(text string) *words.Iterator[string] {
	return words.FromString(strings.ReplaceAll(text, "@", "a"))
}

// next returns where the next piece of the text ends.
func (r *reader) next() (end int, ok bool) {
	if len(r.pieces) == 0 && !r.segment() {
		return r.at, false
	}
	r.at += len(r.pieces[0])
	r.pieces = r.pieces[1:]
	return r.at, true
}

// segment takes the next segment apart, or a run of segments that are letters of one
// script without blanks. It reports whether there was one.
func (r *reader) segment() bool {
	if r.until == r.at && !r.more() {
		return false
	}
	first := r.text[r.at:r.until]
	script := unspaced(first)
	if script == nil {
		r.pieces = split(first)
		return true
	}
	end := r.until
	for r.more() && unspaced(r.text[end:r.until]) == script {
		end = r.until
	}
	r.pieces = unspacedWords(r.text[r.at:end], script)
	return true
}

// more reads one segment on.
func (r *reader) more() bool {
	if !r.segments.Next() {
		return false
	}
	r.until = r.segments.End()
	return true
}

// split takes a segment of UAX 29 apart where ICU does in the locale POSIX, in
// which Rspamd usually runs: at colons, and at full stops that are not between
// digits.
func split(s string) []string {
	if !strings.ContainsAny(s, ".:\ufe55\uff1a") {
		return []string{s}
	}
	var out []string
	from := 0
	for i, c := range s {
		n := utf8.RuneLen(c)
		switch c {
		case '.':
			before, _ := utf8.DecodeLastRuneInString(s[:i])
			after, _ := utf8.DecodeRuneInString(s[i+n:])
			if unicode.IsDigit(before) && unicode.IsDigit(after) {
				continue
			}
		case ':', '\ufe55', '\uff1a':
		default:
			continue
		}
		if i > from {
			out = append(out, s[from:i])
		}
		out = append(out, s[i:i+n])
		from = i + n
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

// idPart reports whether a word can begin with c: whether it may stand in an
// identifier of Java.
func idPart(c rune) bool {
	switch {
	case c < 0x20 || c >= 0x7f && c <= 0x9f:
		return c <= 8 || c >= 0x0e && c <= 0x1b || c >= 0x7f
	}
	return unicode.In(c, unicode.L, unicode.Nl, unicode.Sc, unicode.Pc, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Cf)
}

// normal is a word in NFKC and lower case, without punctuation.
func normal(w string) string {
	if len(w) > maxWord {
		n := 0
		for _, c := range w {
			n += max(1, utf16.RuneLen(c))
		}
		if n > maxWord {
			return ""
		}
	}
	return strings.Map(func(c rune) rune {
		if c < utf8.RuneSelf {
			switch {
			case c >= 'A' && c <= 'Z':
				return c | 0x20
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '$', c == '+', c == '<', c == '=', c == '>', c == '|', c == '~':
				return c
			}
			return -1
		}
		if unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.Pc, unicode.Sm, unicode.Sc) {
			return unicode.ToLower(c)
		}
		return -1
	}, norm.NFKC.String(w))
}

// A decay leaves words of long texts out, by chance that the text decides.
type decay struct {
	total int // bytes of the text
	hash  uint64
	limit uint64
	on    bool
}

// drops reports whether the word that ends at end is left out, of which taken
// came before.
func (d *decay) drops(w string, taken, end int) bool {
	if d.on {
		d.hash = d.hash*2862933555777941757 + 3037000493
		return d.hash > d.limit
	}
	if len(w) >= 8 {
		d.hash = mum(d.hash, 0x2e0bb864e9ea7df5) ^ mum(binary.LittleEndian.Uint64([]byte(w[:8])), 0xcdb32970830fcaa1)
	}
	if taken <= decayWords || end >= d.total {
		return false
	}
	d.hash ^= mum(d.hash, 0xa9a7ae7ceff79f3f)
	d.hash ^= mum(d.hash, 0xaf47d47c99b1461b)
	d.on, d.limit = true, math.MaxUint64
	// Rspamd takes a word for six bytes.
	share := math.Floor(decayWords/(float64(d.total-end)/6)*10) / 10
	if share < 1 {
		d.limit = uint64(share * math.MaxUint64)
	}
	return false
}

// mum is the step of the hash MUM: both halves of a product, added.
func mum(v, p uint64) uint64 {
	hi, lo := bits.Mul64(v, p)
	return hi + lo
}
