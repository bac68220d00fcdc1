package mail

import (
	"bytes"

	"github.com/winnowmail/winnow/internal/header"
)

// leave keeps what stands outside of the parts of a multipart, once its end is
// known: the preamble, the epilogue, or all of a multipart in which no part was
// found. RFC 2046 section 5.1.1 says that readers ignore the first two, but
// programs show them, and the third as text.
func (w *walker) leave(p *Part) {
	end := p.from + len(p.body)
	if len(p.Children) > 0 {
		w.keepOutside(p, p.from, p.preamble-1)
		if p.epilogue > 0 {
			w.keepOutside(p, p.epilogue, end)
		}
		return
	}
	if w.depth < w.m.limits.Depth && len(w.parts) < w.m.limits.Parts {
		w.keepOutside(p, p.from, end)
	}
}

// unseparated keeps the text of a part without body that follows the fields at once,
// without an empty line: readers that look for one see no text, others do.
func (w *walker) unseparated(p *Part, from, end int) {
	if len(p.body) > 0 || len(p.Header.fields) == 0 || w.m.exact || p.IsMultipart() || len(w.outside) >= w.m.limits.Parts {
		return
	}
	w.keepOutside(p, from+header.Fields(w.buf[from:end]), end)
}

func (w *walker) keepOutside(parent *Part, from, to int) {
	if from >= to || len(bytes.TrimSpace(w.buf[from:to])) == 0 {
		return
	}
	p := &Part{Parent: parent, Header: &Header{}, Path: parent.Path, Index: parent.Index, msg: w.m}
	w.setBody(p, from, to)
	p.Type = ContentType{Type: "text", Subtype: "plain", Absent: true}
	if len(parent.Children) == 0 {
		// The header was meant for this text.
		p.Type.Charset, p.Encoding = parent.Type.Charset, parent.Encoding
	}
	w.finish(p)
	w.outside = append(w.outside, p)
}

// unheralded keeps the texts of parts that follow one another in a message whose
// header does not say that there are any: the first line of its body, or the first
// behind a sentence for old programs, is a boundary with a header of MIME behind it.
// The message stays what its header says; some programs show the parts.
func (w *walker) unheralded(root *Part) {
	if !root.Type.Absent || root.Header.Has("Content-Transfer-Encoding") || w.m.exact {
		return
	}
	boundary := opensPart(root.body)
	if boundary == "" {
		return
	}
	inner := &walker{m: w.m, depth: w.depth, left: w.left, buf: w.buf, base: w.base}
	p := &Part{Header: &Header{}, Path: root.Path, Index: root.Index, msg: w.m, Type: ContentType{Type: "multipart", Subtype: "mixed", Boundary: boundary}}
	inner.setBody(p, root.from, root.from+len(root.body))
	inner.findLines(p)
	inner.multipart(p, 0, len(inner.lines), root.from+len(root.body))
	w.left = inner.left
	for _, part := range inner.parts {
		if part.Type.Type == "text" && !part.IsAttachment() && len(w.outside) < w.m.limits.Parts {
			part.Path, part.Index = root.Path, root.Index
			w.outside = append(w.outside, part)
		}
	}
}

// opensPart returns the boundary at the beginning of a body that a field of MIME
// stands behind, "" if it does not begin so.
func opensPart(b []byte) string {
	const look, field = 1024, "content-"
	b = bytes.TrimLeft(b[:min(len(b), look)], "\r\n")
	if !bytes.HasPrefix(b, []byte("--")) {
		before, behind, ok := bytes.Cut(b, []byte("\n--"))
		if !ok || bytes.Count(before, []byte("\n")) > 2 {
			return ""
		}
		b = append([]byte("--"), behind...)
	}
	line, rest, _ := bytes.Cut(b[2:], []byte("\n"))
	if len(rest) < len(field) || !bytes.EqualFold(rest[:len(field)], []byte(field)) || len(bytes.Trim(line, "- \r")) == 0 {
		return ""
	}
	return string(bytes.TrimRight(line, " \t\r"))
}

// outsideTexts makes the text views of what stands outside of all parts.
func (m *Message) outsideTexts() []*Text {
	const look, markup = 4096, 20
	texts := make([]*Text, 0, len(m.mime.outside))
	for _, p := range m.mime.outside {
		b := p.Content()
		texts = append(texts, &Text{Part: p, IsHTML: p.Type.Subtype == "html" || htmlWeight(b[:min(len(b), look)]) >= markup})
	}
	return texts
}
