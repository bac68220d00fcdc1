package mail

import (
	"bytes"

	"github.com/winnowmail/winnow/internal/charset"
	"github.com/winnowmail/winnow/internal/tnef"
	"github.com/winnowmail/winnow/internal/transfer"
)

// maxCarried bounds the files that one part carries.
const maxCarried = 64

// Carried returns the files that the part carries without being one of them:
// uuencoded or yEnc-encoded in a text, or packed into TNEF (winmail.dat) by Outlook.
// Programs show them as attachments, and a body in TNEF as the text of the message.
// They are not among Parts; their Path and Index are those of the part. Rspamd 4.1.6
// reads none of them.
func (p *Part) Carried() []*Part {
	p.msg.readTexts()
	return p.carried
}

// carriedTexts unpacks what the parts carry and makes the text views of it.
func (m *Message) carriedTexts() []*Text {
	var texts []*Text
	left := m.limits.Parts
	for _, p := range m.Parts() {
		if p.carried = p.unpack(); len(p.carried) > left || len(p.carried) == maxCarried {
			m.note(NoteCut, p.Path, p.BodyOffset, "Parts") // there may be more
			p.carried = p.carried[:min(left, len(p.carried))]
		}
		left -= len(p.carried)
		for _, c := range p.carried {
			if c.text = newText(c); c.text != nil {
				texts = append(texts, c.text)
			}
		}
	}
	return texts
}

// unpack returns the files that the part carries.
func (p *Part) unpack() []*Part {
	switch {
	case p.IsMultipart() || p.isMessage():
		return nil
	case p.effective == "uuencode":
		return filesIn(p, p.body)
	case p.text == nil:
		if _, ext := p.Detected(); ext == "uue" {
			return filesIn(p, p.Content())
		}
		return p.unpackTNEF()
	case p.text.IsHTML:
		return nil
	}
	return filesIn(p, p.Content())
}

func (p *Part) unpackTNEF() []*Part {
	var files []*Part
	if b := p.Content(); tnef.Is(b) {
		for _, f := range tnef.Files(b, maxCarried) {
			c := p.carry(charset.Decode(f.Name, f.Charset).Text, f.Content)
			switch f.Kind {
			case tnef.Text, tnef.RTF:
				c.Type = ContentType{Type: "text", Subtype: "plain", Charset: f.Charset}
			case tnef.HTML:
				c.Type = ContentType{Type: "text", Subtype: "html", Charset: f.Charset}
			}
			files = append(files, c)
		}
	}
	return files
}

// filesIn finds the encoded files in b, a text that is p's.
func filesIn(p *Part, b []byte) []*Part {
	var files []*Part
	for len(b) > 0 && len(files) < maxCarried {
		next, y := nextEncoded(b)
		if next == nil {
			break
		}
		var f transfer.File
		if y {
			f, b = transfer.YEnc(next)
		} else {
			f, b = transfer.UUFile(next)
		}
		if len(f.Name) > 0 {
			files = append(files, p.carry(charset.Decode(f.Name, "").Text, f.Content))
		}
	}
	return files
}

// nextEncoded returns b from the next line on with which an encoded file may begin,
// nil if there is none; y tells yEnc's.
func nextEncoded(b []byte) (next []byte, y bool) {
	const word, sign = "begin ", "=y"
	for at := 0; ; at += len(word) {
		i := bytes.Index(b[at:], []byte(word))
		if i < 0 {
			return nil, false
		}
		at += i
		start := at
		if y = bytes.HasSuffix(b[:at], []byte(sign)); y {
			start -= len(sign)
		}
		if start == 0 || b[start-1] == '\n' || b[start-1] == '\r' {
			return b[start:], y
		}
	}
}

// carry makes the part of a file, which stands where p does.
func (p *Part) carry(name string, content []byte) *Part {
	c := &Part{Parent: p, Header: &Header{}, Path: p.Path, Index: p.Index, msg: p.msg,
		BodyOffset: p.BodyOffset, BodyLength: p.BodyLength}
	c.body, c.unpacked = content, true
	c.Type = ContentType{Type: "application", Subtype: "octet-stream"}
	if name != "" {
		c.Type.Params = []Param{{"name", name}}
		if suffixFold(name, ".txt") {
			c.Type.Type, c.Type.Subtype = "text", "plain"
		}
	}
	return c
}
