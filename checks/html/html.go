// Package html looks at HTML parts: text that is there for machines only,
// pictures that stand for a message, links that lead elsewhere than they show,
// style sheets from outside, and data hidden in data: URLs.
package html

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "html", Doc: "pictures, invisible text and links of HTML parts", Checks: []*checks.Check{
		{
			Name:    "html-images",
			Doc:     "pictures in place of text",
			Symbols: []*symbols.Def{shortLinkImage1, shortLinkImage2, shortLinkImage3, emptyImage, suspiciousImages},
			Run:     runImages,
		},
		{
			Name:    "html-visibility",
			Doc:     "text that nobody sees",
			Symbols: []*symbols.Def{whiteOnWhite, manyInvisible, zeroFont},
			Run:     runVisibility,
		},
		{
			Name:    "html-links",
			Doc:     "links and style sheets",
			Symbols: []*symbols.Def{extCSS, httpToHTTPS, httpToIP},
			Run:     runLinks,
		},
		{
			Name:    "html-data",
			Doc:     "redirection by <meta>, data: URLs",
			Symbols: []*symbols.Def{metaRefresh, dataURI, dataURIText},
			Run:     runData,
		},
	}}
}

func group() []string { return []string{"html"} }

var (
	extCSS = &symbols.Def{
		Name: "EXT_CSS", Groups: group(), Weight: 1,
		Doc: "an HTML part loads a style sheet from a URL",
	}
	httpToHTTPS = &symbols.Def{
		Name: "HTTP_TO_HTTPS", Groups: group(), Weight: 0.5,
		Doc: "a link shows a URL with https and leads to one with http",
	}
	httpToIP = &symbols.Def{
		Name: "HTTP_TO_IP", Groups: group(), Weight: 1,
		Doc: "a link leads to an IPv4 address",
	}
)

// htmlTexts calls f for each HTML part until it returns false.
func htmlTexts(t *checks.Task, f func(x *mail.Text, h *mail.HTML) bool) {
	for _, x := range t.Message().AllTexts() {
		if h := x.HTML(); h != nil && !f(x, h) {
			return
		}
	}
}

func runLinks(_ context.Context, t *checks.Task) error {
	first, css := true, false
	htmlTexts(t, func(x *mail.Text, h *mail.HTML) bool {
		for _, l := range h.Links {
			if l.Tag == "link" && l.URL != nil && isStyleSheet(l.URL.Text) && !css {
				css = true
				t.HitAt(symbols.Hit{Def: extCSS, Factor: 1, Evidence: place(x, l.Block)})
			}
		}
		if first { // as Rspamd: the other HTML parts are not looked at
			anchors(t, x, h)
			first = false
		}
		return true
	})
	return nil
}

// anchors looks for links whose target is not what they show.
func anchors(t *checks.Task, x *mail.Text, h *mail.HTML) {
	https, ip := false, false
	for _, l := range h.Links {
		if l.Tag != "a" || l.URL == nil {
			continue
		}
		if !https && l.URL.Scheme == "http" && len(l.Text) >= 6 && strings.EqualFold(l.Text[:6], "https:") {
			https = true
			t.HitAt(symbols.Hit{Def: httpToHTTPS, Factor: 1, Options: []string{l.URL.Unicode}, Evidence: place(x, l.Block)})
		}
		if !ip && leadsToIPv4(l.URL) {
			ip = true
			t.HitAt(symbols.Hit{Def: httpToIP, Factor: 1, Evidence: place(x, l.Block)})
		}
	}
}

// leadsToIPv4 reports whether the URL names a dotted IPv4 address right
// behind its scheme.
func leadsToIPv4(u *mail.URL) bool {
	return u.Flags&mail.URLNumeric != 0 && u.Flags&mail.URLHasUser == 0 &&
		(u.Scheme == "http" || u.Scheme == "https") && strings.IndexByte(u.Host, ':') < 0
}

// isStyleSheet reports whether the path of a URL ends in .css.
func isStyleSheet(url string) bool {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	return len(url) > 4 && strings.EqualFold(url[len(url)-4:], ".css")
}

// place makes evidence of an element.
func place(x *mail.Text, b *mail.Block) []symbols.Evidence {
	return checks.Text(x, b.Offset, b.Length)
}
