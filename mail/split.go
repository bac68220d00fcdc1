package mail

import (
	"bytes"
	"strconv"
	"strings"
)

// split finds the header block and reads its fields. White space and an mbox
// "From " line before it are passed over, as Rspamd does.
func (m *Message) split() {
	buf := m.raw
	if int64(len(buf)) > m.limits.Size {
		buf = buf[:m.limits.Size]
		m.note(NoteCut, "", len(buf), "Size")
	}
	start := mboxLine(buf)
	end, body, ok := headerEnd(buf[start:])
	if !ok {
		if !startsLikeHeader(buf[start:]) {
			m.body = start
			m.note(NoteNoBody, "", start, "no header")
			return
		}
		m.bad = true
		m.note(NoteNoBody, "", len(buf), "header without end")
		end, body = len(buf)-start, len(buf)-start
	}
	m.body = start + body
	p := &splitter{m: m, offset: start}
	m.head = p.fields(buf[start : start+end])
	m.bad = m.bad || p.broken
}

// mboxLine returns where the message proper begins.
func mboxLine(b []byte) int {
	i := len(b) - len(bytes.TrimLeft(b, " \t\r\n\v\f"))
	if !bytes.HasPrefix(b[i:], []byte("From ")) {
		return i
	}
	nl := bytes.IndexByte(b[i:], '\n')
	if nl < 0 {
		return i
	}
	i += nl + 1
	return i + len(b[i:]) - len(bytes.TrimLeft(b[i:], " \t\r\n\v\f"))
}

// headerEnd finds the empty line that ends a header block: end is the length
// of the block with its last line end, body where the body begins.
func headerEnd(b []byte) (end, body int, ok bool) {
	for i := 0; i < len(b); {
		j := bytes.IndexAny(b[i:], "\r\n")
		if j < 0 {
			break
		}
		i += lineEnd(b, i+j) + j
		if n := lineEnd(b, i); n > 0 {
			return i, i + n, true
		}
	}
	return 0, 0, false
}

// lineEnd returns the length of the line end at i: LF, CRLF, CRCRLF or a bare
// CR; 0 if there is none.
func lineEnd(b []byte, i int) int {
	if i >= len(b) {
		return 0
	}
	switch b[i] {
	case '\n':
		return 1
	case '\r':
		if i+1 < len(b) && b[i+1] == '\n' {
			return 2
		}
		if i+2 < len(b) && b[i+1] == '\r' && b[i+2] == '\n' {
			return 3
		}
		return 1
	}
	return 0
}

// startsLikeHeader decides whether a message without empty line is all header
// or all body: the first line must look like a field.
func startsLikeHeader(b []byte) bool {
	const look = 76
	for i := 0; i < len(b) && i < look; i++ {
		switch c := b[i]; {
		case c == ':':
			return i > 0 && i+1 < len(b)
		case c <= ' ' || c >= 0x7f:
			return false
		}
	}
	return false
}

// A splitter reads one header block.
type splitter struct {
	m      *Message
	part   string
	offset int  // place of the block in the raw message
	inner  bool // the block lies in decoded content
	length int  // the length of its place then
	broken bool

	slab          []Field
	text          strings.Builder
	crlf, lf, nul int
}

// fields reads a block as Rspamd 4.1.6 does: a line that does not begin with a
// letter is passed over, one that has white space before the colon too and
// makes the header broken.
func (p *splitter) fields(b []byte) Header {
	lim := p.m.limits
	if len(b) > lim.HeaderBytes {
		b = b[:lim.HeaderBytes]
		p.m.note(NoteCut, p.part, p.offset+len(b), "HeaderBytes")
	}
	var h Header
	p.text.Grow(len(b))
	for i := 0; i < len(b); {
		next := lineAfter(b, i)
		colon, ok := p.name(b, i, next)
		if !ok {
			i = next
			continue
		}
		if len(h.fields) >= lim.Headers {
			p.m.note(NoteCut, p.part, p.place(i), "Headers")
			break
		}
		next = p.foldEnd(b, next)
		h.fields = append(h.fields, p.field(b, i, colon, next))
		i = next
	}
	h.buildIndex()
	p.lineNotes()
	return h
}

func (p *splitter) place(i int) int {
	if p.inner {
		return p.offset
	}
	return p.offset + i
}

// name finds the colon of the field that begins at i.
func (p *splitter) name(b []byte, i, next int) (colon int, ok bool) {
	if c := b[i] | 0x20; c < 'a' || c > 'z' {
		if n := lineEnd(b, i); n == 0 {
			p.m.note(NoteBadHeaderLine, p.part, p.place(i), quoteLine(b[i:next]))
		}
		return 0, false
	}
	for j := i; j < next; j++ {
		switch c := b[j]; {
		case c == ':':
			return j, true
		case c == ' ' || c >= '\t' && c <= '\r':
			p.broken = true
			p.m.note(NoteBadHeaderLine, p.part, p.place(i), quoteLine(b[i:next]))
			return 0, false
		}
	}
	p.m.note(NoteBadHeaderLine, p.part, p.place(i), quoteLine(b[i:next]))
	return 0, false
}

func quoteLine(b []byte) string {
	const most = 60
	return strconv.QuoteToASCII(string(b[:min(len(b), most)]))
}

// lineAfter returns where the line after the one at i begins.
func lineAfter(b []byte, i int) int {
	j := bytes.IndexAny(b[i:], "\r\n")
	if j < 0 {
		return len(b)
	}
	return i + j + lineEnd(b, i+j)
}

// foldEnd returns where the field ends whose first line ends at i: lines that
// begin with white space belong to it.
func (p *splitter) foldEnd(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i = lineAfter(b, i)
	}
	return i
}

func (p *splitter) field(b []byte, start, colon, end int) *Field {
	if len(p.slab) == cap(p.slab) {
		p.slab = make([]Field, 0, min(max(16, 2*cap(p.slab)), 512))
	}
	p.slab = p.slab[:len(p.slab)+1]
	f := &p.slab[len(p.slab)-1]
	f.raw, f.colon, f.off, f.n = b[start:end:end], colon-start, p.place(start), end-start
	if p.inner {
		f.n = p.length
	}
	f.name = p.keep(b[start:colon])
	f.begin = separatorEnd(f.raw, f.colon+1)
	f.value, f.plain = p.unfold(b[colon+1 : end])
	return f
}

// separatorEnd passes over white space and folds after the colon.
func separatorEnd(raw []byte, i int) int {
	for i < len(raw) {
		if raw[i] == ' ' || raw[i] == '\t' {
			i++
			continue
		}
		n := lineEnd(raw, i)
		if n == 0 || i+n >= len(raw) {
			break
		}
		i += n
	}
	return i
}

// keep copies into the shared text: one allocation for all strings of a block.
func (p *splitter) keep(b []byte) string {
	from := p.text.Len()
	p.text.Write(b)
	return p.text.String()[from:]
}

// unfold makes the value; plain tells that decoding would not change it.
func (p *splitter) unfold(v []byte) (value string, plain bool) {
	from := p.text.Len()
	plain = true
	v = bytes.TrimLeft(v, " \t\r\n\v\f")
	for len(v) > 0 {
		i := 0
		for i < len(v) && v[i] != '\r' && v[i] != '\n' && v[i] != 0 {
			if c := v[i]; c < ' ' || c >= 0x7f || c == '?' && i > 0 && v[i-1] == '=' {
				plain = false
			}
			i++
		}
		p.text.Write(v[:i])
		if i == len(v) {
			break
		}
		if v[i] == 0 {
			p.nul++
			v = v[i+1:]
			continue
		}
		if i > 0 && (v[i-1] == ' ' || v[i-1] == '\t') {
			plain = false
		}
		p.countLine(v, i)
		p.text.WriteByte(' ')
		v = bytes.TrimLeft(v[i+1:], " \t\r\n\v\f")
	}
	value = p.text.String()[from:]
	return strings.TrimSuffix(value, " "), plain
}

func (p *splitter) countLine(v []byte, i int) {
	switch {
	case v[i] == '\n':
		p.lf++
	case lineEnd(v, i) > 1:
		p.crlf++
	default:
		p.m.note(NoteBareCR, p.part, p.offset, "in header")
	}
}

func (p *splitter) lineNotes() {
	if p.crlf > 0 && p.lf > 0 {
		p.m.note(NoteMixedLineEnds, p.part, p.offset, "in header")
	}
	if p.nul > 0 {
		p.m.note(NoteNUL, p.part, p.offset, "in header")
	}
}
