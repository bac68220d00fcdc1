package mail

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Plain returns the text that a reader sees: for HTML parts the visible text in
// Rspamd's white space conventions, otherwise UTF8.
func (t *Text) Plain() string {
	if h := t.HTML(); h != nil {
		return h.Visible
	}
	return t.UTF8()
}

// HTML returns the HTML view, nil for parts that are not HTML.
func (t *Text) HTML() *HTML {
	if !t.IsHTML {
		return nil
	}
	t.htmlOnce.Do(func() {
		t.html = parsePage(t.UTF8(), t.Part.msg.limits.HTMLTags, t.Part.msg.exact)
		if t.html.Cut {
			t.Part.msg.note(NoteCut, t.Part.Path, t.Part.BodyOffset, "HTMLTags")
		}
		if t.html.short {
			t.Part.msg.note(NoteCut, t.Part.Path, t.Part.BodyOffset, "HTML")
		}
		t.cidImages()
	})
	return t.html
}

// cidImages gives images that show another part of the message that part's
// size, where no attribute tells one.
func (t *Text) cidImages() {
	var sizes map[string][2]int // by Content-ID: many images may show the same part
	for _, m := range t.html.Images {
		if !m.Embedded || m.Data || m.Width != 0 && m.Height != 0 {
			continue
		}
		if sizes == nil {
			sizes = t.imageSizes()
		}
		size := sizes[m.Src]
		m.size(size[0], size[1])
	}
}

// imageSizes returns the sizes of the parts that an embedded image of t shows.
func (t *Text) imageSizes() map[string][2]int {
	shown := map[string]bool{}
	for _, m := range t.html.Images {
		if m.Embedded && !m.Data && m.Src != "" {
			shown[m.Src] = true
		}
	}
	sizes := map[string][2]int{}
	for _, p := range t.Part.msg.Parts() {
		if _, known := sizes[p.ContentID]; !known && shown[p.ContentID] {
			w, h := imageSize(p.Content())
			sizes[p.ContentID] = [2]int{w, h}
		}
	}
	return sizes
}

// Folded returns Plain in one line and with ASCII letters in lower case: a
// run of line ends is one blank. It is what rules about phrases look at.
func (t *Text) Folded() string {
	t.foldedOnce.Do(func() { t.folded = fold(t.Plain()) })
	return t.folded
}

func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var room [256]byte
	blank := true // what stands before is a blank, or nothing
	for s != "" {
		n := min(len(s), len(room))
		lowerLines(room[:n], s)
		s = s[n:]
		for rest, more := room[:n], true; more; {
			var line []byte
			line, rest, more = bytes.Cut(rest, []byte{'\n'})
			b.Write(line)
			if len(line) > 0 {
				blank = line[len(line)-1] == ' '
			}
			if more && !blank {
				b.WriteByte(' ')
				blank = true
			}
		}
	}
	return b.String()
}

// lowerLines fills dst with the begin of s, ASCII letters in lower case and CR as
// LF.
func lowerLines(dst []byte, s string) {
	s = s[:len(dst)]
	for i := range dst {
		c := s[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c == '\r' {
			c = '\n'
		}
		dst[i] = c
	}
}

// maxTextWord is the longest word that is taken; longer runs are no words.
const maxTextWord = 256

// Words returns the words of Plain: Unicode segmentation (UAX 29),
// lower-cased and NFKC-normalised. A word has a letter or a digit.
func (t *Text) Words() []Word {
	t.wordsOnce.Do(func() {
		plain := t.Plain()
		out := make([]Word, 0, min(len(plain)/6+1, t.Part.msg.limits.Words))
		normal := func(w string, _, _ int) string { return normalWord(w) }
		if asciiOnly(plain) { // one copy of the text in place of one of each word
			lower := strings.ToLower(plain)
			normal = func(_ string, start, end int) string { return lower[start:end] }
		}
		t.eachWord(func(w string, start, end int) { out = append(out, Word{normal(w, start, end), start, end}) })
		t.words = out
	})
	return t.words
}

// countWords notes whether there are more words than the limit allows, and keeps
// none: those of a long message with many texts would take more room than it.
func (t *Text) countWords() { t.eachWord(func(string, int, int) {}) }

// eachWord calls f with the words up to the limit, and notes if there are more.
func (t *Text) eachWord(f func(w string, start, end int)) {
	left := t.Part.msg.limits.Words
	plain := t.Plain()
	for start, end := range segments(plain) {
		w := plain[start:end]
		if len(w) > maxTextWord || !wordStart(w) {
			continue
		}
		if left--; left < 0 {
			t.wordsCut.Do(func() { t.Part.msg.note(NoteCut, t.Part.Path, t.Part.BodyOffset, "Words") })
			return
		}
		f(w, start, end)
	}
}

// wordStart reports whether a segment is a word rather than white space or
// punctuation.
func wordStart(w string) bool {
	if c := w[0]; c < utf8.RuneSelf {
		if alnumByte(c) {
			return true
		}
		if len(w) == 1 {
			return false
		}
	}
	return strings.IndexFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

func normalWord(w string) string {
	if asciiOnly(w) {
		return lowerASCII(w)
	}
	return strings.ToLower(norm.NFKC.String(w))
}

// ASCII reports whether Plain has no character beyond ASCII.
func (t *Text) ASCII() bool { return asciiOnly(t.Plain()) }
