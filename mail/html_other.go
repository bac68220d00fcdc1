package mail

import "strings"

// others notes the URLs that an element names beside its target: what is shown
// in place of it, loaded for it, or gone to from it (HTML Standard, sections 4
// and 15; SVG 2, section 5; what Outlook takes of VML). Rspamd 4.1.6 knows
// none of them.
func (t *htmlTree) others(b *Block) {
	for i := range b.Attrs {
		a := &b.Attrs[i]
		switch a.Name {
		case "style":
			t.css(b, a.Value)
		case "src", "lowsrc", "dynsrc":
			if b.Tag != "img" || a.Name != "src" {
				t.other(b, a.Value, loads(b.Tag))
			}
		case "srcset", "imagesrcset":
			t.candidates(b, a.Value)
		case "background", "poster":
			t.other(b, a.Value, URLLoaded)
		case "formaction":
			t.other(b, a.Value, 0)
		case "xlink:href":
			t.other(b, a.Value, loads(b.Tag))
		case "href":
			if b.Tag == "image" || b.Tag == "use" || b.Tag == "feimage" || strings.HasPrefix(b.Tag, "v:") {
				t.other(b, a.Value, loads(b.Tag))
			}
		case "data":
			if b.Tag == "object" {
				t.other(b, a.Value, 0)
			}
		case "ping":
			for _, u := range strings.Fields(a.Value) {
				t.other(b, u, URLLoaded)
			}
		case "content":
			if b.Tag == "meta" {
				t.refresh(b, a.Value)
			}
		case "srcdoc":
			t.inner(b, a.Value)
		}
	}
}

// loads returns URLLoaded for elements that show or play what they name; 0 for
// those that take the reader to it or run it.
func loads(tag string) URLFlags {
	switch tag {
	case "img", "input", "source", "video", "audio", "track", "bgsound", "image", "use", "feimage",
		"v:fill", "v:image", "v:imagedata":
		return URLLoaded
	}
	return 0
}

// other takes one URL of an element. One that is not absolute counts if there
// is a base: without one it leads nowhere.
func (t *htmlTree) other(b *Block, href string, flags URLFlags) {
	target := strings.TrimFunc(href, func(r rune) bool { return r <= ' ' })
	if !absoluteHref(target) && !strings.HasPrefix(target, "//") && !bareScheme(target) {
		if t.h.Base == nil || target == "" || prefixFold(target, "data:") || prefixFold(target, "cid:") {
			return
		}
		target = joinHref(t.h.Base, target)
	}
	if u, ok := parseHref(target); ok {
		t.note(b, href, u, flags)
	}
}

func (t *htmlTree) note(b *Block, href string, u URL, flags URLFlags) {
	if len(t.h.Others) >= t.maxTags {
		t.h.Cut = true
		return
	}
	u.Source = SourceHTML
	u.Flags |= URLSpecial | flags
	t.h.Others = append(t.h.Others, &Link{Tag: b.Tag, Href: href, Block: b, URL: &u})
}

// bareScheme tells "https:example.org", which browsers take for an absolute URL.
func bareScheme(s string) bool { return prefixFold(s, "http:") || prefixFold(s, "https:") }

// candidates takes the URLs of a srcset: each up to a blank, its descriptor up
// to the next comma.
func (t *htmlTree) candidates(b *Block, set string) {
	for {
		set = strings.TrimLeft(set, ", \t\r\n\f")
		i := strings.IndexAny(set, " \t\r\n\f")
		if i < 0 {
			i = len(set)
		}
		if i == 0 || t.h.Cut {
			return
		}
		u := set[:i]
		set = set[i:]
		if strings.HasSuffix(u, ",") {
			u = strings.TrimRight(u, ",")
		} else if j := strings.IndexByte(set, ','); j >= 0 {
			set = set[j:]
		} else {
			set = ""
		}
		t.other(b, u, URLLoaded)
	}
}

// refresh takes the URL of a <meta http-equiv=refresh>: seconds, a semicolon,
// perhaps "url=" and quotes (HTML Standard, section 4.2.5.3).
func (t *htmlTree) refresh(b *Block, content string) {
	if v, _ := b.Attr("http-equiv"); !strings.EqualFold(strings.TrimSpace(v), "refresh") {
		return
	}
	s := strings.TrimLeft(content, " \t\r\n\f0123456789.")
	s = strings.TrimLeft(s, ";, \t\r\n\f")
	if prefixFold(s, "url") {
		if rest := strings.TrimLeft(s[len("url"):], " \t\r\n\f"); strings.HasPrefix(rest, "=") {
			s = strings.TrimLeft(rest[1:], " \t\r\n\f")
		}
	}
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		q := s[0]
		s = s[1:]
		if i := strings.IndexByte(s, q); i >= 0 {
			s = s[:i]
		}
	}
	t.other(b, s, 0)
}

// inner takes the URLs with a scheme that stand in the document that an
// attribute holds.
func (t *htmlTree) inner(b *Block, doc string) {
	finder{text: doc, strict: true}.find(func(u URL, _, _ int) bool {
		if u.Scheme != "mailto" && u.Flags&URLSchemeless == 0 {
			t.note(b, u.Raw, u, 0)
		}
		return !t.h.Cut
	})
}

// css takes the URLs of a style: those of url() and src(), and the string
// behind @import (CSS Values 4, section 4.5).
func (t *htmlTree) css(b *Block, style string) {
	s := styleURLs{style: style}
	noComment := false
	for i := 0; i < len(style); i++ {
		j := strings.IndexAny(style[i:], "(@/")
		if j < 0 {
			return
		}
		i += j
		u := ""
		switch c := style[i]; {
		case c == '/' && !noComment && strings.HasPrefix(style[i:], "/*"):
			k := strings.Index(style[i+2:], "*/")
			noComment = k < 0
			i += max(k, 0) + 2
		case c == '(' && (suffixFold(style[:i], "url") || suffixFold(style[:i], "src")):
			u = s.at(i+1, ')')
		case c == '@' && prefixFold(style[i+1:], "import"):
			u = s.at(i+1+len("import"), 0)
		}
		if u != "" {
			t.other(b, u, URLLoaded)
		}
	}
}

func suffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && prefixFold(s[len(s)-len(suffix):], suffix)
}

// maxStyleURL bounds one URL in a style.
const maxStyleURL = 4096

// styleURLs reads URLs in a style. It knows where the next closing characters
// are, so that many URLs without an end don't look at all that follows.
type styleURLs struct {
	style                 string
	paren, single, double int
}

// at returns the quoted URL at i, or a bare one up to end if that is not 0,
// with CSS escapes undone; "" if there is none.
func (s *styleURLs) at(i int, end byte) string {
	for i < len(s.style) && spaceByte(s.style[i]) {
		i++
	}
	if i == len(s.style) {
		return ""
	}
	k := 0
	switch c := s.style[i]; {
	case c == '"':
		i++
		s.double = next(s.style, s.double, i, c)
		k = s.double
	case c == '\'':
		i++
		s.single = next(s.style, s.single, i, c)
		k = s.single
	case end != 0:
		s.paren = next(s.style, s.paren, i, end)
		k = s.paren
	}
	if k == len(s.style) || k-i > maxStyleURL || k <= i {
		return ""
	}
	return unescapeCSS(strings.TrimSpace(s.style[i:k]))
}

// unescapeCSS undoes escapes: a backslash and up to six hexadecimal digits with
// a blank behind them, or a backslash and any other character.
func unescapeCSS(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		r, n := rune(0), 0
		for n < 6 && i+1+n < len(s) && hexByte(s[i+1+n]) {
			r = r<<4 | rune(hexValue(s[i+1+n]))
			n++
		}
		i += n
		switch {
		case n == 0:
			i++
			b.WriteByte(s[i])
		case i+1 < len(s) && spaceByte(s[i+1]):
			i++
			fallthrough
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
