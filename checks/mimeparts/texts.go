package mimeparts

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// texts looks at how text parts are declared and encoded.
func texts() *checks.Check {
	d := &textDefs{
		base64:      def("mime", "MIME_BASE64_TEXT", 0.1, "a text part is encoded in base64"),
		base64Bogus: def("mime", "MIME_BASE64_TEXT_BOGUS", 1, "a text part is encoded in base64 although it is plain ASCII"),
		badEncoding: def("headers", "R_BAD_CTE_7BIT", 3.5, "a text part has 8-bit bytes and is not declared to have them"),
		noCharset:   def("headers", "R_MISSING_CHARSET", 0.5, "a plain text message names no charset"),
		htmlOnly:    def("headers", "MIME_HTML_ONLY", 0.2, "an HTML text has no plain text beside it"),
	}
	return check("mime-texts", "declaration and encoding of text parts", d.run,
		d.base64, d.base64Bogus, d.badEncoding, d.noCharset, d.htmlOnly)
}

type textDefs struct {
	base64, base64Bogus, badEncoding, noCharset, htmlOnly *symbols.Def
}

func (d *textDefs) run(t *checks.Task) {
	m := t.Message()
	if isBase64Text(m.Header()) {
		t.HitField(d.base64, m.Header().Get("Content-Transfer-Encoding"))
	} else {
		for _, p := range m.Parts() {
			if isBase64Text(p.Header) {
				t.HitAt(hit(d.base64, p))
				break
			}
		}
	}
	for _, x := range m.Texts() {
		if isBase64Text(x.Part.Header) && !has8Bit(x.Part.Content()) {
			t.HitAt(hit(d.base64Bogus, x.Part))
			break
		}
	}
	d.undeclared(t)
	d.charset(t)
	for _, x := range m.Texts() {
		if x.IsHTML && !x.Part.IsAttachment() && alone(x.Part) {
			t.HitAt(hit(d.htmlOnly, x.Part))
			break
		}
	}
}

func isBase64Text(h *mail.Header) bool {
	return ascii.HasPrefixFold(h.Text("Content-Type"), "text") &&
		ascii.HasPrefixFold(h.Text("Content-Transfer-Encoding"), "base64")
}

func has8Bit(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return true
		}
	}
	return false
}

// undeclared finds 8-bit bytes in a part whose encoding has none. Declared
// UTF-8 weighs less: its senders often don't know that it is 8-bit.
func (d *textDefs) undeclared(t *checks.Task) {
	for _, x := range t.Message().Texts() {
		p := x.Part
		enc := p.EffectiveEncoding()
		if enc == "8bit" || !has8Bit(p.Body()) {
			continue
		}
		if enc == "" {
			enc = "unknown"
		}
		h := hit(d.badEncoding, p)
		h.Options = []string{enc}
		if p.Type.Charset == "utf-8" {
			h.Factor, h.Options = 0.3, append(h.Options, "utf8")
		}
		t.HitAt(h)
		return
	}
}

// charset looks at a message that has plain text and names no charset. The
// parts of a multipart message are looked at together, as Rspamd's
// expressions do.
func (d *textDefs) charset(t *checks.Task) {
	m := t.Message()
	if !says(m, func(p *mail.Part) bool { return p.Type.Type == "text" }) ||
		!says(m, func(p *mail.Part) bool { return p.Type.Subtype == "plain" }) ||
		says(m, func(p *mail.Part) bool { return p.Type.Charset != "" }) {
		return
	}
	empty := true
	for _, p := range m.Parts() {
		if p.Text() != nil && p.EffectiveEncoding() == "7bit" {
			return
		}
		empty = empty && (p.IsMultipart() || len(p.Content()) == 0)
	}
	if !empty {
		t.HitAt(hit(d.noCharset, m.Root()))
	}
}

// says reports whether the root part, or any part of a multipart message, is
// as asked.
func says(m *mail.Message, is func(*mail.Part) bool) bool {
	if !m.Root().IsMultipart() {
		return is(m.Root())
	}
	return slices.ContainsFunc(m.Parts(), is)
}

// alone reports whether an HTML text has no other text as an alternative.
func alone(p *mail.Part) bool {
	for a := p.Parent; a != nil; a = a.Parent {
		if a.Type.Is("multipart", "alternative") {
			return !hasOtherText(a)
		}
	}
	return true
}

func hasOtherText(p *mail.Part) bool {
	for _, c := range p.Children {
		x := c.Text()
		if c.Type.Type == "text" && !strings.Contains(c.Type.Subtype, "html") && (x == nil || !x.IsHTML) || hasOtherText(c) {
			return true
		}
	}
	return false
}
