package mail

import "strings"

// URLs returns the URLs of the message (no mailto), each normalised URL once:
// those of HTML parts, then of plain text, then of the subject, then of calendars
// and cards, then what elements of HTML name beside targets and images; then those
// of parts that are opened, SVG images and external bodies; at last, in the same
// order, those of what stands outside of all parts (see AllTexts). Emails returns the
// addresses of mailto links and of text.
func (m *Message) URLs() []*URL {
	m.collectURLs()
	return m.urls
}

// Emails returns the e-mail addresses found in text, HTML, subject.
func (m *Message) Emails() []*URL {
	m.collectURLs()
	return m.emails
}

// Searched reports whether the message was searched for addresses already, so that
// URLs and Emails read nothing any more.
func (m *Message) Searched() bool { return m.searched.Load() }

// URLBytes returns how many bytes of the text t of the message are URLs and
// e-mail addresses; every occurrence counts. As in Rspamd, an address that is
// the text of a link counts twice: as link text, and as any other text.
func (m *Message) URLBytes(t *Text) int {
	m.collectURLs()
	return m.urlBytes[t]
}

func (m *Message) collectURLs() {
	m.urlsOnce.Do(func() {
		m.urlBytes = make(map[*Text]int, len(m.AllTexts()))
		c := urlCollector{m: m, seen: map[string]*URL{}, left: m.limits.URLs, masked: maxMasked}
		c.collect(m.Texts())
		c.subject()
		c.cards()
		c.other(m.Texts())
		c.outside = true
		if !m.exact {
			c.unshown()
		}
		c.collect(m.AllTexts()[len(m.Texts()):])
		c.other(m.AllTexts()[len(m.Texts()):])
		m.urls, m.emails = c.urls, c.emails
		if c.cut {
			m.note(NoteCut, "", -1, "URLs")
		}
		m.searched.Store(true)
	})
}

// A urlCollector gathers URLs, each one once.
type urlCollector struct {
	m            *Message
	seen         map[string]*URL
	urls, emails []*URL
	left         int
	masked       int // masked URLs that are still taken
	cut          bool
	outside      bool // what is read stands outside of all parts
}

// collect takes the URLs of HTML, then those of plain text.
func (c *urlCollector) collect(texts []*Text) {
	for _, t := range texts {
		if t.IsHTML {
			c.html(t)
		}
	}
	for _, t := range texts {
		if !t.IsHTML {
			c.text(t)
		}
	}
}

func (c *urlCollector) other(texts []*Text) {
	for _, t := range texts {
		if t.IsHTML && !c.m.exact {
			c.others(t)
		}
	}
}

// add adds u, or counts it on the equal one that is there; fresh is true if it
// was added.
func (c *urlCollector) add(u *URL) (known *URL, fresh bool) {
	key := u.Text
	if u.Scheme == "mailto" {
		key = lowerASCII(u.Text)
	}
	if known = c.seen[key]; known != nil {
		if c.outside && known.Flags&URLOutside == 0 {
			return known, false
		}
		known.Count++
		known.Masked += u.Masked
		known.Flags |= u.Flags & (URLMasked | URLPhished | URLObscured | URLZeroWidth | URLImage | URLShows)
		if known.Phished == nil {
			known.Phished = u.Phished
		}
		return known, false
	}
	if c.left <= 0 {
		c.cut = true
		return nil, false
	}
	c.left--
	own := *u
	if c.outside {
		own.Flags |= URLOutside
	}
	c.seen[key] = &own
	if u.Scheme == "mailto" {
		c.emails = append(c.emails, &own)
	} else {
		c.urls = append(c.urls, &own)
	}
	return &own, true
}

// html takes the targets, images and shown URLs of an HTML part.
func (c *urlCollector) html(t *Text) {
	h := t.HTML()
	for _, b := range h.Blocks {
		if l := b.link; l != nil && l.URL != nil {
			if own, fresh := c.add(l.URL); fresh {
				own.Part, own.Offset, own.Length = t.Part, b.Offset, b.Length
				c.query(own, maxQueryNesting)
			}
		}
		if b.image != nil && b.image.URL != nil {
			if own, fresh := c.add(b.image.URL); fresh {
				own.Part, own.Offset, own.Length = t.Part, b.Offset, b.Length
			}
		}
	}
	for _, l := range h.Links {
		if l.Shown == nil {
			continue
		}
		c.m.urlBytes[t] += len(l.Text)
		if own, fresh := c.add(l.Shown); fresh {
			own.Part, own.Offset, own.Length = t.Part, l.Block.Offset, l.Block.Length
			own.Count++ // as Rspamd counts it
		}
	}
	masked := c.findMasked(h.Visible)
	finder{text: h.Visible, strict: true, paths: !c.m.exact}.find(func(u URL, start, end int) bool {
		if !c.m.exact && overlaps(masked, start, end) {
			return true
		}
		c.m.urlBytes[t] += end - start + stop(h.Visible, end, &u)
		u.Source = SourceHTML
		u.Flags |= URLFromText
		if own, fresh := c.add(&u); fresh {
			own.Part = t.Part
			c.query(own, maxQueryNesting)
		}
		return !c.cut
	})
	for i := range masked {
		masked[i].url.Source = SourceHTML
		if own, fresh := c.add(&masked[i].url); fresh {
			own.Part = t.Part
		}
	}
}

// A placedURL is a URL and its place in a text.
type placedURL struct {
	url        URL
	start, end int
}

// findMasked returns the masked URLs of a text, as many as are still taken.
func (c *urlCollector) findMasked(text string) (found []placedURL) {
	find := findMasked
	if c.m.exact {
		find = findMaskedAsRspamd
	}
	find(text, func(u URL, start, end int) bool {
		if c.masked == 0 {
			return false
		}
		c.masked--
		u.Masked = max(u.Masked, 1)
		u.Flags |= URLFromText
		found = append(found, placedURL{u, start, end})
		return true
	})
	return found
}

// overlaps reports whether the place of a URL is in that of a masked one.
func overlaps(masked []placedURL, start, end int) bool {
	for _, m := range masked {
		if start < m.end && m.start < end {
			return true
		}
	}
	return false
}

// others takes what elements of an HTML part name beside targets and images,
// unless it is there already: a link that is loaded somewhere stays a link.
func (c *urlCollector) others(t *Text) {
	for _, l := range t.HTML().Others {
		if c.cut {
			return
		}
		if c.seen[l.URL.Text] == nil && l.URL.Scheme != "mailto" {
			own, fresh := c.add(l.URL)
			if fresh {
				own.Part, own.Offset, own.Length = t.Part, l.Block.Offset, l.Block.Length
				c.query(own, maxQueryNesting)
			}
		}
	}
}

// text takes the URLs of a plain text part.
func (c *urlCollector) text(t *Text) {
	text, seams := joinLines(t.UTF8(), !c.m.exact && t.Part.deletesSpace())
	masked := c.findMasked(text)
	finder{text: text, strict: c.m.isTwin(t.Part)}.find(func(u URL, start, end int) bool {
		if !c.m.exact && overlaps(masked, start, end) {
			return true
		}
		u.Source = SourceText
		u.Flags |= URLFromText
		from := original(seams, start)
		n := original(seams, end) - from
		c.m.urlBytes[t] += n + stop(text, end, &u)
		if len(seams) > 0 && hostHasZeroWidth(t.UTF8()[from:from+n]) {
			u.Flags |= URLZeroWidth
		}
		if own, fresh := c.add(&u); fresh {
			own.Part, own.Offset, own.Length = t.Part, from, n
			c.query(own, maxQueryNesting)
		}
		return !c.cut
	})
	for i, p := range masked {
		from := original(seams, p.start)
		if own, fresh := c.add(&masked[i].url); fresh {
			own.Part, own.Offset, own.Length = t.Part, from, original(seams, p.end)-from
		}
	}
}

// isTwin tells one of two alternatives. In a plain text that was made of HTML,
// missing spaces between sentences make more hosts than somebody wrote. Rspamd
// goes by the number of parts alone.
func (m *Message) isTwin(p *Part) bool {
	up := p.Parent
	return up != nil && len(up.Children) == 2 && up.Type.Type == "multipart" && (m.exact || up.Type.Subtype == "alternative")
}

// stop returns 1 if a full stop follows an e-mail address in running text:
// Rspamd counts it with the address.
func stop(text string, end int, u *URL) int {
	if u.Scheme == "mailto" && end < len(text) && text[end] == '.' {
		return 1
	}
	return 0
}

// hostHasZeroWidth reports whether a zero-width space stands in the host of a
// URL as it is written.
func hostHasZeroWidth(raw string) bool {
	if i := strings.Index(raw, "://"); i >= 0 {
		raw = raw[i+len("://"):]
	}
	if i := strings.IndexAny(raw, "/?#"); i >= 0 {
		raw = raw[:i]
	}
	return strings.Contains(strings.TrimSuffix(raw, "\u200b"), "\u200b")
}

// subject takes the URLs of the Subject field.
func (c *urlCollector) subject() {
	f := c.m.Header().Get("Subject")
	if f == nil {
		return
	}
	finder{text: f.Text(), strict: true}.find(func(u URL, _, _ int) bool {
		u.Source = SourceSubject
		u.Flags |= URLHTMLDisplayed | URLSubject
		if own, fresh := c.add(&u); fresh {
			own.Offset, own.Length = f.Range()
			c.query(own, 1)
		}
		return !c.cut
	})
}
