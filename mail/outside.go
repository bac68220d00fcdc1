package mail

import "bytes"

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

// outsideTexts makes the text views of what stands outside of all parts.
func (m *Message) outsideTexts() []*Text {
	const look, markup = 4096, 20
	texts := make([]*Text, 0, len(m.mime.outside))
	for _, p := range m.mime.outside {
		b := p.Content()
		texts = append(texts, &Text{Part: p, IsHTML: htmlWeight(b[:min(len(b), look)]) >= markup})
	}
	return texts
}
