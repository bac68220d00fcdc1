package mail

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/charset"
	"github.com/winnowmail/winnow/internal/transfer"
)

// Texts returns the text views of all text parts in order.
func (m *Message) Texts() []*Text {
	m.readTexts()
	return m.mime.texts
}

// AllTexts returns Texts and behind them the text views of what stands outside
// of all parts: preambles, epilogues, the body of a multipart in which no
// part was found, and what parts carry (see Part.Carried). Programs show that, so rules about what a message says look
// at it; those about its parts don't. The Part of such a text is not among
// Parts; its Path and Index are those of the multipart.
func (m *Message) AllTexts() []*Text {
	m.readTexts()
	return m.mime.all
}

func (m *Message) readTexts() {
	m.mime.textOnce.Do(func() {
		for _, p := range m.Parts() {
			if p.text = newText(p); p.text != nil {
				m.mime.texts = append(m.mime.texts, p.text)
			}
		}
		m.mime.all = m.mime.texts
		if !m.exact {
			m.mime.all = append(slices.Clip(m.mime.texts), m.outsideTexts()...)
			m.mime.all = append(m.mime.all, m.carriedTexts()...)
		}
	})
}

// Text returns the text view of a text part, nil for others. What counts as
// text is as in Rspamd: text/*, unless it is an attachment, and parts whose
// content looks like text.
func (p *Part) Text() *Text {
	p.msg.Texts()
	return p.text
}

func newText(p *Part) *Text {
	if p.IsMultipart() || p.isMessage() {
		return nil
	}
	text := p.declaredText()
	_, ext := p.Detected()
	switch p.detectedGroup() {
	case "text":
		if ext != "txt" && ext != "html" {
			return nil // tables, calendars, cards: not prose
		}
		text = true
	case "archive", "image":
		text = text && p.Archive() == nil && ext != "png" && ext != "jpg" && ext != "gif" && ext != "bmp"
	case "binary":
		text = text && ext != "pdf" && ext != "uue"
	}
	if !text {
		return nil
	}
	return &Text{Part: p, IsHTML: p.Type.Subtype == "html" || p.Type.Subtype == "xhtml" || ext == "html"}
}

// declaredText reports whether the type itself says text. A message without
// type is text unless it has 8-bit bytes that are not UTF-8.
func (p *Part) declaredText() bool {
	switch {
	case p.Type.Type == "message":
		return true // reports; other messages are entered
	case p.Type.Type != "text":
		return false
	case !p.Type.Absent:
		return true
	}
	if p.Parent != nil && p.Parent.IsMultipart() {
		return false // the content decides
	}
	return utf8.Valid(p.Content())
}

// UTF8 returns the decoded content; for HTML parts that is the markup.
func (t *Text) UTF8() string {
	t.decodeOnce.Do(t.decode)
	return t.utf8
}

// Lines returns the number of lines of the decoded text.
func (t *Text) Lines() int {
	t.decodeOnce.Do(t.decode)
	return t.lines
}

// Charset returns the canonical lower-case name of the charset that the text
// was decoded from.
func (t *Text) Charset() string {
	t.decodeOnce.Do(t.decode)
	return t.charset
}

// Detected reports whether the charset was guessed because it was not declared,
// or wrongly.
func (t *Text) Detected() bool {
	t.decodeOnce.Do(t.decode)
	return t.guessed
}

func (t *Text) decode() {
	p := t.Part
	b := p.Content()
	if most := p.msg.limits.TextBytes; len(b) > most {
		b = b[:most]
		p.msg.note(NoteCut, p.Path, p.BodyOffset, "TextBytes")
	}
	label := p.Type.Charset
	if label == "" && t.IsHTML && !utf8.Valid(b) {
		label = metaCharset(b)
	}
	g := p.guesses()
	r := g.Decode(b, label)
	if g.Blind {
		p.msg.note(NoteCut, p.Path, p.BodyOffset, "Charsets")
	}
	r.Guessed = r.Guessed || label != p.Type.Charset
	if r.Unknown || r.Broken {
		p.msg.note(NoteBadCharset, p.Path, p.BodyOffset, p.Type.Charset)
	}
	t.utf8, t.charset, t.guessed = r.Text, r.Charset, r.Guessed
	t.lines = strings.Count(t.utf8, "\n")
	if t.utf8 != "" && !strings.HasSuffix(t.utf8, "\n") {
		t.lines++
	}
	t.verbatim = len(t.utf8) == len(b) && t.utf8 == string(b)
	t.bytewise = utf8.RuneCountInString(t.utf8) == len(b)
}

// metaCharset returns the charset that the markup itself declares near its
// start, "" if it does not.
func metaCharset(b []byte) string {
	const look = 1024
	_, rest, ok := strings.Cut(strings.ToLower(string(b[:min(len(b), look)])), "charset=")
	if !ok {
		return ""
	}
	rest = strings.TrimLeft(rest, " \"'")
	if i := strings.IndexAny(rest, " \"';>/"); i > 0 && charset.Known(rest[:i]) {
		return rest[:i]
	}
	return ""
}

// RawRange maps a byte range of UTF8 back to the raw message through charset
// and transfer encoding. Where characters and bytes don't correspond one to
// one, the range is that of the whole body. ok is false when the range is not
// inside the text.
func (t *Text) RawRange(start, end int) (offset, length int, ok bool) {
	s := t.UTF8()
	if start < 0 || end < start || end > len(s) {
		return 0, 0, false
	}
	p := t.Part
	switch {
	case p.decodedPlace():
		return p.BodyOffset, p.BodyLength, true
	case p.encoded() && bytes.Equal(p.Content(), p.body):
		return p.BodyOffset, p.BodyLength, true // not encoded after all
	case t.verbatim:
	case t.bytewise:
		n := utf8.RuneCountInString(s[:start])
		start, end = n, n+utf8.RuneCountInString(s[start:end])
	default:
		return p.BodyOffset, p.BodyLength, true
	}
	var m *transfer.Map
	switch p.effective {
	case "base64":
		m = transfer.MapBase64(p.body)
	case "quoted-printable":
		m = transfer.MapQuotedPrintable(p.body)
	case "uuencode":
		return p.BodyOffset, p.BodyLength, true
	default:
		return p.BodyOffset + start, end - start, true
	}
	from, to, ok := m.Range(start, end)
	if !ok {
		return p.BodyOffset, p.BodyLength, true
	}
	return p.BodyOffset + from, to - from, true
}

// decodedPlace reports whether the part lies in the decoded content of an
// encoded message part, or is carried by a part, so that its bytes have no place of their own.
func (p *Part) decodedPlace() bool {
	if p.unpacked {
		return true
	}
	for a := p.Parent; a != nil; a = a.Parent {
		if a.encoded() {
			return true
		}
	}
	return false
}
