package bayes

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/mail"
)

// TestDigestOfPieces holds that how the text is handed to the hash does not matter:
// lines shorter and longer than what is gathered, and those that just fit.
func TestDigestOfPieces(t *testing.T) {
	for _, n := range []int{1, 100, 1021, 1022, 1023, 1024, 1025, 2047, 5000} {
		text := strings.Repeat("x", n) + " \r\n" + strings.Repeat("short line\r\n", n/10) + strings.Repeat("y", n)
		m := mail.Parse([]byte("From: a@example.org\r\nDate: Tue, 3 Nov 2026 10:11:12 +0100\r\nMessage-ID: <"+strings.Repeat("m", n)+"@example.org>\r\n\r\n"+text+"\r\n"), mail.Envelope{}, mail.Limits{})
		var want bytes.Buffer
		for _, name := range []string{"From", "Date", "Message-ID"} {
			want.WriteString(strings.Join(strings.Fields(m.Header().Text(name)), " ") + "\x00")
		}
		want.WriteString("text/plain\x00")
		for line := range bytes.Lines([]byte(text)) {
			want.Write(append(bytes.TrimRight(line, " \t\r\n"), '\n'))
		}
		sum := sha256.Sum256(want.Bytes())
		if got := Digest(m); got != base64.RawURLEncoding.EncodeToString(sum[:18]) {
			t.Errorf("lines of %d bytes: another digest", n)
		}
	}
}
