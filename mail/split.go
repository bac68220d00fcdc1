package mail

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/header"
)

// split finds the header block and reads its fields. White space and an mbox
// "From " line before it are passed over, as Rspamd does.
func (m *Message) split() {
	buf := m.raw
	if int64(len(buf)) > m.limits.Size {
		buf = buf[:m.limits.Size]
		m.note(NoteCut, "", len(buf), "Size")
	}
	start, _, mbox := header.Begin(buf)
	end, body, ok := header.End(buf[start:])
	if !ok {
		if !header.LooksLike(buf[start:]) {
			// All of it is the body; an empty line ends the header that is not there.
			m.body = mbox + header.LineEnd(buf[mbox:], 0)
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

// fields reads a block. A line that does not begin with a letter is passed
// over; one without a colon too, and makes the header broken. White space
// before the colon makes the header broken as in Rspamd 4.1.6, but the field is
// one (RFC 5322 section 4.5), for it is one to other readers.
func (p *splitter) fields(b []byte) Header {
	lim := p.m.limits
	if len(b) > lim.HeaderBytes {
		b = b[:lim.HeaderBytes]
		p.m.note(NoteCut, p.part, p.offset+len(b), "HeaderBytes")
	}
	var h Header
	p.text.Grow(len(b))
	for i := 0; i < len(b); {
		next := header.LineAfter(b, i)
		name, colon, ok := p.name(b, i, next)
		if !ok {
			i = next
			continue
		}
		if len(h.fields) >= lim.Headers {
			p.m.note(NoteCut, p.part, p.place(i), "Headers")
			break
		}
		next = header.FoldEnd(b, next)
		h.fields = append(h.fields, p.field(b, i, name, colon, next))
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

// name finds where the name of the field that begins at i ends, and its colon.
func (p *splitter) name(b []byte, i, next int) (name, colon int, ok bool) {
	name, colon, kind := header.Colon(b, i, next)
	p.broken = p.broken || kind == header.Spaced || name < colon
	if kind != header.Field && header.LineEnd(b, i) == 0 {
		p.m.note(NoteBadHeaderLine, p.part, p.place(i), quoteLine(b[i:next]))
	} else if name < colon {
		p.m.note(NoteSpacedName, p.part, p.place(i), quoteLine(b[i:next]))
	}
	return name, colon, kind == header.Field
}

func quoteLine(b []byte) string {
	const most = 60
	return strconv.QuoteToASCII(string(b[:min(len(b), most)]))
}

func (p *splitter) field(b []byte, start, name, colon, end int) *Field {
	if len(p.slab) == cap(p.slab) {
		p.slab = make([]Field, 0, min(max(16, 2*cap(p.slab)), 512))
	}
	p.slab = p.slab[:len(p.slab)+1]
	f := &p.slab[len(p.slab)-1]
	f.raw, f.colon, f.off, f.n = b[start:end:end], colon-start, p.place(start), end-start
	if p.inner {
		f.n = p.length
	}
	f.name = p.keep(b[start:name])
	f.begin = separatorEnd(f.raw, f.colon+1)
	f.value, f.plain = p.unfold(b[colon+1 : end])
	p.mayGuess(f)
	return f
}

// separatorEnd passes over white space and folds after the colon.
func separatorEnd(raw []byte, i int) int {
	for i < len(raw) {
		if raw[i] == ' ' || raw[i] == '\t' {
			i++
			continue
		}
		n := header.LineEnd(raw, i)
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
	fold := 0 // the space of a fold that is last
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
		if i > 0 {
			fold = 0
		}
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
		fold = 1
		v = bytes.TrimLeft(v[i+1:], " \t\r\n\v\f")
	}
	value = p.text.String()[from:]
	return value[:len(value)-fold], plain
}

func (p *splitter) countLine(v []byte, i int) {
	switch {
	case v[i] == '\n':
		p.lf++
	case header.LineEnd(v, i) > 1:
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
