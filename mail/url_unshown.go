package mail

import (
	"bytes"
	"strings"
)

// unshown takes the URLs of parts that are no text and that lead somewhere when
// they are opened: images of SVG and bodies that lie elsewhere. Rspamd 4.1.6 reads
// neither.
func (c *urlCollector) unshown() {
	for _, p := range c.m.Parts() {
		switch {
		case c.cut:
			return
		case p.Type.Is("message", "external-body"):
			c.externalBody(p)
		case p.isSVG():
			t := &Text{Part: p, IsHTML: true}
			c.html(t)
			c.others(t)
		}
	}
}

// isSVG tells an image that is a document with links and scripts (SVG 2), whatever
// it is declared as.
func (p *Part) isSVG() bool {
	const look = 1 << 10
	if p.IsMultipart() || p.isMessage() || p.Text() != nil {
		return false
	}
	if p.Type.Is("image", "svg+xml") || p.Type.Is("image", "svg") || p.Type.Is("image", "svg-xml") {
		return true
	}
	head := bytes.TrimLeft(bytes.TrimPrefix(p.Content(), []byte("\xef\xbb\xbf")), " \t\r\n")
	head = head[:min(len(head), look)]
	if len(head) == 0 || head[0] != '<' {
		return false
	}
	i := bytes.Index(bytes.ToLower(head), []byte("<svg"))
	return i >= 0 && i+4 < len(head) && !isAlnum(head[i+4])
}

// externalBody takes the place of a body that is fetched when it is wanted (RFC 2046
// section 5.2.3, RFC 2017).
func (c *urlCollector) externalBody(p *Part) {
	place := ""
	switch strings.ToLower(p.Type.Param("access-type")) {
	case "url", "x-url":
		place = strings.Join(strings.Fields(p.Type.Param("url")), "")
	case "ftp", "anon-ftp", "tftp":
		if site := p.Type.Param("site"); site != "" {
			place = "ftp://" + site + "/" + p.Type.Param("directory")
		}
	}
	if place == "" {
		return
	}
	if u, ok := parseHref(place); ok && u.Scheme != "mailto" {
		u.Source, u.Part = SourceText, p
		u.Flags |= URLSpecial
		c.add(&u)
	}
}
