package mail

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/internal/header"
)

// Parts returns all parts, depth first, the root first.
func (m *Message) Parts() []*Part {
	m.walk()
	return m.mime.parts
}

// Root returns the root part; it always exists.
func (m *Message) Root() *Part { return m.Parts()[0] }

func (m *Message) walk() {
	m.mime.once.Do(func() {
		end := max(min(int64(len(m.raw)), m.limits.Size), int64(m.body))
		w := &walker{m: m, left: m.decodedBudget(), buf: m.raw[m.body:end], base: m.body}
		root := w.add(&m.head, nil, 0, len(w.buf))
		w.descend(root)
		w.unheralded(root)
		m.mime.parts, m.mime.outside, m.mime.bad = w.parts, w.outside, w.bad
	})
}

// A walker builds the tree from one buffer: the message's body or the decoded
// content of an encoded message/rfc822 part.
type walker struct {
	m     *Message
	parts []*Part
	depth int

	buf   []byte
	base  int         // place of buf in the raw message
	inner bool        // buf is decoded content
	place int         // the length of its place then
	lines []delimiter // lines of buf that may be boundaries, found when needed
	found bool
	short bool       // lines were left out
	stack []boundary // of the multiparts that are open
	open  [512]int32 // how many of their hashes have the same low bits

	left    int64   // decoded bytes that may still be made
	outside []*Part // what stands outside of all parts
	bad     bool    // parts are nested too deep, too many, or cut off by a boundary around them
}

// add makes a part whose body, as far as is known, is buf[from:to] and reads
// what its header says.
func (w *walker) add(h *Header, parent *Part, from, to int) *Part {
	p := &Part{Parent: parent, Header: h, Index: len(w.parts), msg: w.m, Path: "1"}
	if parent != nil {
		parent.Children = append(parent.Children, p)
		p.Path = parent.Path + "." + strconv.Itoa(len(parent.Children))
	}
	w.parts = append(w.parts, p)
	w.setBody(p, from, to)
	p.Type = chooseType(h)
	if !w.m.exact {
		p.Type = turnType(p.Type)
	}
	if p.Type.Type == "" {
		given := h.Has("Content-Type")
		p.Type = ContentType{Type: "text", Subtype: "plain", Absent: !given, Broken: given}
		if parent != nil && parent.Type.Is("multipart", "digest") {
			p.Type.Type, p.Type.Subtype = "message", "rfc822"
		}
	}
	if p.Type.Broken {
		w.m.note(NoteBadContentType, p.Path, p.BodyOffset, h.Value("Content-Type"))
	}
	p.Encoding = cleanEncoding(h.Value("Content-Transfer-Encoding"))
	if f := h.Get("Content-Disposition"); f != nil {
		p.Disposition = parseDisposition(f.folded(), guesses(int(f.guesses)))
	}
	p.ContentID = strings.Trim(h.Value("Content-ID"), "<> \t")
	return p
}

func (w *walker) setBody(p *Part, from, to int) {
	p.body, p.from = w.buf[from:to:to], from
	p.BodyOffset, p.BodyLength = w.base+from, to-from
	if w.inner {
		p.BodyOffset, p.BodyLength = w.base, w.place
	}
}

// finish decides how a part with known body is decoded.
func (w *walker) finish(p *Part) {
	p.chooseEncoding()
	if p.encoded() {
		p.allowed = min(w.left, int64(len(p.body)))
		w.left -= p.allowed
		if len(p.decodable()) < len(p.body) {
			w.m.note(NoteCut, p.Path, p.BodyOffset, "DecodedBytes")
		}
	}
}

// descend adds the children of multiparts and messages whose range is known.
func (w *walker) descend(p *Part) {
	w.finish(p)
	switch {
	case p.IsMultipart():
		w.findLines(p)
		from, to := p.from, p.from+len(p.body)
		saved := w.stack
		w.stack = nil // what encloses a message ended it already
		w.multipart(p, w.lineAt(from), w.lineAt(to), to)
		w.stack = saved
		w.leave(p)
	case p.isMessage():
		w.nested(p, func() { w.message(p) })
	}
}

// isMessage reports whether the part holds a message that is entered: any
// message type but reports, as in Rspamd.
func (p *Part) isMessage() bool {
	return p.Type.Type == "message" && p.Type.Subtype != "delivery-status" &&
		!strings.Contains(p.Type.Subtype, "notification")
}

func (w *walker) nested(p *Part, into func()) {
	if w.depth >= w.m.limits.Depth {
		w.m.note(NoteCut, p.Path, p.BodyOffset, "Depth")
		w.bad = true
		return
	}
	w.depth++
	into()
	w.depth--
}

// full notes and reports that no further part may be added.
func (w *walker) full(p *Part) bool {
	if len(w.parts) < w.m.limits.Parts {
		return false
	}
	w.m.note(NoteCut, p.Path, p.BodyOffset, "Parts")
	w.bad = true
	return true
}

// multipart splits a part at the boundary lines from index i on, at most up to
// index last, where the text ends at byte to. It returns the first line that
// does not belong to it: the one after its end, or an outer boundary, which
// ends an inner multipart without end (RFC 2046 section 5.1.2). Of equal
// boundaries the innermost counts.
func (w *walker) multipart(p *Part, i, last, to int) int {
	next := i
	w.nested(p, func() { next = w.split(p, i, last, to) })
	return next
}

func (w *walker) split(p *Part, i, last, to int) int {
	lines := w.lines[i:w.nextOuter(i, last)]
	own := w.boundaryOf(p, lines)
	next := w.splitAt(p, own, i, last, to)
	if len(p.Children) > 0 || p.Type.Boundary == "" {
		return next
	}
	// Nothing there: take the boundary that is really used, as Rspamd does.
	w.m.note(NoteNoBoundary, p.Path, p.BodyOffset, "no part")
	text := guessBoundary(lines)
	return max(next, w.splitAt(p, boundary{text: text, hash: hashLower(text), exact: true}, i, last, to))
}

func (w *walker) splitAt(p *Part, own boundary, i, last, to int) int {
	if own.text == nil {
		return i
	}
	w.stack = append(w.stack, own)
	w.open[slot(own.hash)]++
	defer func() {
		w.stack = w.stack[:len(w.stack)-1]
		w.open[slot(own.hash)]--
	}()
	closed := false
	for i < last {
		d := &w.lines[i]
		open, end := own.matches(d)
		switch {
		case end:
			closed = true
			p.epilogue = d.next
			i++
			if i < last && !w.isOuter(&w.lines[i]) {
				if open, _ := own.matches(&w.lines[i]); open {
					continue
				}
			}
			return i
		case open:
			if w.full(p) {
				return last
			}
			if p.preamble == 0 {
				p.preamble = d.start + 1
			}
			closed, p.epilogue = false, 0
			i = w.child(p, i, last, to)
		case w.isOuter(d):
			w.bad = w.noEnd(p, closed) || w.bad
			return i
		default:
			i++
		}
	}
	w.noEnd(p, closed)
	return i
}

// noEnd notes and reports that a multipart with parts has no end line.
func (w *walker) noEnd(p *Part, closed bool) bool {
	if len(p.Children) == 0 || closed {
		return false
	}
	w.m.note(NoteNoEndBoundary, p.Path, p.BodyOffset, p.Type.Boundary)
	return true
}

// child adds the part that line i opens, if there is anything, and returns the
// line that ends it.
func (w *walker) child(parent *Part, i, last, to int) int {
	from := w.lines[i].next
	next := w.nextOuter(i+1, last)
	if from >= to || next < last && from >= w.lines[next].start {
		return next
	}
	end := w.endAt(next, last, from, to)
	h, body := w.partHeader(parent, w.buf[from:end], from)
	p := w.add(h, parent, from+body, end)
	w.unseparated(p, from, end)
	if p.IsMultipart() {
		w.finish(p)
		next = w.multipart(p, i+1, last, to)
		if next < last && !w.belongs(&w.lines[next], w.stack) {
			next = w.nextOuter(next, last)
		}
		w.setBody(p, p.from, max(p.from, w.endAt(next, last, p.from, to)))
		w.leave(p)
		return next
	}
	w.descend(p)
	return next
}

// endAt returns where a part ends that line i, or without line the text's end,
// terminates: the line end before a boundary belongs to it.
func (w *walker) endAt(i, last, from, to int) int {
	if i >= last {
		return max(from, to)
	}
	end := w.lines[i].start
	if end > from && w.buf[end-1] == '\n' {
		end--
	}
	if end > from && w.buf[end-1] == '\r' {
		end--
	}
	return max(from, end)
}

// partHeader reads the header of a body part; a part that begins with an empty
// line has none, one without empty line is all header if it looks like one.
func (w *walker) partHeader(parent *Part, b []byte, from int) (h *Header, body int) {
	if n := header.LineEnd(b, 0); n > 0 {
		return &Header{}, n
	}
	end, body, ok := header.End(b)
	if !ok {
		if !header.LooksLike(b) && !w.foldsOnly(b, from) {
			return &Header{}, 0
		}
		end, body = len(b), len(b)
	}
	s := &splitter{m: w.m, part: parent.Path, offset: w.base + from, inner: w.inner, length: w.place}
	if w.inner {
		s.offset = w.base
	}
	head := s.fields(b[:end])
	return &head, body
}

// foldsOnly reports whether b, which has no empty line of its own, is one line
// before an empty line that continues a field or begins like a damaged one of
// MIME: a header without any field.
func (w *walker) foldsOnly(b []byte, from int) bool {
	const mime = "content-"
	if len(b) == 0 || b[len(b)-1] != '\n' || header.LineAfter(b, 0) != len(b) || header.LineEnd(w.buf, from+len(b)) == 0 {
		return false
	}
	return b[0] == ' ' || b[0] == '\t' || len(b) > len(mime) && bytes.EqualFold(b[:len(mime)], []byte(mime))
}

// message enters a message part. Where it is encoded, the tree goes on in the
// decoded bytes, whose place is that of the part.
func (w *walker) message(p *Part) {
	if w.full(p) {
		return
	}
	if !p.encoded() {
		w.rfc822(p, p.from, p.from+len(p.body))
		return
	}
	inner := &walker{m: w.m, parts: w.parts, outside: w.outside, depth: w.depth, left: w.left,
		buf: p.Content(), base: p.BodyOffset, inner: true, place: p.BodyLength}
	inner.rfc822(p, 0, len(inner.buf))
	w.parts, w.outside, w.left, w.bad = inner.parts, inner.outside, inner.left, w.bad || inner.bad
}

func (w *walker) rfc822(p *Part, from, to int) {
	start, _, _ := header.Begin(w.buf[from:to])
	from += start
	h, body := w.partHeader(p, w.buf[from:to], from)
	w.descend(w.add(h, p, from+body, to))
}
