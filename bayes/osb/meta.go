package osb

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/mail"
)

// classified are the fields that make meta tokens, with Rspamd's short names,
// in an order that one run of it used: it differs from run to run.
func classified() [][2]string {
	return [][2]string{
		{"X-MimeOLE", "xmim"}, {"Organization", "org"}, {"Organisation", "org"},
		{"X-Mailer", "xmai"}, {"Content-Type", "C-T"}, {"User-Agent", "U-A"},
	}
}

// maxMetaURLs is how many domains of URLs make meta tokens.
const maxMetaURLs = 5

// A meta is what describes a message, in Rspamd's order: words before those of
// classified fields, these by their short names, and words behind them.
type meta struct {
	before []word
	fields [][]word
	after  []word
}

// words are those of the fields in some order of their short names, nil for that of
// classified, with the others around.
func (m meta) words(order []int) []word {
	out := slices.Clone(m.before)
	for i := range m.fields {
		if order != nil {
			i = order[i]
		}
		out = append(out, m.fields[i]...)
	}
	return append(out, m.after...)
}

func (d Dialect) meta(m *mail.Message, texts []*text, seen Seen) meta {
	x := meta{before: wordsOf(d.partWords(m, texts)), after: wordsOf(d.otherWords(m, seen))}
	last := ""
	for _, c := range classified() {
		if m.Header().Get(c[0]) == nil {
			continue
		}
		w := word{text: fmt.Sprintf("#h:%s:%s", c[1], strings.TrimSpace(m.Header().Text(c[0])))}
		if n := len(x.fields); n > 0 && last == c[1] {
			x.fields[n-1] = append(x.fields[n-1], w)
			continue
		}
		x.fields, last = append(x.fields, []word{w}), c[1]
	}
	return x
}

func wordsOf(list []string) (out []word) {
	for _, s := range list {
		if s != "" {
			out = append(out, word{text: s})
		}
	}
	return out
}

// partWords returns what images and parts make.
func (d Dialect) partWords(m *mail.Message, texts []*text) []string {
	var out []string
	for _, p := range m.Parts() {
		if w, h := p.ImageSize(); w > 0 || h > 0 {
			_, ext := p.Detected()
			if ext == "jpg" {
				ext = "jpeg"
			}
			out = append(out, "image", strconv.Itoa(h), strconv.Itoa(w), strings.ToUpper(ext), p.Filename())
		}
	}
	return d.mimeWords(out, m, texts)
}

// otherWords returns what the sender's name, links, the date and policies make.
func (d Dialect) otherWords(m *mail.Message, seen Seen) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if from := m.From(); len(from) > 0 && (from[0].Name != "" || d == Rspamd34) {
		add("#F:%s", from[0].Name)
	}
	for _, domain := range metaDomains(m) {
		add("#u:%s", domain)
	}
	at, ok := mail.ParseSMTPDate(m.Header().Text("Date"))
	if !ok {
		at = time.Unix(0, 0)
	}
	at = at.UTC()
	add("#dt:%d:%02d", (int(at.Weekday())+6)%7+1, at.Hour())
	if p := policies(m, seen); p != "" {
		add("#aur:%s", p)
	}
	return out
}

// metaDomains returns the domains of the first URLs; of those in links that are
// not below a public suffix, one.
func metaDomains(m *mail.Message) []string {
	var out []string
	seen := map[string]bool{}
	for _, u := range m.URLs() {
		key := u.TLD
		if !registered(u) {
			if u.Flags&mail.URLFromText != 0 {
				continue
			}
			key = ""
		}
		if seen[key] || u.Flags&mail.URLImage != 0 {
			continue
		}
		seen[key] = true
		if out = append(out, u.TLD); len(out) == maxMetaURLs {
			break
		}
	}
	return out
}

// mimeWords appends what the parts make.
func (d Dialect) mimeWords(out []string, m *mail.Message, texts []*text) []string {
	languageOf := map[*mail.Text]string{}
	for _, t := range texts {
		languageOf[t.Text] = t.language
	}
	var multipart, html, plain, oneLine, emptyPlain, emptyHTML bool
	for _, p := range m.Parts() {
		if p.IsMultipart() {
			multipart = true
			continue
		}
		if n := len(p.Content()); n > 0 {
			out = append(out, fmt.Sprintf("#ps:%d", int(math.Log(float64(n)))))
		}
		if name := p.Filename(); name != "" {
			out = d.nameWords(out, name)
		}
		t := p.Text()
		l, isText := languageOf[t]
		if t == nil || !isText {
			continue
		}
		empty := t.Plain() == ""
		html, plain = html || t.IsHTML, plain || !t.IsHTML
		emptyHTML, emptyPlain = emptyHTML || t.IsHTML && empty, emptyPlain || !t.IsHTML && empty
		oneLine = oneLine || lineEnds(t.Plain()) < 2
		if l == "" {
			l = "unk"
		}
		out = append(out, "#lang:"+l, "#cs:"+d.charset(t))
	}
	kind := "#unk"
	switch {
	case html && !plain:
		kind = "#ho"
	case plain && !html:
		kind = "#to"
	case multipart && html && plain:
		kind = "#mpth"
	}
	for _, c := range []struct {
		is   bool
		text string
	}{{oneLine, "#ot"}, {emptyPlain, "#ep"}, {emptyHTML, "#eh"}} {
		if c.is {
			kind += c.text
		}
	}
	return append(out, "#m:"+kind)
}

// charset returns what Rspamd names a text's charset. 3.4 gives the declared one
// even where the text is ASCII, under the name of ICU's converter.
func (d Dialect) charset(t *mail.Text) string {
	if unread(t) {
		return "unk"
	}
	if d != Rspamd34 {
		if t.ASCII() {
			return "UTF-8"
		}
		return strings.ToUpper(t.Charset())
	}
	declared := strings.ToLower(t.Part.Type.Param("charset"))
	switch {
	case declared == "" && !t.ASCII():
		declared = strings.ToLower(t.Charset())
	case declared == "", declared == "us-ascii", declared == "ascii", strings.HasPrefix(declared, "utf-8"), strings.HasPrefix(declared, "ansi"):
		return "UTF-8"
	}
	if name, ok := converters()[declared]; ok {
		return name
	}
	return strings.ToUpper(declared)
}

// nameWords appends what the name of a file makes: in 4.1.6 its extensions and
// the words in it too.
func (d Dialect) nameWords(out []string, name string) []string {
	out = append(out, "#f:"+name)
	if d == Rspamd34 {
		return out
	}
	base := name
	if b, ext, ok := cutExtension(name); ok {
		base = b
		if utf8.RuneCountInString(ext) >= 2 {
			out = append(out, "#fe:"+strings.ToLower(ext))
		}
		if _, before, ok := cutExtension(b); ok && utf8.RuneCountInString(before) >= 2 {
			out = append(out, "#fe:"+strings.ToLower(before+"."+ext))
		}
	}
	for _, part := range strings.FieldsFunc(base, func(c rune) bool { return strings.ContainsRune("-_.# \t\n\v\f\r", c) }) {
		for part != "" {
			n := wordOfName(part)
			w := strings.ToLower(part[:n])
			if utf8.RuneCountInString(w) >= 2 && strings.Trim(w, "0123456789") != "" {
				out = append(out, "#fp:"+w)
			}
			part = part[n:]
		}
	}
	return out
}

// cutExtension cuts a name at its last full stop.
func cutExtension(name string) (base, ext string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 1 || i == len(name)-1 || strings.ContainsFunc(name[i:], unicode.IsSpace) {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// wordOfName returns where the first word of s ends: between a small and a
// capital letter, and between a letter and a digit.
func wordOfName(s string) int {
	for i := 0; i+1 < len(s); i++ {
		a, b := s[i], s[i+1]
		small, large := a >= 'a' && a <= 'z', a >= 'A' && a <= 'Z'
		if small && b >= 'A' && b <= 'Z' || (small || large || a >= 0x80 && a < 0xc0) && b >= '0' && b <= '9' {
			return i + 1
		}
	}
	return len(s)
}

// policies returns what SPF and DKIM said.
func policies(m *mail.Message, seen Seen) string {
	var out []string
	if seen.Checked {
		if seen.SPF {
			out = append(out, "s=pass")
		}
		for _, domain := range seen.DKIM {
			out = append(out, "d=pass:"+domain)
		}
		return strings.Join(out, ",")
	}
	field := m.Header().Text("Authentication-Results")
	if _, after, ok := strings.Cut(field, "spf="); ok {
		if s := leading(after, ""); s != "" {
			out = append(out, "s="+s)
		}
	}
	for rest := field; ; {
		_, after, ok := strings.Cut(rest, "dkim=")
		if !ok {
			break
		}
		rest = after
		result := leading(after, "")
		if domain, ok := strings.CutPrefix(after[len(result):], " header.d="); ok && result != "" {
			if domain = leading(domain, ".-"); domain != "" {
				out = append(out, "d="+result+":"+domain)
				break
			}
		}
	}
	return strings.Join(out, ",")
}

// leading returns the small letters that s begins with, and what else is in also.
func leading(s, also string) string {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && strings.IndexByte(also, c) < 0 {
			return s[:i]
		}
	}
	return s
}
