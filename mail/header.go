package mail

import (
	"bytes"
	"strings"
	"sync/atomic"

	"github.com/winnowmail/winnow/internal/charset"
)

// A Header is one header block: the message's own or a part's.
type Header struct {
	fields []*Field
	index  map[string][]*Field // lower-case name → fields; nil for few fields
}

// A Field is one header field as it stands in the message.
type Field struct {
	name    string
	value   string // unfolded
	raw     []byte // from the name to the line end, both included
	colon   int    // index of the colon in raw
	begin   int    // where the value begins in raw, after the separator
	off     int    // place of raw in the message
	n       int    // length there
	plain   bool   // Text is Value
	guesses uint8  // charsets that may be guessed for it
	text    atomic.Pointer[string]
}

// indexFrom is the number of fields from which on a map pays.
const indexFrom = 8

// Fields returns all fields in order, top first.
func (h *Header) Fields() []*Field { return h.fields }

// Get returns the first field of that name, ignoring case, or nil.
func (h *Header) Get(name string) *Field {
	if h.index == nil {
		for _, f := range h.fields {
			if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
				return f
			}
		}
		return nil
	}
	if fs := h.lookup(name); len(fs) > 0 {
		return fs[0]
	}
	return nil
}

// All returns the fields of that name, ignoring case, top first.
func (h *Header) All(name string) []*Field {
	if h.index != nil {
		return h.lookup(name)
	}
	var out []*Field
	for _, f := range h.fields {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			out = append(out, f)
		}
	}
	return out
}

func (h *Header) lookup(name string) []*Field {
	var buf [64]byte
	if len(name) > len(buf) {
		return h.index[strings.ToLower(name)]
	}
	return h.index[string(lowerInto(buf[:0], name))]
}

func lowerInto(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func (h *Header) buildIndex() {
	if len(h.fields) < indexFrom {
		return
	}
	h.index = make(map[string][]*Field, len(h.fields))
	size := 0
	for _, f := range h.fields {
		size += len(f.name)
	}
	names := string(h.lowerNames(make([]byte, 0, size))) // one allocation for all keys
	for i, f := range h.fields {
		var name string
		name, names = names[:len(f.name)], names[len(f.name):]
		if fs, ok := h.index[name]; ok {
			h.index[name] = append(fs, f)
			continue
		}
		h.index[name] = h.fields[i : i+1 : i+1]
	}
}

func (h *Header) lowerNames(dst []byte) []byte {
	for _, f := range h.fields {
		dst = lowerInto(dst, f.name)
	}
	return dst
}

// Has reports whether a field of that name exists.
func (h *Header) Has(name string) bool { return h.Get(name) != nil }

// Value returns the unfolded raw value of the first field of that name
// (RFC 2047 not decoded), "" if there is none.
func (h *Header) Value(name string) string { return h.Get(name).Value() }

// UnknownCharset reports whether an encoded word of the value names a charset
// that is not known, so that Text holds a guess.
func (f *Field) UnknownCharset() bool {
	for v := f.Value(); ; {
		i := strings.Index(v, "=?")
		if i < 0 {
			return false
		}
		v = v[i+2:]
		if label, _, ok := strings.Cut(v, "?"); ok && !strings.ContainsAny(label, " \t=") {
			label, _, _ = strings.Cut(label, "*") // RFC 2231 section 5
			if label != "" && !charset.Known(label) {
				return true
			}
		}
	}
}

// Text returns the decoded value of the first field of that name, "" if
// there is none.
func (h *Header) Text(name string) string { return h.Get(name).Text() }

// Name returns the field's name as the message spells it, without white space
// that stands before its colon.
func (f *Field) Name() string { return f.name }

// Raw returns the field with name and line ends, exactly as received.
func (f *Field) Raw() []byte { return f.raw }

// RawValue returns the bytes after the colon with folding kept, without the
// last line end.
func (f *Field) RawValue() []byte {
	v := f.raw[f.colon+1:]
	v = bytes.TrimSuffix(v, []byte("\n"))
	return bytes.TrimSuffix(v, []byte("\r"))
}

// Value returns the value unfolded, in the bytes received: not decoded,
// perhaps not valid UTF-8. As in Rspamd each fold, with the white space around
// it that follows the line end, becomes one space, NUL bytes are dropped, and
// white space before the value and folds after it go. This is what Rspamd's
// rules call the raw header. It returns "" on nil.
func (f *Field) Value() string {
	if f == nil {
		return ""
	}
	return f.value
}

// folded returns the value with its folds where there are any.
func (f *Field) folded() string {
	if v := f.RawValue(); bytes.IndexByte(v, '\n') >= 0 {
		return string(v)
	}
	return f.value
}

// Text returns Value with encoded words decoded, as valid UTF-8 on one line:
// white space is a space, control characters are question marks. It returns
// "" on nil.
func (f *Field) Text() string {
	if f == nil {
		return ""
	}
	if f.plain {
		return f.value
	}
	if p := f.text.Load(); p != nil {
		return *p
	}
	s := decodeText(refold(f), guesses(int(f.guesses)))
	f.text.Store(&s)
	return s
}

// refold returns the value with each fold as one line feed, white space before
// it removed: inside an encoded word a fold means nothing.
func refold(f *Field) string {
	v := f.RawValue()
	if !bytes.ContainsAny(v, "\r\n") {
		return f.value
	}
	var b strings.Builder
	for i, line := range bytes.FieldsFunc(v, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if i > 0 {
			b.WriteByte('\n')
			line = bytes.TrimLeft(line, " \t")
		}
		b.Write(bytes.TrimRight(line, " \t"))
	}
	text := strings.TrimSpace(strings.ReplaceAll(b.String(), "\x00", ""))
	// White space at the end stays, as in Value.
	return text + f.value[len(strings.TrimRight(f.value, " \t")):]
}

// Separator returns the white space between colon and value, "" if there is
// none; a separator that folds is returned as written.
func (f *Field) Separator() string { return string(f.raw[f.colon+1 : f.begin]) }

// Range returns the field's byte range in the raw message. For a field inside
// an encoded message/rfc822 part it is the range of that part's body.
func (f *Field) Range() (offset, length int) { return f.off, f.n }

// Header returns the message's own header.
func (m *Message) Header() *Header { return &m.head }

// BrokenHeaders reports whether headers are broken in Rspamd's sense of its
// task flag: a line that begins like a field and has no colon or white space
// before it in the message's own header, a header without end, parts nested too
// deep or beyond Limits.Parts, a multipart that a boundary around it cuts off
// before its end line, or an envelope address that can't be read.
func (m *Message) BrokenHeaders() bool {
	m.walk()
	return m.bad || m.mime.bad || m.badEnvelope()
}
