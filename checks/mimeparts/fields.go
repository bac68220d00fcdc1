package mimeparts

import (
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// fields looks at the message's own MIME header fields.
func fields() *checks.Check {
	f := &fieldDefs{
		missingVersion: def("headers", "MISSING_MIME_VERSION", 2, "there are MIME fields and no MIME-Version"),
		brokenHeaders:  def("headers", "BROKEN_HEADERS", 10, "the header has lines that are no fields, an envelope address can't be read, or a multipart is cut off by a boundary around it"),
		typeOnly:       def("headers", "MIME_HEADER_CTYPE_ONLY", 2, "Content-Type is the only MIME field and does not say text/plain"),
		encodingCase:   def("headers", "CTE_CASE", 0.5, "Content-Transfer-Encoding is written with a capital B, as only some senders do"),
		extraSemicolon: def("headers", "CT_EXTRA_SEMI", 1, "Content-Type ends with a semicolon"),
	}
	return check("mime-fields", "the message's own MIME header fields", f.run,
		f.missingVersion, f.brokenHeaders, f.typeOnly, f.encodingCase, f.extraSemicolon)
}

type fieldDefs struct {
	missingVersion, brokenHeaders, typeOnly, encodingCase, extraSemicolon *symbols.Def
}

func (d *fieldDefs) run(t *checks.Task) {
	m := t.Message()
	h := m.Header()
	typ, enc := h.Get("Content-Type"), h.Get("Content-Transfer-Encoding")
	if m.BrokenHeaders() {
		t.HitAt(symbols.Hit{Def: d.brokenHeaders, Factor: 1, Evidence: firstBadLine(m)})
	}
	version := h.Has("MIME-Version")
	if !version && (typ != nil || enc != nil) {
		f := typ
		if f == nil {
			f = enc
		}
		t.HitField(d.missingVersion, f)
	}
	if typ != nil && enc == nil && !version && !h.Has("Content-Disposition") && !saysPlain(m) {
		t.HitField(d.typeOnly, typ)
	}
	for _, f := range h.All("Content-Transfer-Encoding") {
		if v := f.Value(); strings.HasPrefix(v, "7B") || strings.HasPrefix(v, "8B") {
			t.HitField(d.encodingCase, f)
			break
		}
	}
	for _, f := range h.All("Content-Type") {
		if strings.HasSuffix(f.Value(), ";") {
			t.HitField(d.extraSemicolon, f)
			break
		}
	}
}

// saysPlain reports whether the message, or a multipart's parts together, is
// declared as plain text.
func saysPlain(m *mail.Message) bool {
	return says(m, func(p *mail.Part) bool { return p.Type.Type == "text" }) &&
		says(m, func(p *mail.Part) bool { return p.Type.Subtype == "plain" })
}

func firstBadLine(m *mail.Message) []symbols.Evidence {
	for _, n := range m.HeaderNotes() {
		if (n.Kind == mail.NoteBadHeaderLine || n.Kind == mail.NoteSpacedName) && n.Part == "" {
			return []symbols.Evidence{{Header: n.Text, Offset: n.Offset}}
		}
	}
	return nil
}
