package mail

import (
	"bytes"
	"io"
	"slices"

	"github.com/emersion/go-message/textproto"
	"github.com/winnowmail/winnow/internal/header"
)

// Textproto returns the header in go-message's type, which go-smtp servers and
// DKIM libraries work with: all fields in order, each in the bytes received
// (a bare LF or CR at a line's end becomes CRLF). It is a copy.
func (h *Header) Textproto() textproto.Header {
	var out textproto.Header
	for _, f := range slices.Backward(h.fields) { // AddRaw puts a field on top
		out.AddRaw(canonicalEnds(f.Raw()))
	}
	return out
}

// canonicalEnds returns a copy of a field whose lines all end in CRLF.
func canonicalEnds(field []byte) []byte {
	out := make([]byte, 0, len(field)+2)
	for len(field) > 0 {
		i := bytes.IndexAny(field, "\r\n")
		if i < 0 {
			i = len(field)
		}
		out = append(append(out, field[:i]...), '\r', '\n')
		field = field[min(i+max(header.LineEnd(field, i), 1), len(field)):]
	}
	return out
}

// Join is the inverse: it returns the message whose header is held as
// go-message's type and whose body comes from a reader, as maddy's checks have
// it.
func Join(h textproto.Header, body io.Reader) (io.Reader, error) {
	var b bytes.Buffer
	if err := textproto.WriteHeader(&b, h); err != nil {
		return nil, err
	}
	return io.MultiReader(&b, body), nil
}
