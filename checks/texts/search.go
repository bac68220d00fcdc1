package texts

import (
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/stem"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A search is the way through one message.
type search struct {
	set    *Set
	msg    *mail.Message
	task   *checks.Task
	budget *matcher.Budget
	found  *Matches
}

// A Text is one that the caller of FindWith has: of a header field or of a part
// where they are set.
type Text struct {
	Text  string
	Field *mail.Field
	Part  *mail.Part
}

// Find looks for all patterns in the message.
func (s *Set) Find(t *checks.Task) *Matches { return s.FindWith(t, nil) }

// FindWith is Find with texts of the caller's: given is called once for each name
// that patterns of the kind Given have.
func (s *Set) FindWith(t *checks.Task, given func(name string) []Text) *Matches {
	m := t.Message()
	f := &search{set: s, msg: m, task: t, budget: matcher.For(len(m.Raw())), found: &Matches{byID: map[int][]symbols.Evidence{}}}
	f.headers()
	f.bodies()
	f.links()
	f.words()
	f.selectors()
	for _, name := range s.given {
		for _, x := range given(name) {
			f.in(Given, x.Text, name, func(int, int) []symbols.Evidence {
				if x.Field != nil {
					return checks.Field(x.Field)
				}
				return checks.Part(x.Part)
			})
		}
	}
	f.found.Cut = f.budget.Cut()
	return f.found
}

// has reports whether there are patterns of a kind.
func (f *search) has(k Kind) bool { return f.set.sets[k].Len() > 0 }

// in looks for the patterns of a kind in a text; at says where in the message a
// match is.
func (f *search) in(k Kind, text, key string, at func(start, end int) []symbols.Evidence) {
	f.exact(k, text, key, "", at)
}

// exact is in for a header field whose name is spelt so.
func (f *search) exact(k Kind, text, key, spelt string, at func(start, end int) []symbols.Evidence) {
	if len(text) > f.set.most {
		text = text[:f.set.most]
		if !f.bytewise(k) {
			text = strings.ToValidUTF8(text, "")
		}
	}
	whole := text
	if f.set.octets && strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	if f.bytewise(k) {
		text = matcher.Latin1(text)
	}
	ids := f.set.ids[k]
	f.set.sets[k].Each(text, key, f.budget, func(i int) bool {
		p := &f.set.patterns[ids[i]]
		return len(f.found.byID[ids[i]]) < p.Most && (p.Exact == "" || p.Exact == spelt)
	}, func(i, start, end int) bool {
		id := ids[i]
		if len(text) != len(whole) {
			start, end = f.original(whole, start), f.original(whole, end)
		}
		ev := at(start, end)
		if len(ev) == 0 {
			ev = []symbols.Evidence{{}}
		}
		ev[0].Pattern = clip(whole[start:end])
		f.found.byID[id] = append(f.found.byID[id], ev[0])
		return len(f.found.byID[id]) < f.set.patterns[id].Most
	})
}

// bytewise reports whether patterns of a kind look at bytes.
func (f *search) bytewise(k Kind) bool { return f.set.octets || k.Bytes() }

// original finds the place in a text that is at the place at of the text in the
// form that patterns look at: without carriage returns before line feeds where
// the set says so, and a byte above ASCII is two there.
func (f *search) original(text string, at int) int {
	for i := range len(text) {
		if at <= 0 {
			return i
		}
		switch c := text[i]; {
		case f.set.octets && c == '\r' && i+1 < len(text) && text[i+1] == '\n':
		case c >= 0x80:
			at -= 2
		default:
			at--
		}
	}
	return len(text)
}

// clip shortens what is quoted of a message.
func clip(s string) string {
	const most = 100
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

func nowhere(int, int) []symbols.Evidence { return nil }

func (f *search) headers() {
	if f.has(Header) || f.has(RawHeader) {
		for _, field := range f.msg.Header().Fields() {
			key := strings.ToLower(field.Name())
			at := func(int, int) []symbols.Evidence { return checks.Field(field) }
			if f.has(Header) {
				f.exact(Header, field.Text(), key, field.Name(), at)
			}
			if f.has(RawHeader) {
				f.exact(RawHeader, field.Value(), key, field.Name(), at)
			}
		}
	}
	if f.has(MIMEHeader) {
		for _, p := range f.msg.Parts() {
			if p.Parent == nil || !p.Parent.IsMultipart() || p.Type.Is("message", "rfc822") {
				continue
			}
			for _, field := range p.Header.Fields() {
				if key := strings.ToLower(field.Name()); f.set.headers[key] {
					f.exact(MIMEHeader, field.Text(), key, field.Name(), func(int, int) []symbols.Evidence { return checks.Field(field) })
				}
			}
		}
	}
	if f.has(AllHeaders) {
		f.bytes(AllHeaders, 0, len(f.msg.Raw())-len(f.msg.Body()))
	}
}

// bytes looks at a range of the message as received.
func (f *search) bytes(k Kind, from, to int) {
	f.in(k, string(f.msg.Raw()[from:min(to, from+f.set.most)]), "", func(start, end int) []symbols.Evidence {
		return []symbols.Evidence{{Offset: from + start, Length: end - start}}
	})
}

func (f *search) bodies() {
	if f.has(Body) {
		f.bytes(Body, 0, len(f.msg.Raw()))
	}
	if f.has(SABody) {
		if s := f.msg.Header().Get("subject"); s != nil {
			f.in(SABody, s.Text(), "", func(int, int) []symbols.Evidence { return checks.Field(s) })
		}
	}
	if !f.has(MIME) && !f.has(RawMIME) && !f.has(SABody) && !f.has(SARawBody) {
		return
	}
	for _, x := range f.msg.Texts() {
		plain := func(start, end int) []symbols.Evidence {
			if x.IsHTML {
				return checks.Part(x.Part)
			}
			return checks.Text(x, start, end-start)
		}
		if f.has(MIME) {
			f.in(MIME, x.Plain(), "", plain)
		}
		if f.has(RawMIME) {
			f.bytes(RawMIME, x.Part.BodyOffset, x.Part.BodyOffset+x.Part.BodyLength)
		}
		if f.has(SARawBody) {
			f.in(SARawBody, x.UTF8(), "", func(start, end int) []symbols.Evidence { return checks.Text(x, start, end-start) })
		}
		if f.has(SABody) {
			f.asRead(x)
		}
	}
}

// asRead looks at a text without its line ends; with Octets at each of its
// paragraphs.
func (f *search) asRead(x *mail.Text) {
	join := func(text string, from int) {
		line, places := oneLine(text, f.set.octets)
		f.in(SABody, line, "", func(start, end int) []symbols.Evidence {
			if x.IsHTML {
				return checks.Part(x.Part)
			}
			start, end = from+places.in(start), from+places.in(end)
			return checks.Text(x, start, end-start)
		})
	}
	text := x.Plain()
	if !f.set.octets {
		join(text, 0)
		return
	}
	for from := 0; from < len(text); {
		n := paragraph(text[from:])
		join(text[from:from+n], from)
		from += n
	}
}

// paragraph is the length of the text up to behind its first empty line.
func paragraph(text string) int {
	for i := 0; i < len(text); {
		end := strings.IndexByte(text[i:], '\n')
		if end < 0 {
			break
		}
		if end += i + 1; i > 0 && strings.TrimSpace(text[i:end]) == "" {
			return end
		}
		i = end
	}
	return len(text)
}

func (f *search) links() {
	if f.has(URL) {
		for _, u := range f.msg.URLs() {
			if u.Flags&mail.URLImage == 0 {
				f.in(URL, u.Text, "", func(int, int) []symbols.Evidence { return checks.Part(u.Part) })
			}
		}
	}
	if f.has(Email) {
		for _, u := range f.msg.Emails() {
			f.in(Email, u.User+"@"+u.Host, "", func(int, int) []symbols.Evidence { return checks.Part(u.Part) })
		}
	}
}

func (f *search) words() {
	if !f.has(Words) && !f.has(RawWords) && !f.has(StemWords) {
		return
	}
	for _, x := range f.msg.Texts() {
		lang, _ := x.Language()
		stemmed, plain := stem.Of(lang), x.Plain()
		for _, w := range x.Words() {
			at := func(int, int) []symbols.Evidence {
				if x.IsHTML {
					return checks.Part(x.Part)
				}
				return checks.Text(x, w.Start, w.End-w.Start)
			}
			if f.has(Words) {
				f.in(Words, w.Text, "", at)
			}
			if f.has(RawWords) {
				f.in(RawWords, plain[w.Start:w.End], "", at)
			}
			if f.has(StemWords) {
				f.in(StemWords, stemmed(w.Text), "", at)
			}
		}
	}
}

func (f *search) selectors() {
	for _, s := range f.set.selectors {
		for _, v := range s.Eval(f.task) {
			f.in(Selector, strings.ToValidUTF8(v, "\ufffd"), s.String(), nowhere)
		}
	}
}
