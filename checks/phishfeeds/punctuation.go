package phishfeeds

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// An asked is what PhishTank is asked about of a URL.
type asked struct{ path, query string }

// maxReadings bounds the readings of one URL, and the places of a text where it is
// looked for.
const maxReadings = 8

// readings returns the pages that a URL may stand for. Punctuation behind one in
// running text may belong to it or not: both are asked about, wherever the URL
// stands in a text. Rspamd asks about the one with it, and about the other only
// for what is no text.
// The texts are not searched where search is false.
func readings(t *checks.Task, u *mail.URL, search bool) []asked {
	plain := asked{u.Path, u.Query}
	switch {
	case u.Path == "" || u.Fragment != "" || !search:
		return []asked{plain}
	case t.Exact():
		return everywhere(t, u, plain)
	}
	list := []asked{plain}
	for _, p := range everywhere(t, u, plain) {
		if p != plain {
			list = append(list, p)
		}
	}
	return list
}

// everywhere returns the pages that a URL is where it stands in texts.
func everywhere(t *checks.Task, u *mail.URL, plain asked) (list []asked) {
	if u.Source != mail.SourceText {
		list = append(list, plain)
	}
	for _, x := range t.Message().Texts() {
		text := x.Plain()
		for range maxReadings {
			_, rest, found := strings.Cut(text, u.Raw)
			if !found || u.Raw == "" {
				break
			}
			text = rest
			end := punctuated(rest)
			if end < len(rest) && rest[end] > ' ' && rest[end] != '<' {
				continue // a longer URL
			}
			if p := plain.with(rest[:end]); !slices.Contains(list, p) && len(list) < maxReadings {
				list = append(list, p)
			}
		}
	}
	if list == nil {
		return []asked{plain}
	}
	return list
}

// punctuated returns how many bytes of punctuation s begins with.
func punctuated(s string) int { return len(s) - len(strings.TrimLeft(s, punctuation)) }

// punctuation is what does not belong to the end of a URL in running text.
const punctuation = ".,;:!?*"

// with returns the page as it is when text follows the URL.
func (p asked) with(text string) asked {
	path, query, has := strings.Cut(text, "?")
	switch {
	case p.query != "":
		return asked{p.path, p.query + text}
	case has:
		return asked{p.path + path, query}
	}
	return asked{p.path + path, ""}
}
