// Package dkimsig is what DKIM (RFC 6376, 8301, 8463), ARC (RFC 8617) and
// signing have in common: tag lists, canonical forms of header fields and
// bodies, the choice of fields by h=, key records, and the arithmetic of the
// signatures. It makes no DNS queries, and it leaves to the caller's Policy
// which algorithm or key is good enough.
//
// A verifier reads a field with ParseSignature, gets the body hash from a
// Body and the input of the header hash from Select and WriteSigned, reads the
// key with ParseKey and calls Key.Verify. A signer writes the field with an
// empty b= as its last tag, hashes its header the same way, and calls Sign.
//
// Everything takes time linear in its input.
package dkimsig

import (
	"bytes"
	_ "crypto/sha1" // for the rsa-sha1 that old senders still use
	_ "crypto/sha256"
	"fmt"
	"io"
	"strings"
)

// A Canon is a canonicalization (RFC 6376 section 3.4).
type Canon byte

// The canonicalizations.
const (
	Simple Canon = iota
	Relaxed
)

func (c Canon) String() string {
	if c == Relaxed {
		return "relaxed"
	}
	return "simple"
}

// ParseCanon reads a c= tag: "header/body" or "header", with the body simple.
func ParseCanon(s string) (header, body Canon, err error) {
	h, b, both := strings.Cut(s, "/")
	header, ok := canon(h)
	if both && ok {
		body, ok = canon(b)
	}
	if !ok {
		return Simple, Simple, fmt.Errorf("unknown canonicalization %.40q", s)
	}
	return header, body, nil
}

func canon(s string) (Canon, bool) {
	switch {
	case strings.EqualFold(s, "simple"):
		return Simple, true
	case strings.EqualFold(s, "relaxed"):
		return Relaxed, true
	}
	return Simple, false
}

// A Field is a header field; *mail.Field is one.
type Field interface {
	// Raw is the field from its name to its line end, folds as received.
	Raw() []byte
}

// Fields finds header fields; *mail.Header does.
type Fields[F Field] interface {
	// All returns the fields of a name in any case, top first.
	All(name string) []F
}

// AppendField appends the canonical form of the field raw (from its name to
// its line end) to dst, final CRLF included. Whatever its line ends are, they
// count as CRLF.
func (c Canon) AppendField(dst, raw []byte) []byte {
	if c == Relaxed {
		dst = appendRelaxed(dst, raw)
	} else {
		dst = appendSimple(dst, raw)
	}
	return append(dst, '\r', '\n')
}

// appendSimple appends the field without its final line end.
func appendSimple(dst, raw []byte) []byte {
	raw = bytes.TrimRight(raw, "\r\n")
	for {
		i := bytes.IndexAny(raw, "\r\n")
		if i < 0 {
			return append(dst, raw...)
		}
		dst = append(append(dst, raw[:i]...), '\r', '\n')
		for i++; i < len(raw) && (raw[i] == '\r' || raw[i] == '\n'); i++ {
		}
		raw = raw[i:]
	}
}

// appendRelaxed appends name, colon and value without a line end.
func appendRelaxed(dst, raw []byte) []byte {
	name, value, ok := bytes.Cut(raw, []byte(":"))
	if !ok {
		name, value = nil, raw
	}
	for _, c := range bytes.TrimRight(name, " \t\r\n") {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != '\r' && c != '\n' {
			dst = append(dst, c)
		}
	}
	dst = append(dst, ':')
	from, space := len(dst), false
	for _, c := range value {
		switch c {
		case ' ', '\t':
			space = true
		case '\r', '\n':
		default:
			if space && len(dst) > from {
				dst = append(dst, ' ')
			}
			space = false
			dst = append(dst, c)
		}
	}
	return dst
}

// HashHeader writes the hash input of RFC 6376 section 3.7 to w: the fields in
// their order, then the signature's own field without the bytes [from, to),
// the value of b=, and without final CRLF. It returns the number of bytes.
func HashHeader[F Field](w io.Writer, c Canon, fields []F, own []byte, from, to int) (n int64) {
	buf := make([]byte, 0, 4096)
	for _, f := range fields {
		buf = c.AppendField(buf, f.Raw())
		if len(buf) >= 4096 {
			n += write(w, buf)
			buf = buf[:0]
		}
	}
	buf = c.AppendField(buf, cutOut(own, from, to))
	return n + write(w, buf[:len(buf)-2])
}

// cutOut returns b without the bytes [from, to).
func cutOut(b []byte, from, to int) []byte {
	out := make([]byte, 0, len(b)-(to-from))
	return append(append(out, b[:from]...), b[to:]...)
}

// write writes to a hash, which never fails.
func write(w io.Writer, b []byte) int64 {
	n, _ := w.Write(b)
	return int64(n)
}

// Select returns the fields that h= names (RFC 6376 section 5.4.2): of fields
// of one name each mention takes the lowest one not taken yet, and a mention
// for which none is left takes nothing.
func Select[F Field](h Fields[F], names []string) []F {
	out := make([]F, 0, min(len(names), 64))
	left := make(map[string][]F, min(len(names), 64))
	for _, name := range names {
		key := strings.ToLower(name)
		fields, seen := left[key]
		if !seen {
			fields = h.All(name)
		}
		if n := len(fields); n > 0 {
			out = append(out, fields[n-1])
			fields = fields[:n-1]
		}
		left[key] = fields
	}
	return out
}

// WriteSigned writes the hash input of a signature over fields and its own
// field to w, and returns the number of bytes.
func WriteSigned[F Field](w io.Writer, s *Signature, fields []F) int64 {
	return HashHeader(w, s.HeaderCanon, fields, s.raw, s.from, s.to)
}
