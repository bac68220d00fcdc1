package mail

import (
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/charset"
	"github.com/winnowmail/winnow/internal/transfer"
)

// DecodeText decodes the encoded words (RFC 2047) of an unfolded header value
// and returns valid UTF-8 on one line: other white space becomes a space and
// control characters question marks, as in Rspamd. It tolerates what mail
// shows: words that follow each other without space or split a character,
// white space and question marks inside a word, a missing end, a language
// suffix (RFC 2231). Unencoded 8-bit text that is not UTF-8 is guessed.
// A word that touches other text gets a space between, unless it is inside
// brackets or quotes.
// A charset is guessed maxGuesses times at most, and then the last guess holds.
func DecodeText(s string) string { return decodeText(s, guesses(maxGuesses)) }

func decodeText(s string, g *charset.Guesses) string { return decodeWords(s, true, g) }

// decodeWords does the work of DecodeText; without spaced nothing is put
// between words and text that touch, as in file names.
func decodeWords(s string, spaced bool, g *charset.Guesses) string {
	if !strings.Contains(s, "=?") {
		return oneLine(utf8Text(s, g))
	}
	d := wordDecoder{spaced: spaced, guesses: g}
	for len(s) > 0 {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		w, n, ok := cutWord(s[i:])
		if !ok {
			d.literal(s[:i+2])
			s = s[i+2:]
			continue
		}
		d.literal(s[:i])
		d.word(w)
		s = s[i+n:]
	}
	d.literal(s)
	d.flush()
	return oneLine(d.out.String())
}

// An encodedWord is one parsed encoded word.
type encodedWord struct {
	charset, text string
	base64        bool
}

// maxWord bounds how far the end of an encoded word is looked for.
const maxWord = 4096

// cutWord reads the encoded word at the start of s and returns its length.
func cutWord(s string) (w encodedWord, n int, ok bool) {
	rest := s[2:]
	q := strings.IndexByte(rest[:min(len(rest), 64)], '?')
	if q <= 0 || q+2 >= len(rest) || rest[q+2] != '?' {
		return w, 0, false
	}
	w.charset = rest[:q]
	if strings.ContainsAny(w.charset, " \t=") {
		return w, 0, false
	}
	switch rest[q+1] {
	case 'b', 'B':
		w.base64 = true
	case 'q', 'Q':
	default:
		return w, 0, false
	}
	body := rest[q+3:]
	end, tail := wordEnd(body, w.base64)
	if end < 0 {
		return w, 0, false
	}
	w.text = body[:end]
	return w, 2 + q + 3 + end + tail, true
}

// wordEnd finds "?=" in an encoded word's text; a "?=" that is followed by two
// hexadecimal digits in Q text is an unencoded question mark before an escape.
// A base64 word may lack its end.
func wordEnd(body string, base64 bool) (end, tail int) {
	look := body[:min(len(body), maxWord)]
	for i := 0; ; {
		j := strings.Index(look[i:], "?=")
		if j < 0 {
			break
		}
		i += j
		if !base64 && i+3 < len(look) && hexPair(look[i+2:]) && strings.Contains(look[i+2:], "?=") {
			if k := strings.Index(look[i+2:], "=?"); k < 0 || k > strings.Index(look[i+2:], "?=") {
				i += 2
				continue
			}
		}
		return i, 2
	}
	if !base64 {
		return -1, 0
	}
	n := 0
	for n < len(look) && isBase64(look[n]) {
		n++
	}
	if n < 4 || n < len(look) && look[n] != '?' {
		return -1, 0
	}
	return n, min(1, len(look)-n)
}

func hexPair(s string) bool { return isHex(s[0]) && isHex(s[1]) }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'F'
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '='
}

// A wordDecoder joins the bytes of neighbouring words of one charset before
// they are converted: a character may be split between two words.
type wordDecoder struct {
	out     strings.Builder
	pending []byte
	quanta  string // base64 of the last word that ended inside a quantum
	charset string
	after   bool // the last thing written was a word
	spaced  bool
	guesses *charset.Guesses
	last    byte // end of the literal before a word, 0 at the start
}

func (d *wordDecoder) literal(s string) {
	if d.after && strings.TrimLeft(s, " \t\r\n") == "" {
		return // white space between words, or nothing
	}
	if s == "" {
		return
	}
	d.flush()
	if d.spaced && d.after && isAlnum(s[0]) {
		d.out.WriteByte(' ')
	}
	d.out.WriteString(utf8Text(s, d.guesses))
	d.after, d.last = false, s[len(s)-1]
}

func (d *wordDecoder) word(w encodedWord) {
	if d.spaced && !d.after && d.last != 0 && strings.IndexByte(" \t\n\"'([{<=-/", d.last) < 0 {
		d.out.WriteByte(' ')
	}
	stateful := strings.HasPrefix(strings.ToLower(w.charset), "iso-2022") || len(w.charset) >= 2 && strings.EqualFold(w.charset[:2], "hz")
	if !strings.EqualFold(w.charset, d.charset) || stateful {
		d.flush()
	}
	d.charset, d.after = w.charset, true
	if !w.base64 {
		d.flushQuantum()
		d.pending = transfer.Q(d.pending, strings.ReplaceAll(w.text, "\n", ""))
		return
	}
	text := d.quanta + compact(w.text)
	d.quanta = ""
	if n := len(text) % 4; n != 0 && !strings.HasSuffix(text, "=") {
		text, d.quanta = text[:len(text)-n], text[len(text)-n:]
	}
	b, _ := transfer.Base64([]byte(text))
	d.pending = append(d.pending, b...)
}

func (d *wordDecoder) flushQuantum() {
	if d.quanta != "" {
		b, _ := transfer.Base64([]byte(d.quanta))
		d.pending, d.quanta = append(d.pending, b...), ""
	}
}

func (d *wordDecoder) flush() {
	d.flushQuantum()
	if len(d.pending) > 0 {
		d.out.WriteString(d.guesses.Decode(d.pending, d.charset).Text)
		d.pending = d.pending[:0]
	}
	d.charset = ""
}

// compact drops what is not base64.
func compact(s string) string {
	for i := range len(s) {
		if !isBase64(s[i]) {
			b := make([]byte, 0, len(s))
			for j := range len(s) {
				if isBase64(s[j]) {
					b = append(b, s[j])
				}
			}
			return string(b)
		}
	}
	return s
}

// utf8Text makes unencoded header text valid UTF-8.
func utf8Text(s string, g *charset.Guesses) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	return g.Decode([]byte(s), "").Text
}

// oneLine replaces white space and control characters.
func oneLine(s string) string {
	i := 0
	for i < len(s) && s[i] >= ' ' && s[i] != 0x7f {
		i++
	}
	if i == len(s) {
		return s
	}
	b := []byte(s)
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\t' || c == '\n' || c == '\v' || c == '\f' || c == '\r':
			b[i] = ' '
		case c < ' ' || c == 0x7f:
			b[i] = '?'
		}
	}
	return string(b)
}
