package bayes

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// Digest names a message by what its sender wrote. What delivery changes does not
// change it: fields that were added, folding, line ends, a tag in the subject, the
// transfer encoding.
func Digest(m *mail.Message) string {
	h := digester{Hash: sha256.New()}
	for _, name := range []string{"From", "Date", "Message-ID"} {
		h.piece([]byte(strings.Join(strings.Fields(m.Header().Text(name)), " ")), 0)
	}
	for _, p := range m.Parts() {
		if p.IsMultipart() {
			continue
		}
		h.piece([]byte(p.Type.Full()), 0)
		if p.Text() == nil {
			d := p.Digest()
			h.flush()
			h.Write(d[:])
			continue
		}
		for b := p.Content(); len(b) > 0; {
			line, rest, _ := bytes.Cut(b, []byte{'\n'})
			h.piece(trimmed(line), '\n')
			b = rest
		}
	}
	h.flush()
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// trimmed takes the blanks off the end of a line.
func trimmed(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == ' ' || line[n-1] == '\t' || line[n-1] == '\r' || line[n-1] == '\n') {
		n--
	}
	return line[:n]
}

// A digester gathers short pieces, so that the hash is not called for each line.
type digester struct {
	hash.Hash
	room [1024]byte
	n    int
}

// piece adds a piece and the byte that ends it.
func (h *digester) piece(b []byte, end byte) {
	if len(b) >= len(h.room)-h.n {
		h.flush()
	}
	if len(b) < len(h.room) {
		h.n += copy(h.room[h.n:], b)
	} else {
		h.Write(b)
	}
	h.room[h.n] = end
	h.n++
}

func (h *digester) flush() {
	h.Write(h.room[:h.n])
	h.n = 0
}
