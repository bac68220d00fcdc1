package mimeparts

import (
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// structure looks at the tree of parts.
func structure() *checks.Check {
	s := &structureDefs{
		missingText: def("headers", "MIME_MA_MISSING_TEXT", 2, "there is a multipart/alternative and no text/plain"),
		missingHTML: def("headers", "MIME_MA_MISSING_HTML", 1, "there is a multipart/alternative and no text/html"),
		brokenType:  def("headers", "BROKEN_CONTENT_TYPE", 1.5, "a part's Content-Type can't be read or contradicts the content"),
		attachment:  def("body", "HAS_ATTACHMENT", 0, "the message has an attachment"),
		disposition: def("mime", "CTYPE_MISSING_DISPOSITION", 4, "binary content is not marked as an attachment"),
		mixedBogus:  def("mime", "CTYPE_MIXED_BOGUS", 1, "a multipart/mixed has nothing but text to mix"),
		short:       def("external_services", "SINGLE_SHORT_PART", 0, "the message is one text of less than 64 bytes"),
	}
	return check("mime-structure", "kinds of parts and how they are combined", s.run,
		s.missingText, s.missingHTML, s.brokenType, s.attachment, s.disposition, s.mixedBogus, s.short)
}

type structureDefs struct {
	missingText, missingHTML, brokenType, attachment *symbols.Def
	disposition, mixedBogus, short                   *symbols.Def
}

func (s *structureDefs) run(t *checks.Task) {
	m := t.Message()
	s.alternatives(t, m.Parts())
	for _, p := range m.Parts() {
		if p.Type.Broken {
			t.HitAt(hit(s.brokenType, p))
			break
		}
	}
	s.attached(t, m.Parts())
	s.undisposed(t, m.Parts())
	if ascii.HasPrefixFold(m.Header().Value("Content-Type"), "multipart/mixed") && onlyText(m.Parts()) {
		t.HitField(s.mixedBogus, m.Header().Get("Content-Type"))
	}
	const short = 64
	if parts := m.Parts(); len(parts) == 1 && parts[0].Text() != nil && len(parts[0].Text().Plain()) < short {
		t.HitAt(hit(s.short, parts[0]))
	}
}

func hit(d *symbols.Def, p *mail.Part) symbols.Hit {
	return symbols.Hit{Def: d, Factor: 1, Evidence: checks.Part(p)}
}

func (s *structureDefs) alternatives(t *checks.Task, parts []*mail.Part) {
	var alternative *mail.Part
	text, html := false, false
	for _, p := range parts {
		switch p.Type.Full() {
		case "multipart/alternative":
			alternative = p
		case "text/plain":
			text = true
		case "text/html":
			html = true
		}
	}
	if alternative == nil {
		return
	}
	if !text {
		t.HitAt(hit(s.missingText, alternative))
	}
	if !html {
		t.HitAt(hit(s.missingHTML, alternative))
	}
}

func (s *structureDefs) attached(t *checks.Task, parts []*mail.Part) {
	if len(parts) < 2 {
		return
	}
	for _, p := range parts {
		if ascii.HasPrefixFold(p.Header.Text("Content-Disposition"), "attachment") {
			t.HitAt(hit(s.attachment, p))
			return
		}
	}
}

// undisposed looks at the first part of unspecific binary type that is not
// marked as an attachment: embedded content, key files and encrypted payloads
// need no mark.
func (s *structureDefs) undisposed(t *checks.Task, parts []*mail.Part) {
	for _, p := range parts {
		if !ascii.HasPrefixFold(p.Header.Text("Content-Type"), "application/octet-stream") {
			continue
		}
		d := p.Header.Text("Content-Disposition")
		if ascii.HasPrefixFold(d, "attachment") {
			continue
		}
		keyFile := len(parts) > 1 && namesKey(d)
		encrypted := p.Parent != nil && p.Parent.Type.Is("multipart", "encrypted")
		if !p.Header.Has("Content-ID") && !keyFile && !encrypted {
			t.HitAt(hit(s.disposition, p))
		}
		return
	}
}

func namesKey(disposition string) bool {
	_, rest, ok := strings.Cut(disposition, "filename=")
	return ok && len(rest) > 4 && strings.Contains(rest[1:], ".asc")
}

// onlyText reports whether all leaves are texts that are shown, at most two.
func onlyText(parts []*mail.Part) bool {
	const most = 2
	n := 0
	for _, p := range parts {
		switch {
		case p.Type.Type == "text" && !p.IsAttachment():
			if n++; n > most {
				return false
			}
		case !p.IsMultipart():
			return false
		}
	}
	return true
}
