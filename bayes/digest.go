package bayes

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// Digest names a message by what its sender wrote. What delivery changes does not
// change it: fields that were added, folding, line ends, a tag in the subject, the
// transfer encoding.
func Digest(m *mail.Message) string {
	h := sha256.New()
	for _, name := range []string{"From", "Date", "Message-ID"} {
		h.Write([]byte(strings.Join(strings.Fields(m.Header().Text(name)), " ")))
		h.Write([]byte{0})
	}
	for _, p := range m.Parts() {
		if p.IsMultipart() {
			continue
		}
		h.Write([]byte(p.Type.Full()))
		h.Write([]byte{0})
		if p.Text() == nil {
			d := p.Digest()
			h.Write(d[:])
			continue
		}
		for line := range bytes.Lines(p.Content()) {
			h.Write(bytes.TrimRight(line, " \t\r\n"))
			h.Write([]byte{'\n'})
		}
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}
