package osb

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// inUnknownCharset is a message with a text among 1,600 bytes of ASCII, in whose start,
// middle and end Rspamd looks for a charset.
func inUnknownCharset(head, text string) *mail.Message {
	before, behind := strings.Repeat("okapi ", 100), strings.Repeat("lemur ", 200)
	return mail.Parse([]byte(head+"\r\n\r\n"+before+text+behind+"\r\n"), mail.Envelope{}, mail.Limits{})
}

// TestBytes has words of texts in an unknown charset, as Rspamd 3.4 has them, and of
// texts whose charset is known after all.
func TestBytes(t *testing.T) {
	const plain, html = "Content-Type: text/plain", "Content-Type: text/html"
	for _, c := range []struct{ head, text, want string }{
		{plain, "Zebra's caf\xe9, TAPIR_x @home ", "zebra's|caf\xe9|tapir|x|@home"},
		{plain, "Zebra\r\nTapir \xe9 ", "zebra||apir|\xe9"},
		{plain, "we ((see)) \"it\" at http://www.example.com/x?y now \xe9 ", "we|see|it|at||now|\xe9"},
		{plain, "zebra \xe2\x80\x8btapir \xe9 ", "zebra|\xe2\x80\x8btapir|\xe9"},
		{plain + "; charset=unknown-8bit", "zebra caf\xe9 ", "zebra|caf\xe9"},
		{plain + "; charset=iso-8859-1", "zebra's caf\xe9 ", "zebras|café"},
		{plain + "; charset=utf-8", "zebra's caf\xe9 ", "zebras|café"},
		{plain, "zebra's café ", "zebras|café"},
		{html, "<p>Zebras caf\xe9 &euml;xx </p>", "|ebras|caf\xe9|ëxx||emur"},
	} {
		m := inUnknownCharset(c.head, c.text)
		words, _ := Rspamd34.textWords(m.Texts()[0], "")
		var got []string
		for _, w := range words {
			if w.text != "okapi" && w.text != "kapi" && w.text != "lemur" {
				got = append(got, w.text)
			}
		}
		if got := strings.Join(got, "|"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestGuessedPlaces says which texts Rspamd guesses no charset of.
func TestGuessedPlaces(t *testing.T) {
	const head = "Content-Type: text/plain\r\n\r\n"
	for _, c := range []struct {
		bytes, at int
		want      bool
	}{
		{1535, 600, false}, {1536, 600, true}, {1536, 511, false}, {1536, 512, true}, {1536, 767, true},
		{1536, 768, false}, {3000, 1499, true}, {3000, 1500, false}, {3000, 2012, true}, {3000, 2487, true}, {3000, 2488, false},
	} {
		text := []byte(strings.Repeat("x", c.bytes))
		text[c.at] = 0xe9
		m := mail.Parse(append([]byte(head), text...), mail.Envelope{}, mail.Limits{})
		if got := unread(m.Texts()[0]); got != c.want {
			t.Errorf("%d bytes, at %d: %v", c.bytes, c.at, got)
		}
	}
}
