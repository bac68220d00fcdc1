package osb

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/internal/stem"
	"github.com/winnowmail/winnow/mail"
)

// A Dialect says which Rspamd's tokens are made.
type Dialect int

const (
	// Rspamd416 pairs neighbours and splits names of attachments.
	Rspamd416 Dialect = iota
	// Rspamd34 pairs words up to four apart. Its tokens are others than those of
	// Rspamd416, but for the pairs of neighbours.
	Rspamd34
)

// window is how many words a token can span.
func (d Dialect) window() int {
	if d == Rspamd34 {
		return 5
	}
	return 2
}

// Seen is what a scan found out about a message. The zero value takes it from
// the message's Authentication-Results, as Rspamd's learning does.
type Seen struct {
	Checked bool     // SPF and DKIM were checked: the fields below count
	SPF     bool     // SPF passed
	DKIM    []string // domains with a valid signature
}

// maxWords is how many words of a message are looked at.
const maxWords = 100_000

// Tokens returns the tokens of a message in Rspamd's order; some may be there
// more than once. They are those of the texts, only the first of them where two
// alternatives are alike, of the subject with the sender's name, and of what
// Rspamd calls meta tokens.
func Tokens(m *mail.Message, d Dialect, seen Seen) []Token {
	out, meta := d.read(m, seen)
	return pairs(out, meta.words(nil), d.window(), true)
}

// read returns the tokens of what stands in a message, and what describes it.
func (d Dialect) read(m *mail.Message, seen Seen) (out []Token, about meta) {
	texts := d.texts(m)
	a := alternatives(texts, d)
	left := maxWords
	for i, t := range texts {
		list := t.words[:min(len(t.words), left)]
		left -= len(list)
		out = pairs(out, list, d.window(), false)
		if i == 0 && a.alike() {
			break
		}
	}
	if a.html != nil && a.html.language != "" {
		a.plain.language = a.html.language
	}
	language := ""
	if len(texts) > 0 {
		language = texts[0].language
	}
	return pairs(out, headWords(m, language), d.window(), false), d.meta(m, texts, seen)
}

// A text is one with its words.
type text struct {
	*mail.Text
	language string // "" for one without words
	words    []word
	count    int // words, with stop words
}

// texts returns the texts of a message; 4.1.6 has those of HTML first.
func (d Dialect) texts(m *mail.Message) []*text {
	var out []*text
	for _, t := range m.Texts() {
		x := &text{Text: t}
		if strings.TrimSpace(t.Plain()) != "" {
			x.language = language(t)
			x.words, x.count = d.textWords(t, x.language)
		}
		out = append(out, x)
	}
	if d == Rspamd416 {
		slices.SortStableFunc(out, func(a, b *text) int {
			switch {
			case a.IsHTML == b.IsHTML:
				return 0
			case a.IsHTML:
				return -1
			}
			return 1
		})
	}
	return out
}

// textWords returns a text's words, and how many there are with stop words.
func (d Dialect) textWords(t *mail.Text, language string) (list []word, n int) {
	plain, raw := d.plain(t), unread(t)
	if raw {
		plain = d.inBytes(t)
	}
	text, ends := unbroken(plain, t.IsHTML, raw)
	var spans []span
	mail.EachURL(text, !t.IsHTML && !paired(t.Part), func(u mail.URL, start, end int) bool {
		if registered(&u) && !(d == Rspamd34 && glued(text, start, &u)) {
			spans = append(spans, span{start, end, u.TLD})
		}
		return len(spans) < maxWords
	})
	if d == Rspamd34 && t.IsHTML {
		spans = withShown(spans, plain, t.HTML().Links)
	}
	r := reader{stem: stem.Of(language)}
	if raw {
		r.readBytes(text, merge(spans, ends))
	} else {
		r.read(text, merge(spans, ends))
	}
	return r.words, r.taken
}

// plain is a text without markup. Rspamd 3.4 makes blanks of the entities for hard
// ones, not of those that are written out; no text is known to have both.
func (d Dialect) plain(t *mail.Text) string {
	if d != Rspamd34 || !t.IsHTML || strings.Contains(t.UTF8(), "\u00a0") {
		return t.Plain()
	}
	return strings.ReplaceAll(t.Plain(), "\u00a0", " ")
}

// maxVain is how many times the length of a text may be searched in vain for what its
// links show.
const maxVain = 32

// withShown adds the addresses that links show. Rspamd 3.4 takes them to be where
// they were before it joined the lines of the text, so that one behind many blank
// lines covers words that follow it.
func withShown(spans []span, plain string, links []*mail.Link) []span {
	at, vain := 0, 0
	for _, l := range links {
		if l.Shown == nil || l.Text == "" || vain > maxVain*len(plain) {
			continue
		}
		i := strings.Index(plain[at:], l.Text)
		if i < 0 {
			vain += len(plain) - at
			continue
		}
		at += i
		if registered(l.Shown) {
			spans = append(spans, span{at, at + len(l.Text), l.Shown.TLD})
		}
		at += len(l.Text)
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return spans
}

// glued reports whether a host without scheme begins behind a character behind
// which Rspamd 3.4 takes none for a URL, as in "a->b.name".
func glued(text string, start int, u *mail.URL) bool {
	if start == 0 || u.Scheme == "mailto" || strings.Contains(u.Raw, ":") || strings.HasPrefix(strings.ToLower(u.Raw), "www.") {
		return false
	}
	return !strings.ContainsRune(" \t\n\v\f\r({[<'", rune(text[start-1]))
}

// merge adds ends of lines to spans, both in ascending order. Of two at one place
// the URL is first.
func merge(spans []span, ends []int) []span {
	if len(ends) == 0 {
		return spans
	}
	out := make([]span, 0, len(spans)+len(ends))
	for _, s := range spans {
		for len(ends) > 0 && ends[0] < s.start {
			out, ends = append(out, span{start: ends[0], end: ends[0]}), ends[1:]
		}
		out = append(out, s)
	}
	for _, e := range ends {
		out = append(out, span{start: e, end: e})
	}
	return out
}

// registered reports whether a URL's host is an address or below a suffix of
// the public list. Rspamd finds no other in text.
func registered(u *mail.URL) bool {
	if _, err := netip.ParseAddr(strings.Trim(u.Host, "[]")); err == nil {
		return true
	}
	_, ok := publicsuffix.ESLD(u.Host)
	return ok
}

// paired reports whether a part is one of two. In the text of such a part Rspamd
// looks for URLs with a scheme only.
func paired(p *mail.Part) bool { return p.Parent != nil && len(p.Parent.Children) == 2 }

// lineEnds counts line ends as Rspamd does, the last one not. An empty line counts
// where lines end in LF alone, but not where they end in CRLF.
func lineEnds(s string) int {
	n, before := 0, ' '
	for _, c := range s {
		switch {
		case c == '\r' || c == '\n':
			if c == before {
				n++
			}
		case before == '\r' || before == '\n':
			n++
		}
		before = c
	}
	return n
}

// A pair is the two alternatives that Rspamd compares.
type pair struct{ html, plain *text }

// alternatives returns the first HTML text with a plain alternative. 3.4 looks
// at messages with two texts only.
func alternatives(texts []*text, d Dialect) pair {
	if d == Rspamd34 && len(texts) != 2 {
		return pair{}
	}
	plain := map[*mail.Part]*text{}
	for _, t := range texts {
		if p := alternative(t.Part); p != nil && !t.IsHTML && plain[p] == nil {
			plain[p] = t
		}
	}
	for _, t := range texts {
		if !t.IsHTML || t.Part.IsAttachment() {
			continue
		}
		if other := plain[alternative(t.Part)]; other != nil {
			return pair{t, other}
		}
	}
	return pair{}
}

// alternative returns the nearest multipart/alternative that p stands in.
func alternative(p *mail.Part) *mail.Part {
	for p = p.Parent; p != nil; p = p.Parent {
		if p.Type.Type == "multipart" && p.Type.Subtype == "alternative" {
			return p
		}
	}
	return nil
}

// alike reports whether Rspamd reads the first text only. It means to go by an
// edit distance, which it takes in such a way that little more than the numbers
// of words counts.
func (a pair) alike() bool {
	if a.html == nil || a.html.count == 0 || a.plain.count == 0 {
		return false
	}
	x, y := a.html.count, a.plain.count
	return (max(x, y)-min(x, y))*5 < x+y
}

// headWords returns the words of the subject and of the sender's name.
func headWords(m *mail.Message, language string) []word {
	r := reader{stem: stem.Of(language)}
	r.read(m.Header().Text("Subject"), nil)
	if from := m.From(); len(from) > 0 {
		r.read(from[0].Name, nil)
	}
	return r.words
}
