package html

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// Rspamd writes the group of these symbols in capitals.
func rawGroup() []string { return []string{"HTML"} }

var (
	metaRefresh = &symbols.Def{
		Name: "HTML_META_REFRESH_URL", Groups: rawGroup(), Weight: 5, OneShot: true,
		Doc: "the text has a <meta> element that leads on to another URL",
	}
	dataURI = &symbols.Def{
		Name: "HAS_DATA_URI", Groups: rawGroup(), OneShot: true,
		Doc: "the text has a data: URL in base64",
	}
	dataURIText = &symbols.Def{
		Name: "DATA_URI_OBFU", Groups: rawGroup(), Weight: 2, OneShot: true,
		Doc: "the text has a data: URL that hides text or HTML in base64",
	}
)

func runData(_ context.Context, t *checks.Task) error {
	var refresh, data, text bool
	hit := func(d *symbols.Def, done *bool, x *mail.Text, from, n int) {
		if *done {
			return
		}
		*done = true
		t.HitAt(symbols.Hit{Def: d, Factor: 1, Evidence: checks.Text(x, from, n)})
	}
	for _, x := range t.Message().AllTexts() {
		s := x.UTF8()
		if i, n := findRefresh(s); n > 0 {
			hit(metaRefresh, &refresh, x, i, n)
		}
		findData(s, func(i, n int, isText bool) {
			hit(dataURI, &data, x, i, n)
			if isText {
				hit(dataURIText, &text, x, i, n)
			}
		})
	}
	return nil
}

// findRefresh looks for <meta http-equiv="refresh" content="N; url=, with the
// attributes in that order and in double quotes.
func findRefresh(s string) (at, n int) {
	for i := 0; ; {
		j := strings.Index(s[i:], "<")
		if j < 0 {
			return 0, 0
		}
		i += j + 1
		c := cursor{s: s, i: i}
		if c.fold("meta") && c.blanks(1) && c.fold(`http-equiv="refresh"`) && c.blanks(1) && c.fold(`content="`) &&
			c.digits() && c.blanks(0) && c.fold(";") && c.blanks(0) && c.fold("url=") {
			return i - 1, c.i - i + 1
		}
	}
}

// A cursor steps over expected pieces of a text.
type cursor struct {
	s string
	i int
}

func (c *cursor) fold(lower string) bool {
	if !ascii.HasPrefixFold(c.s[c.i:], lower) {
		return false
	}
	c.i += len(lower)
	return true
}

func (c *cursor) blanks(least int) bool {
	from := c.i
	for c.i < len(c.s) && c.i-from < 4096 && ascii.IsSpace(c.s[c.i]) {
		c.i++
	}
	return c.i-from >= least
}

func (c *cursor) digits() bool {
	from := c.i
	for c.i < len(c.s) && c.i-from < 64 && c.s[c.i] >= '0' && c.s[c.i] <= '9' {
		c.i++
	}
	return c.i > from
}

// maxMediaType bounds what stands between "data:" and ";base64,".
const maxMediaType = 128

// findData calls f for each data: URL in base64 with its place up to the
// data; text tells the types text/plain and text/html.
func findData(s string, f func(at, n int, text bool)) {
	const mark = ";base64,"
	for i := 0; ; {
		j := strings.IndexByte(s[i:], ';')
		if j < 0 {
			return
		}
		i += j
		if !ascii.HasPrefixFold(s[i:], mark) {
			i++
			continue
		}
		from := max(0, i-maxMediaType)
		if at, ok := mediaType(s[from:i]); ok {
			kind := s[from+at+len("data:") : i]
			f(from+at, i+len(mark)-from-at, strings.EqualFold(kind, "text/plain") || strings.EqualFold(kind, "text/html"))
		}
		i += len(mark)
	}
}

// mediaType finds "data:" and a media type at the end of s.
func mediaType(s string) (at int, ok bool) {
	for at = len(s) - len("data:x/y"); at >= 0; at-- {
		if s[at]|0x20 != 'd' || !ascii.HasPrefixFold(s[at:], "data:") {
			continue
		}
		kind := s[at+len("data:"):]
		slash := strings.IndexByte(kind, '/')
		return at, slash > 0 && slash+1 < len(kind) && !strings.ContainsAny(kind[slash+1:], "; ")
	}
	return 0, false
}
