// Package bodytext looks at the text of a message: phrases of fraud letters,
// addresses that ransom is paid to, alternatives that say different things,
// and a marker at the end that is there to spoil statistics.
package bodytext

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "bodytext", Doc: "the text of the message", Checks: []*checks.Check{
		{
			Name:    "bodytext-phrases",
			Doc:     "a sender who introduces himself, a marker as the only text of a part",
			Symbols: []*symbols.Def{introduction, trackerID},
			Run:     runPhrases,
		},
		{
			Name:    "bodytext-bitcoin",
			Doc:     "addresses of Bitcoin and what extortion is written with",
			Symbols: []*symbols.Def{bitcoinAddr, leakedPassword},
			Run:     runBitcoin,
		},
		{
			Name:    "bodytext-parts",
			Doc:     "alternatives that say different things",
			Symbols: []*symbols.Def{partsDiffer},
			Run:     runParts,
		},
		{
			Name:    "bodytext-empty",
			Doc:     "a message of zero bytes",
			Symbols: []*symbols.Def{completelyEmpty},
			Empty:   true,
			Run:     runEmpty,
		},
	}}
}

var (
	introduction = &symbols.Def{
		Name: "INTRODUCTION", Groups: []string{"scams"}, Weight: 2, OneShot: true,
		Doc: "the sender introduces himself by name or title",
	}
	trackerID = &symbols.Def{
		Name: "TRACKER_ID", Groups: []string{"headers"}, Weight: 3.84,
		Doc: "a text part is nothing but one long token, made to spoil statistics",
	}
)

// completelyEmpty is raised to the letter of Rspamd only: a message of zero
// bytes is a forgotten field rather than mail.
var completelyEmpty = &symbols.Def{
	Name: "COMPLETELY_EMPTY", Groups: []string{"blankspam"}, Weight: 15,
	Doc: "the message has no bytes at all (profile rspamd-exact)",
}

func runEmpty(_ context.Context, t *checks.Task) error {
	if t.Exact() && len(t.Message().Raw()) == 0 {
		t.Hit(completelyEmpty)
	}
	return nil
}

func runPhrases(_ context.Context, t *checks.Task) error {
	m := t.Message()
	found := false
	if f := m.Header().Get("subject"); f != nil && introduces(strings.ToLower(f.Text())) {
		found = true
		t.HitField(introduction, f)
	}
	for _, x := range m.AllTexts() {
		if !found && introduces(x.Plain()) {
			found = true
			t.HitAt(symbols.Hit{Def: introduction, Factor: 1, Evidence: checks.Part(x.Part)})
		}
	}
	for _, p := range m.Parts() { // attachments too
		if p.Type.Type == "text" && p.BodyLength < 4*maxTracker && isTracker(string(p.Content())) {
			t.HitAt(symbols.Hit{Def: trackerID, Factor: 1, Evidence: checks.Part(p)})
			break
		}
	}
	return nil
}

// maxTracker is the longest token.
const maxTracker = 24 + 36 + 24

// isTracker reports whether a text is one token of letters, digits, hyphens
// and underscores with letters and digits at both ends, and white space.
func isTracker(s string) bool {
	const side, least, middle = 6, 24, 12
	s = ascii.TrimRightSpace(s)
	if len(s) < least || len(s) > maxTracker {
		return false
	}
	first, last := len(s), -1
	for i := range len(s) {
		switch c := s[i]; {
		case c == '-' || c == '_':
			first, last = min(first, i), i
		case !ascii.IsDigit(c) && !ascii.IsLetter(c):
			return false
		}
	}
	a, b := min(first, 24), min(len(s)-1-last, 24)
	return a >= side && b >= side && a+b >= len(s)-36 && len(s)-2*side >= middle
}

// words calls f for the words of all texts until it returns false.
func words(m *mail.Message, f func(w string) bool) {
	for _, x := range m.AllTexts() {
		for _, w := range x.Words() {
			if !f(w.Text) {
				return
			}
		}
	}
}
