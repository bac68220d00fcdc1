package mail

import (
	"bytes"
	"strings"

	"github.com/winnowmail/winnow/internal/transfer"
)

// cards takes the URLs and addresses of calendars and cards: of what programs show of
// a calendar (RFC 5545), and of all properties of a card (RFC 6350), as Rspamd 4.1.6
// does.
func (c *urlCollector) cards() {
	for _, p := range c.m.Parts() {
		switch p.cardKind() {
		case "ics":
			c.card(p, shownInCalendar)
		case "vcf":
			c.card(p, func(string, bool) bool { return true })
		}
	}
}

// cardKind returns "ics" for calendars, "vcf" for cards, "" for other parts.
func (p *Part) cardKind() string {
	if p.IsMultipart() || p.isMessage() {
		return ""
	}
	if _, ext := p.Detected(); ext == "ics" || ext == "vcf" {
		return ext
	}
	switch p.Type.Full() {
	case "text/calendar", "application/calendar":
		return "ics"
	case "text/vcard", "application/vcard":
		return "vcf"
	}
	return ""
}

// shownInCalendar tells the properties of a calendar that a reader sees or follows.
// Rspamd 4.1.6 knows the first ones.
func shownInCalendar(property string, exact bool) bool {
	switch property {
	case "description", "location", "summary", "organizer", "organiser", "attendee", "url":
		return true
	case "comment", "contact", "attach", "conference", "source", "image", "x-alt-desc", "x-google-conference",
		"x-microsoft-skypeteamsmeetingurl", "x-microsoft-locations", "styled-description", "structured-data":
		return !exact
	}
	return false
}

// card takes the URLs of a part that is a list of properties, of those that are
// wanted.
func (c *urlCollector) card(p *Part, wanted func(property string, exact bool) bool) {
	text := (&Text{Part: p}).UTF8()
	for text != "" && !c.cut {
		var line string
		line, text = cutProperty(text)
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		name, params, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), ";")
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			name = name[i+1:] // of a group
		}
		if !wanted(name, c.m.exact) {
			continue
		}
		if !c.m.exact && strings.Contains(params, "quoted-printable") { // vCard 2.1
			value, text = softLines(value, text)
		}
		c.property(p, unescapeProperty(value))
	}
}

func (c *urlCollector) property(p *Part, value string) {
	finder{text: value}.find(func(u URL, _, _ int) bool {
		u.Source, u.Part = SourceText, p
		u.Flags |= URLFromText | URLSpecial
		c.add(&u)
		return !c.cut
	})
}

// cutProperty takes the first property off a text: a line and those that continue
// it, which begin with a blank that is no part of it.
func cutProperty(text string) (line, rest string) {
	line, rest = cutLine(text)
	if rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return line, rest
	}
	var b strings.Builder
	b.WriteString(line)
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		line, rest = cutLine(rest[1:])
		b.WriteString(line)
	}
	return b.String(), rest
}

func cutLine(text string) (line, rest string) {
	i := strings.IndexAny(text, "\r\n")
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimLeft(text[i:], "\r\n")
}

// softLines decodes a value in quoted-printable, whose soft line ends are those of
// the card too.
func softLines(value, text string) (decoded, rest string) {
	var b bytes.Buffer
	for strings.HasSuffix(value, "=") && text != "" {
		b.WriteString(value[:len(value)-1])
		value, text = cutLine(text)
	}
	b.WriteString(value)
	plain, _ := transfer.QuotedPrintable(b.Bytes())
	return strings.ToValidUTF8(string(plain), "\uFFFD"), text
}

// unescapeProperty undoes the escapes of a value (RFC 5545 section 3.3.11).
func unescapeProperty(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
			if s[i] == 'n' || s[i] == 'N' {
				b = append(b, '\n')
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
