package mail

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Parts returns all parts, depth first, the root first.
func (m *Message) Parts() []*Part {
	m.walk()
	return m.mime.parts
}

// Root returns the root part; it always exists.
func (m *Message) Root() *Part { return m.Parts()[0] }

// Texts returns the text views of all text parts in order.
func (m *Message) Texts() []*Text {
	m.walk()
	return m.mime.texts
}

func (m *Message) walk() {
	m.mime.once.Do(func() {
		w := &walker{m: m, left: m.limits.DecodedBytes}
		body := m.raw[min(m.body, len(m.raw)):min(int64(len(m.raw)), max(m.limits.Size, int64(m.body)))]
		w.buf, w.base = body, m.body
		w.root(&m.head, 0, len(body), nil)
		m.mime.parts = w.parts
		for _, p := range w.parts {
			if p.text != nil {
				m.mime.texts = append(m.mime.texts, p.text)
			}
		}
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
	place int         // if > 0 buf is decoded content, this the length of its place
	lines []delimiter // lines of buf that may be boundaries, found when needed
	found bool

	left int64 // decoded bytes that may still be made
}

// A delimiter is a line that begins with two dashes.
type delimiter struct {
	start, next int // the line's range, line end included
	text        []byte
	hash        uint32 // of text in lower case
	open        uint32 // of text without two trailing dashes; 0: it has none
}

// maxBoundary is the longest boundary taken for one; RFC 2046 allows 70 bytes.
const maxBoundary = 256

// root adds the root part of a message whose body is buf[from:to].
func (w *walker) root(h *Header, from, to int, parent *Part) {
	p := w.add(h, from, to, parent)
	w.typed(p, "text", "plain")
	w.descend(p)
}

// add appends a part to the tree.
func (w *walker) add(h *Header, from, to int, parent *Part) *Part {
	p := &Part{Parent: parent, Header: h, Index: len(w.parts), msg: w.m, Path: "1"}
	p.body, p.from = w.buf[from:to:to], from
	p.BodyOffset, p.BodyLength = w.base+from, to-from
	if w.place > 0 {
		p.BodyOffset, p.BodyLength = w.base, w.place
	}
	if parent != nil {
		parent.Children = append(parent.Children, p)
		p.Path = parent.Path + "." + strconv.Itoa(len(parent.Children))
	}
	w.parts = append(w.parts, p)
	return p
}

// typed reads the part's own header fields; typ/sub is the default type.
func (w *walker) typed(p *Part, typ, sub string) {
	p.Type = chooseType(p.Header)
	if p.Type.Type == "" {
		broken := p.Header.Has("Content-Type")
		p.Type = ContentType{Type: typ, Subtype: sub, Absent: !broken, Broken: broken}
		if broken {
			w.m.note(NoteBadContentType, p.Path, p.BodyOffset, p.Header.Value("Content-Type"))
		}
	}
	p.Encoding = cleanEncoding(p.Header.Value("Content-Transfer-Encoding"))
	if f := p.Header.Get("Content-Disposition"); f != nil {
		p.Disposition = ParseDisposition(f.Value())
	}
	p.ContentID = strings.Trim(p.Header.Value("Content-ID"), "<> \t")
	p.chooseEncoding()
	if p.encoded() {
		p.allowed = min(w.left, int64(len(p.body)))
		w.left -= p.allowed
	}
	if isText(p) {
		p.text = newText(p)
	}
}

// chooseType takes the first readable Content-Type, but rather a multipart one
// when there are several, as Rspamd.
func chooseType(h *Header) ContentType {
	var sel ContentType
	for _, f := range h.All("Content-Type") {
		c, ok := ParseContentType(f.Value())
		if ok && (sel.Type == "" || c.Type == "multipart") {
			sel = c
		}
	}
	return sel
}

// cleanEncoding strips what software puts around the encoding's name.
func cleanEncoding(v string) string {
	v, _, _ = strings.Cut(v, ";")
	if i := strings.IndexByte(v, '('); i >= 0 {
		v = v[:i]
	}
	return strings.ToLower(strings.Trim(v, " \t;,.+-#!`~'\""))
}

// descend adds the children of multiparts and messages.
func (w *walker) descend(p *Part) {
	switch {
	case p.IsMultipart():
		w.nested(p, w.multipart)
	case p.Type.Is("message", "rfc822") || p.Type.Is("message", "global") || p.Type.Is("message", "news"):
		w.nested(p, w.message)
	}
}

func (w *walker) nested(p *Part, into func(*Part)) {
	if w.depth >= w.m.limits.Depth {
		w.m.note(NoteCut, p.Path, p.BodyOffset, "Depth")
		return
	}
	w.depth++
	into(p)
	w.depth--
}

// full notes and reports that no further part may be added.
func (w *walker) full(p *Part) bool {
	if len(w.parts) < w.m.limits.Parts {
		return false
	}
	w.m.note(NoteCut, p.Path, p.BodyOffset, "Parts")
	return true
}

// multipart splits a body at its boundary lines. An outer boundary has already
// ended the body; the end boundary may be missing or be followed by more
// parts.
func (w *walker) multipart(p *Part) {
	w.findLines()
	from, to := p.from, p.from+len(p.body)
	lines := w.linesIn(from, to)
	boundary := []byte(p.Type.Boundary)
	if len(boundary) == 0 {
		w.m.note(NoteNoBoundary, p.Path, p.BodyOffset, "no parameter")
		if boundary = guessBoundary(lines); boundary == nil {
			return
		}
	}
	boundary = bytes.TrimRight(boundary, " \t")
	h := hashLower(boundary)
	start, closed := -1, false
	for i := range lines {
		d := &lines[i]
		open := d.hash == h && bytes.EqualFold(d.text, boundary)
		end := !open && d.open == h && d.open != 0 && bytes.EqualFold(d.text[:len(d.text)-2], boundary)
		if !open && !end {
			continue
		}
		if start >= 0 {
			if w.full(p) {
				return
			}
			w.child(p, start, contentEnd(w.buf, start, d.start))
		}
		start, closed = d.next, end
		if end {
			start = -1
		}
	}
	if start >= 0 && !closed {
		w.m.note(NoteNoEndBoundary, p.Path, p.BodyOffset, p.Type.Boundary)
		if start < to && !w.full(p) {
			w.child(p, start, to)
		}
	}
	if len(p.Children) == 0 && p.Type.Boundary != "" {
		w.m.note(NoteNoBoundary, p.Path, p.BodyOffset, "no part")
	}
}

// contentEnd takes off the line end that belongs to the boundary line at end.
func contentEnd(b []byte, start, end int) int {
	if end > start && b[end-1] == '\n' {
		end--
	}
	if end > start && b[end-1] == '\r' {
		end--
	}
	return max(start, end)
}

// child adds the body part buf[from:to].
func (w *walker) child(parent *Part, from, to int) {
	h, body := w.partHeader(parent, w.buf[from:to], from)
	p := w.add(h, from+body, to, parent)
	if parent.Type.Is("multipart", "digest") {
		w.typed(p, "message", "rfc822")
	} else {
		w.typed(p, "text", "plain")
	}
	w.descend(p)
}

// partHeader reads the header of a body part; a part that begins with an empty
// line has none, one without empty line is all header if it looks like one.
func (w *walker) partHeader(parent *Part, b []byte, from int) (h *Header, body int) {
	if n := lineEnd(b, 0); n > 0 {
		return &Header{}, n
	}
	end, body, ok := headerEnd(b)
	if !ok {
		if !startsLikeHeader(b) {
			return &Header{}, 0
		}
		end, body = len(b), len(b)
	}
	s := &splitter{m: w.m, part: parent.Path, offset: w.base + from, length: w.place}
	if w.place > 0 {
		s.offset = w.base
	}
	head := s.fields(b[:end])
	return &head, body
}

// message enters a message/rfc822 part. Where it is encoded, the tree goes on
// in the decoded bytes, whose places are that of the part.
func (w *walker) message(p *Part) {
	if w.full(p) {
		return
	}
	if !p.encoded() {
		w.rfc822(p, p.from, p.from+len(p.body))
		return
	}
	inner := &walker{m: w.m, parts: w.parts, depth: w.depth, left: w.left,
		buf: p.Content(), base: p.BodyOffset, place: max(p.BodyLength, 1)}
	inner.rfc822(p, 0, len(inner.buf))
	w.parts, w.left = inner.parts, inner.left
}

func (w *walker) rfc822(p *Part, from, to int) {
	skip := mboxLine(w.buf[from:to])
	h, body := w.partHeader(p, w.buf[from+skip:to], from+skip)
	child := w.add(h, from+skip+body, to, p)
	w.typed(child, "text", "plain")
	w.descend(child)
}

// findLines lists the lines of the buffer that begin with two dashes: one pass
// for all multiparts in it.
func (w *walker) findLines() {
	if w.found {
		return
	}
	w.found = true
	b := w.buf
	for i := 0; i < len(b); {
		if b[i] == '-' && i+2 < len(b) && b[i+1] == '-' {
			next := lineAfter(b, i)
			if text := bytes.TrimRight(b[i+2:next], " \t\r\n"); len(text) > 0 && len(text) <= maxBoundary {
				w.lines = append(w.lines, newDelimiter(i, next, text))
			}
			i = next
			continue
		}
		j := bytes.Index(b[i:], []byte("\n--"))
		if j < 0 {
			return
		}
		i += j + 1
	}
}

func newDelimiter(start, next int, text []byte) delimiter {
	d := delimiter{start: start, next: next, text: text, hash: hashLower(text)}
	if n := len(text) - 2; n > 0 && text[n] == '-' && text[n+1] == '-' {
		d.open = hashLower(text[:n])
	}
	return d
}

// linesIn returns the candidates in buf[from:to].
func (w *walker) linesIn(from, to int) []delimiter {
	cmp := func(d delimiter, at int) int { return d.start - at }
	lo, _ := slices.BinarySearchFunc(w.lines, from, cmp)
	hi, _ := slices.BinarySearchFunc(w.lines, to, cmp)
	return w.lines[lo:hi]
}

// guessBoundary takes the first candidate that is more than dashes.
func guessBoundary(lines []delimiter) []byte {
	for i := range lines {
		if t := bytes.TrimSuffix(lines[i].text, []byte("--")); len(bytes.Trim(t, "- ")) > 0 {
			return t
		}
	}
	return nil
}

// hashLower is FNV-1a over ASCII lower case; never 0.
func hashLower(b []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h | 1
}
