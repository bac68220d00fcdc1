package osb

import (
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/charset"
	"github.com/winnowmail/winnow/mail"
)

// guessBytes is how much at the start, in the middle and at the end of a long text
// Rspamd guesses a charset from.
const guessBytes = 512

// unread reports whether Rspamd leaves a text in its bytes: it is not UTF-8, it names
// no charset that is known, and where Rspamd looks for one there is only ASCII.
func unread(t *mail.Text) bool {
	b := t.Part.Content()
	if len(b) < 3*guessBytes || charset.Known(t.Part.Type.Charset) || utf8.Valid(b) {
		return false
	}
	for _, at := range []int{0, len(b) / 2, len(b) - guessBytes} {
		for _, c := range b[at : at+guessBytes] {
			if c >= utf8.RuneSelf {
				return false
			}
		}
	}
	return true
}

// inBytes is a text without markup as the message has it. What an entity stands for
// is in UTF-8.
func (d Dialect) inBytes(t *mail.Text) string {
	content, text := t.Part.Content(), t.UTF8()
	switch {
	case !t.IsHTML:
		return string(content)
	case utf8.RuneCountInString(text) != len(content):
		return d.plain(t)
	}
	bytes, n := map[rune]byte{}, 0
	for _, c := range text {
		if c >= utf8.RuneSelf {
			bytes[c] = content[n]
		}
		n++
	}
	var out strings.Builder
	for _, c := range d.plain(t) {
		if b, ok := bytes[c]; ok {
			out.WriteByte(b)
		} else {
			out.WriteRune(c)
		}
	}
	return out.String()
}

// readBytes takes the words of a text that is left in its bytes, as Rspamd does: it
// leaves out the last word and the first byte of each that does not follow a
// delimiter, takes what stands before a span for a word even where nothing does, and
// heeds no further span once it has jumped over the start of one. Spans have no word.
func (r *reader) readBytes(text string, spans []span) {
	r.decay = decay{total: len(text)}
	at, any := 0, false
	if len(spans) > 0 && spans[0].start == 0 {
		at = spans[0].end
	}
	for at < len(text) {
		span := -1
		if len(spans) > 0 {
			span = spans[0].start
		}
		start, end := wordBehind(text, at, span)
		switch end {
		case len(text):
			return
		case span:
			at, spans = spans[0].end, spans[1:]
		default:
			at, any = end, true
		}
		if !any || start < end && r.decay.drops(text[start:end], r.taken, at) {
			continue
		}
		r.taken++
		r.words = append(r.words, word{text: lowerASCII(text[start:end])})
	}
}

// wordBehind returns the word behind the byte at, which is a delimiter or passed over.
// It ends where a span begins.
func wordBehind(text string, at, span int) (start, end int) {
	if at == span {
		return at, at
	}
	for start = at + 1; start < len(text) && start != span && delimiter(text[start]); {
		start++
	}
	for end = start; end < len(text) && end != span && !delimiter(text[end]); {
		end++
	}
	return start, end
}

// delimiter reports whether c stands between words of a text that is left in its bytes.
func delimiter(c byte) bool {
	return strings.IndexByte("\t\n\r \"#$%&()*+,-./:;<=>?[\\]^_`{|}~", c) >= 0
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] |= 0x20
		}
	}
	return string(b)
}
