// Package chartable finds words that are written with letters of several
// scripts, to look like other words to people and not to machines.
//
// Rspamd 4.1.6 registers R_MIXED_CHARSET_URL beside R_MIXED_CHARSET but never
// raises it, so it is not declared here.
package chartable

import (
	"context"
	"strings"
	"unicode"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "chartable", Doc: "words that mix letters of several scripts", Checks: []*checks.Check{{
		Name:    "chartable",
		Doc:     "words that mix letters of several scripts",
		Symbols: []*symbols.Def{mixedCharset},
		Run:     run,
	}}}
}

var mixedCharset = &symbols.Def{
	Name: "R_MIXED_CHARSET", Groups: []string{"headers"}, Weight: 5, OneShot: true,
	Doc: "words of the text, of Subject or of the name in From mix letters of several scripts",
}

const (
	threshold  = 0.1 // mean badness of a word from which on the symbol is raised
	maxTextLen = 32 << 10
	maxWordLen = 10   // longer words don't count
	maxBadness = 4.0  // of one word
	onlyHeader = 0.25 // the factor where no text is bad too
	fewWords   = 10   // fewer words are taken for English where nothing tells their language
	digitAlpha = 0.25 // badness of a foreign letter behind a digit
)

func run(_ context.Context, t *checks.Task) error {
	texts := t.Message().AllTexts()
	bad := false
	for i, x := range texts {
		if x.ASCII() {
			continue
		}
		mean := ofText(x).mean(func() bool { return withoutAccents(texts[:i+1]) })
		if mean > threshold {
			bad = true
			t.HitAt(symbols.Hit{Def: mixedCharset, Factor: mean, Evidence: checks.Part(x.Part)})
		}
	}
	header(t, t.Message().Texts(), bad)
	return nil
}

// header judges the words of Subject and of the name in From together, as
// Rspamd does, and names those of the two that have bad ones.
func header(t *checks.Task, texts []*mail.Text, bad bool) {
	h := t.Message().Header()
	subject, from := tally{}, tally{}
	if f := h.Get("subject"); f != nil && !(t.Exact() && f.UnknownCharset()) {
		subject.addAll(f.Text())
	}
	from.addAll(fromName(h))
	sums := tally{1 + subject.words + from.words, subject.usual + from.usual, subject.strange + from.strange}
	odd := func() bool { return withoutAccents(texts) }
	mean := sums.mean(odd)
	if mean <= threshold {
		return
	}
	if !bad {
		mean = min(mean, onlyHeader)
	}
	hit := symbols.Hit{Def: mixedCharset, Factor: mean}
	for _, f := range [...]struct {
		name string
		tally
	}{{"subject", subject}, {"from", from}} {
		if f.usual > 0 || f.strange > 0 && odd() {
			hit.Options = append(hit.Options, f.name)
			hit.Evidence = append(hit.Evidence, checks.Field(h.Get(f.name))...)
		}
	}
	t.HitAt(hit)
}

// A tally adds up the badness of words, both as if accents were usual and as
// if they were odd.
type tally struct {
	words          int
	usual, strange float64
}

func (y *tally) add(w string) {
	y.words++
	mixed, accents := badness(w)
	y.strange += min(mixed+float64(accents), maxBadness)
	y.usual += min(mixed, maxBadness)
}

// mean returns the badness of a word. Finding the language is expensive, so
// plain is called only where it matters.
func (y tally) mean(plain func() bool) float64 {
	if y.words == 0 {
		return 0
	}
	n := float64(y.words)
	switch {
	case y.strange/n <= threshold:
		return 0
	case y.strange != y.usual && plain():
		return min(y.strange/n, 1)
	}
	return min(y.usual/n, 1)
}

// withoutAccents reports whether accents are odd in the last of the texts: in
// English and other languages written without them. A few words of ASCII count
// as English, as in Rspamd, unless they are usual in a language with accents.
// Where the language is unknown the texts before it decide.
func withoutAccents(texts []*mail.Text) bool {
	for i := len(texts) - 1; i >= 0; i-- {
		switch lang, confidence := texts[i].Language(); lang {
		case "":
			if n := len(texts[i].Words()); n > 0 && n < fewWords {
				return true
			}
		case "en", "zh", "ja", "ko", "el", "he", "hy", "ka", "th", "ru", "uk", "bg", "be", "ar", "fa", "id", "ms", "nl":
			if confidence > 0.75 {
				return true
			}
		default:
			return false
		}
	}
	return false
}

// ofText judges the words at the beginning of a text.
func ofText(x *mail.Text) tally {
	var sums tally
	text := x.Plain()
	sums.addAll(text[:min(len(text), maxTextLen)])
	return sums
}

// fromName returns what stands before the address in From.
func fromName(h *mail.Header) string {
	f := h.Get("from")
	if f == nil {
		return ""
	}
	name, _, ok := strings.Cut(f.Text(), "<")
	if !ok {
		return ""
	}
	return name
}

// badness says how oddly the letters of a word are mixed: a letter of another
// script that looks like a Latin one counts the more the earlier it stands
// behind Latin letters, a foreign letter behind a digit a little. The letters
// with accents are counted apart.
func badness(w string) (sum float64, accents int) {
	n, run := 0, 0
	latin := true
	state, before := start, start
	for _, r := range w {
		if n++; n > maxWordLen {
			return 0, 0
		}
		if isAccented(r) {
			accents++
		}
		now := kindOf(r)
		if now == alpha {
			isLatin := r < 0x370 || r >= 0x1e00 && r < 0x1f00
			switch {
			case state == digit:
				if !isLatin && before != start {
					sum += digitAlpha
				}
			case state != alpha:
			case run == 0:
				latin, run = isLatin, 1
			case !isLatin && latin:
				if looksLatin(r) {
					sum += 1 / float64(run)
				}
				latin, run = false, 1
			default:
				run++
			}
			before, state = state, now
			continue
		}
		if state != now {
			before = state
		}
		state, run = now, 0
	}
	return sum, accents
}

type kind uint8

const (
	start kind = iota
	alpha
	digit
	other
)

func kindOf(r rune) kind {
	switch {
	case unicode.IsLetter(r):
		return alpha
	case unicode.IsDigit(r):
		return digit
	}
	return other
}
