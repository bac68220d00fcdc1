package texts

import (
	"strings"
	"unicode/utf8"

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

// Find looks for all patterns in the message.
func (s *Set) Find(t *checks.Task) *Matches {
	m := t.Message()
	f := &search{set: s, msg: m, task: t, budget: matcher.For(len(m.Raw())), found: &Matches{byID: map[int][]symbols.Evidence{}}}
	f.headers()
	f.bodies()
	f.links()
	f.words()
	f.selectors()
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
		text = strings.ToValidUTF8(text[:f.set.most], "")
	}
	ids := f.set.ids[k]
	f.set.sets[k].Each(text, key, f.budget, func(i int) bool {
		p := &f.set.patterns[ids[i]]
		return len(f.found.byID[ids[i]]) < p.Most && (p.Exact == "" || p.Exact == spelt)
	}, func(i, start, end int) bool {
		id := ids[i]
		ev := at(start, end)
		if len(ev) == 0 {
			ev = []symbols.Evidence{{}}
		}
		for j := range ev {
			ev[j].Pattern = clip(text[start:end])
		}
		f.found.byID[id] = append(f.found.byID[id], ev[0])
		return len(f.found.byID[id]) < f.set.patterns[id].Most
	})
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
				f.exact(RawHeader, matcher.Latin1(field.Value()), key, field.Name(), at)
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
	raw := f.msg.Raw()[from:min(to, from+f.set.most)]
	text := matcher.Latin1(string(raw))
	f.in(k, text, "", func(start, end int) []symbols.Evidence {
		if len(text) != len(raw) { // two bytes stand for one
			end = utf8.RuneCountInString(text[:end])
			start = utf8.RuneCountInString(text[:start])
		}
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
		whole := func(int, int) []symbols.Evidence { return checks.Part(x.Part) }
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
			line, places := oneLine(x.Plain())
			at := whole
			if !x.IsHTML {
				at = func(start, end int) []symbols.Evidence {
					from := places.in(start)
					return checks.Text(x, from, places.in(end)-from)
				}
			}
			f.in(SABody, line, "", at)
		}
	}
}

// A fold is a place in a text on one line, and the same in the text with lines.
type fold struct{ line, text int }

type folds []fold

// in returns the place in the text with lines.
func (f folds) in(line int) int {
	lo, hi := 0, len(f)
	for lo < hi {
		if mid := (lo + hi) / 2; f[mid].line <= line {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return line
	}
	return f[lo-1].text + line - f[lo-1].line
}

// oneLine makes each run of line ends one blank, none after a blank.
func oneLine(text string) (string, folds) {
	var b strings.Builder
	b.Grow(len(text))
	var places folds
	last := byte(' ')
	for i := 0; i < len(text); {
		end := strings.IndexAny(text[i:], "\r\n")
		if end < 0 {
			b.WriteString(text[i:])
			break
		}
		if end > 0 {
			b.WriteString(text[i : i+end])
			last = text[i+end-1]
		}
		for i += end; i < len(text) && (text[i] == '\r' || text[i] == '\n'); i++ {
		}
		if last != ' ' {
			b.WriteByte(' ')
			last = ' '
		}
		places = append(places, fold{b.Len(), i})
	}
	return b.String(), places
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
