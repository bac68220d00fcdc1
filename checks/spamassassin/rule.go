package spamassassin

import (
	"strings"

	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/matcher"
)

// A rule is one rule of the files.
type rule struct {
	name  string
	place place
	score float64 // 0: it does not run
	said  bool    // a line scores it
	about string  // what describe says

	// What it looks at: a pattern in texts, a function, or other rules.
	pattern  *matcher.Pattern
	kind     texts.Kind
	header   string // of header and mimeheader rules, with its modifiers; lower case
	selector *selector.Selector
	unset    string // what stands for an absent header
	negated  bool   // !~
	most     int    // matches that count
	call     function
	meta     *meta

	id int // of the pattern
	// source and flags are the pattern as written: replacement tags may change it.
	source, flags string
}

// hidden reports whether the rule only serves others.
func (r *rule) hidden() bool { return strings.HasPrefix(r.name, "__") }

func (r *rule) doc() string {
	if r.about != "" {
		return r.about
	}
	return "a rule of SpamAssassin's language in " + r.place.file
}

// keys are what the texts of the rule's pattern are named.
func (r *rule) keys() []string {
	if r.header == "" {
		return nil
	}
	return []string{r.header}
}

// A place is a line of a file.
type place struct {
	file string
	line int
	text string
}
