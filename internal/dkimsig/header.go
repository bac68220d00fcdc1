package dkimsig

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/ascii"
)

// A RawField is a header field with its name and line end, as received.
type RawField []byte

// Raw returns the field.
func (f RawField) Raw() []byte { return f }

// A Header is a header block as signatures see it: unlike mail.Header it has
// the fields that are odd, as one whose name begins with a digit, for a signer
// may have signed them.
type Header struct {
	fields []RawField
	index  map[string][]RawField // lower-case name → fields, top first
	names  strings.Builder       // the keys of index, one after the other
}

// NewHeader splits a header block. Lines that are no field are passed over.
func NewHeader(block []byte) *Header {
	h := &Header{index: map[string][]RawField{}}
	h.fields = make([]RawField, 0, 48)
	h.names.Grow(512)
	for len(block) > 0 {
		n := lineEnd(block)
		for n < len(block) && (block[n] == ' ' || block[n] == '\t') {
			n += lineEnd(block[n:])
		}
		h.add(block[:n:n])
		block = block[n:]
	}
	return h
}

// lineEnd returns the length of the first line with its line end: LF, CRLF,
// CRCRLF or a bare CR, as package mail takes them.
func lineEnd(b []byte) int {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return len(b)
	}
	if bytes.HasPrefix(b[i:], []byte("\r\n")) {
		return i + 2
	}
	if bytes.HasPrefix(b[i:], []byte("\r\r\n")) {
		return i + 3
	}
	return i + 1
}

func (h *Header) add(raw RawField) {
	name, _, ok := bytes.Cut(raw, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t\r\n") {
		return
	}
	h.fields = append(h.fields, raw)
	key := h.key(name)
	if same, ok := h.index[key]; ok {
		h.index[key] = append(same, raw)
		return
	}
	n := len(h.fields)
	h.index[key] = h.fields[n-1 : n : n]
}

// key returns a name in lower case.
func (h *Header) key(name []byte) string {
	from := h.names.Len()
	for _, c := range name {
		if c >= utf8.RuneSelf {
			return strings.ToLower(string(name))
		}
		h.names.WriteByte(ascii.Lower(c))
	}
	return h.names.String()[from:]
}

// All returns the fields of a name in any case, top first.
func (h *Header) All(name string) []RawField { return h.index[strings.ToLower(name)] }
