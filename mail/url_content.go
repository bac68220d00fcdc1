package mail

import (
	"github.com/winnowmail/winnow/internal/pdf"
	"github.com/winnowmail/winnow/internal/steps"
)

// documentBudget bounds the bytes of all documents of a message that are
// searched, those of packed streams included: a few for each of the message's
// own.
func (m *Message) documentBudget() int {
	const most = 32 << 20
	own := steps.For(len(m.raw))
	return min(most, own.Left())
}

// ContentURLs returns the URLs of documents in the message, each once: the
// targets of links in PDF parts that are not encrypted, without mailto and
// without those that URLs has too. They carry URLContent, and Limits.URLs
// bounds them together with URLs. As in Rspamd, URLs leaves them out: what a
// document links to says little about how the message is written.
func (m *Message) ContentURLs() []*URL {
	m.contentOnce.Do(func() {
		c, budget := urlCollector{m: m}, m.documentBudget()
		for _, p := range m.Parts() {
			if p.isPDF() {
				c.document(p, &budget)
			}
		}
		m.contentURLs = c.urls
		if c.cut {
			m.note(NoteCut, "", -1, "content URLs")
		}
	})
	return m.contentURLs
}

func (p *Part) isPDF() bool {
	if p.IsMultipart() || p.isMessage() {
		return false
	}
	if p.Type.Is("application", "pdf") {
		return true
	}
	_, ext := p.Detected()
	return ext == "pdf"
}

// document takes the links of a PDF part; budget is the bytes left to search.
func (c *urlCollector) document(p *Part, budget *int) {
	links, cut := pdf.URIs(p.Content(), budget)
	if cut {
		c.m.note(NoteCut, p.Path, p.BodyOffset, "PDF")
	}
	for _, link := range links {
		if c.cut {
			return
		}
		finder{text: link}.find(func(u URL, _, _ int) bool {
			if u.Scheme == "mailto" {
				return false
			}
			c.afterText()
			u.Source, u.Part = SourceContent, p
			u.Flags |= URLContent
			c.add(&u)
			return false // as Rspamd, the first one of a link
		})
	}
}

// afterText makes c know the URLs of the text, which are not taken again.
func (c *urlCollector) afterText() {
	if c.seen != nil {
		return
	}
	c.m.collectURLs()
	c.seen = make(map[string]*URL, len(c.m.urls))
	c.left = c.m.limits.URLs - len(c.m.urls) - len(c.m.emails)
	for _, u := range c.m.urls {
		known := *u // counts of the text stay as they are
		c.seen[u.Text] = &known
	}
}
