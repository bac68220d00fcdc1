package mail

import "strings"

// css takes the URLs of a style: those of url(), src() and image-set(), the string
// behind @import (CSS Values 4 section 4.5, CSS Images 4 section 2.4), and what
// Internet Explorer's AlphaImageLoader shows. That of @namespace is a name.
func (t *htmlTree) css(b *Block, style string) {
	s := styleURLs{style: style}
	noComment, namespace := false, false
	for i := 0; i < len(style) && !t.h.Cut; i++ {
		j := strings.IndexAny(style[i:], "(@/;")
		if j < 0 {
			return
		}
		i += j
		switch c := style[i]; {
		case c == ';':
			namespace = false
		case c == '/' && !noComment && strings.HasPrefix(style[i:], "/*"):
			k := strings.Index(style[i+2:], "*/")
			noComment = k < 0
			i += max(k, 0) + 2
		case c == '(' && !namespace:
			t.styleFunction(b, &s, i)
		case c == '@':
			name, n := cssName(style[i+1:])
			namespace = name == "namespace"
			if name == "import" {
				t.loaded(b, s.at(s.behind(i+1+n), 0))
			}
		}
	}
}

// styleFunction takes the URLs of the function whose parenthesis opens at i.
func (t *htmlTree) styleFunction(b *Block, s *styleURLs, i int) {
	switch s.function(i) {
	case "url", "src":
		t.loaded(b, s.at(i+1, ')'))
	case "image-set":
		t.imageSet(b, s, i+1)
	case "alphaimageloader":
		const far = 256
		if j := strings.Index(lowerASCII(s.style[i:min(len(s.style), i+far)]), "src="); j >= 0 {
			t.loaded(b, s.at(i+j+len("src="), ')'))
		}
	}
}

func (t *htmlTree) loaded(b *Block, href string) {
	if href != "" {
		t.other(b, href, URLLoaded)
	}
}

// imageSet takes the strings by which an image-set() whose arguments begin at i
// names pictures: the first thing of each option. Its url() are found where they
// stand.
func (t *htmlTree) imageSet(b *Block, s *styleURLs, i int) {
	end := min(len(s.style), i+maxStyleURL)
	first := true
	for depth := 1; i < end && depth > 0 && t.take(1); i++ {
		switch c := s.style[i]; {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '"' || c == '\'':
			k := strings.IndexByte(s.style[i+1:end], c)
			if k < 0 || !t.take(k) {
				return
			}
			if first {
				t.loaded(b, unescapeCSS(s.style[i+1:i+1+k]))
			}
			i += k + 1
		case spaceByte(c):
			continue
		}
		first = s.style[i] == ',' && depth == 1
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
	if k == len(s.style) && end != 0 && bareStyleURL(s.style[i:min(k, i+maxStyleURL)]) {
		return unescapeCSS(strings.TrimSpace(s.style[i:])) // CSS Syntax 3 section 4.3.6: the end closes it
	}
	if k == len(s.style) || k-i > maxStyleURL || k <= i {
		return ""
	}
	return unescapeCSS(strings.TrimSpace(s.style[i:k]))
}

// bareStyleURL reports whether what ends a style may be a URL without quotes.
func bareStyleURL(s string) bool {
	return len(s) < maxStyleURL && !strings.ContainsAny(strings.TrimSpace(s), "\"'() \t\r\n")
}

// behind returns where the blanks and comments at i end.
func (s *styleURLs) behind(i int) int {
	const far = 256
	for i < len(s.style) {
		if spaceByte(s.style[i]) {
			i++
			continue
		}
		k := -1
		if strings.HasPrefix(s.style[i:], "/*") {
			k = strings.Index(s.style[i+2:min(len(s.style), i+far)], "*/")
		}
		if k < 0 {
			break
		}
		i += k + len("/**/")
	}
	return i
}

// longestEscape is an escape of one character as long as it can be.
const longestEscape = len(`\000075 `)

// function returns the name of the function whose parenthesis opens at i, with
// escapes undone, if it is one that takes URLs; else "".
func (s *styleURLs) function(i int) string {
	names := [...]string{"url", "src", "image-set", "alphaimageloader"}
	name := s.style[max(0, i-longestEscape*len("alphaimageloader")):i]
	if strings.IndexByte(name, '\\') >= 0 {
		name = unescapeCSS(name)
	}
	for _, f := range names {
		if suffixFold(name, f) {
			return f
		}
	}
	return ""
}

// cssName returns the name at the beginning of s in lower case, with escapes
// undone, and its length as written.
func cssName(s string) (name string, n int) {
	s = s[:min(len(s), longestEscape*len("namespace"))]
	for n < len(s) && (alnumByte(s[n]) || s[n] == '-' || s[n] == '\\') {
		if s[n] != '\\' {
			n++
			continue
		}
		_, k := cssEscape(s[n:])
		n += k
	}
	return lowerASCII(unescapeCSS(s[:n])), n
}

// unescapeCSS undoes escapes (CSS Syntax 3, section 4.3.7).
func unescapeCSS(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			i++
			continue
		}
		text, n := cssEscape(s[i:])
		b.WriteString(text)
		i += n
	}
	return b.String()
}

// cssEscape reads the escape at the beginning of s: a backslash and up to six
// hexadecimal digits with a blank behind them, a backslash and any other character,
// or one before the end of a line, which means nothing.
func cssEscape(s string) (text string, n int) {
	if len(s) == 1 {
		return s, 1
	}
	r := rune(0)
	for n = 1; n < len(s) && n <= 6 && hexByte(s[n]); n++ {
		r = r<<4 | rune(hexValue(s[n]))
	}
	switch {
	case strings.HasPrefix(s[1:], "\r\n"):
		return "", 3
	case s[1] == '\n' || s[1] == '\r' || s[1] == '\f':
		return "", 2
	case n == 1:
		return s[1:2], 2
	case n < len(s) && spaceByte(s[n]):
		n++
	}
	return string(r), n
}
