package mail

import (
	"encoding/base64"
	"strings"
)

// maxInner bounds how deep documents in attributes of documents are read.
const maxInner = 4

// conditional takes the URLs of a conditional comment, <!--[if mso]> … <![endif]-->:
// Outlook shows what stands in it. What a comment is beside that stays as it is.
func (t *htmlTree) conditional(z *htmlScanner) {
	s := z.s[z.start:z.i]
	const lead = "<!--[if"
	if t.exact || !prefixFold(s, lead) || len(s) == len(lead) || alnumByte(s[len(lead)]) {
		return
	}
	i := strings.Index(s, "]>")
	if i < 0 {
		return
	}
	from := i + len("]>")
	b := t.newBlock()
	b.Tag, b.Parent, b.Offset, b.Length = "!--", t.open, z.start, len(s)
	t.inner(b, s[from:])
}

// data takes the URLs of a document in a data: URL, where an element shows it
// as a document or leads to it (RFC 2397).
func (t *htmlTree) data(b *Block, url string) {
	switch b.Tag {
	case "iframe", "frame", "object", "embed", "a", "area", "meta":
	default:
		return
	}
	head, body, ok := strings.Cut(url[len("data:"):], ",")
	typ, params, _ := strings.Cut(head, ";")
	switch strings.ToLower(strings.TrimSpace(typ)) {
	case "text/html", "application/xhtml+xml", "image/svg+xml":
	default:
		return
	}
	if !ok || !t.take(len(body)) {
		return
	}
	body = unescapeURL(body, false)
	if suffixFold(strings.TrimSpace(params), "base64") {
		raw, _ := base64.RawStdEncoding.DecodeString(strings.TrimRight(body, "= \r\n"))
		body = string(raw) // up to what is no base64
	}
	t.inner(b, body)
}

// inner takes the URLs of markup that a reader may see in place of, or inside of
// b: targets, what is loaded, and those of the text. Its elements count to the
// limit of tags, and the page's budget pays for it.
func (t *htmlTree) inner(b *Block, markup string) {
	if t.depth == maxInner {
		t.h.Cut = true
		return
	}
	t.depth++
	defer func() { t.depth-- }()
	z := htmlScanner{s: markup}
	raw := "" // the element whose content follows
	for !t.h.Cut && z.next() {
		if !t.take(z.i - z.start) {
			return
		}
		switch z.kind {
		case tokenText:
			switch text := markup[z.start:z.i]; raw {
			case "style":
				t.css(b, text)
			case "script":
				t.script(b, text)
			default:
				t.urlsOfText(b, text)
			}
		case tokenStart:
			t.innerTag(b, &z)
		}
		if raw = ""; z.kind == tokenStart {
			raw = z.name
		}
	}
}

// innerTag takes the URLs of an element of inner markup.
func (t *htmlTree) innerTag(outer *Block, z *htmlScanner) {
	if t.tags >= t.maxTags {
		t.h.Cut = true
		return
	}
	t.tags++
	if z.flags&tagRaw != 0 && z.name != "noscript" && !z.slash {
		z.rawUntil = z.name
	}
	b := t.newBlock()
	b.Tag, b.flags, b.Attrs, b.Parent = z.name, z.flags, z.attrs, outer.Parent
	b.Offset, b.Length = outer.Offset, outer.Length
	for _, a := range b.Attrs {
		switch {
		case b.flags&tagHref != 0 && (a.Name == "href" || a.Name == "action"):
			t.other(b, a.Value, 0)
		case b.Tag == "img" && a.Name == "src":
			t.other(b, a.Value, URLLoaded)
		}
	}
	t.others(b)
}

// urlsOfText takes the URLs that stand in text between tags of inner markup.
func (t *htmlTree) urlsOfText(b *Block, text string) {
	finder{text: text, strict: true}.find(func(u URL, _, _ int) bool {
		if u.Scheme != "mailto" {
			t.note(b, u.Raw, u, 0)
		}
		return !t.h.Cut
	})
}
