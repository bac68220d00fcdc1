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
func readings(t *checks.Task, u *mail.URL, texts []searched) []asked {
	plain := asked{u.Path, u.Query}
	switch {
	case u.Path == "" || u.Fragment != "":
		return []asked{plain}
	case t.Exact():
		return everywhere(u, plain, texts)
	}
	list := []asked{plain}
	for _, p := range everywhere(u, plain, texts) {
		if p != plain {
			list = append(list, p)
		}
	}
	return list
}

// everywhere returns the pages that a URL is where it stands in texts.
func everywhere(u *mail.URL, plain asked, texts []searched) (list []asked) {
	if u.Source != mail.SourceText {
		list = append(list, plain)
	}
	for _, s := range texts {
		from := 0
		for range maxReadings {
			at := s.find(u.Raw, from)
			if at < 0 || u.Raw == "" {
				break
			}
			from = at + len(u.Raw)
			rest := s.text[from:]
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
