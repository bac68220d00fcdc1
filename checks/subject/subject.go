// Package subject looks at the Subject: whether it is there, its length, its
// case and the characters it ends with.
//
// It is a small family to learn from: symbols are declared beside the code
// that raises them, and testdata holds a message for each.
package subject

import (
	"context"
	"unicode/utf8"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/symbols"
)

var (
	missing = &symbols.Def{
		Name: "MISSING_SUBJECT", Groups: []string{"headers"}, Weight: 2,
		Doc: "there is no Subject",
	}
	empty = &symbols.Def{
		Name: "EMPTY_SUBJECT", Groups: []string{"headers"}, Weight: 1,
		Doc: "Subject is there but empty",
	}
	endsExclaim = &symbols.Def{
		Name: "SUBJECT_ENDS_EXCLAIM", Groups: []string{"headers"},
		Doc: "Subject ends with an exclamation mark",
	}
	hasExclaim = &symbols.Def{
		Name: "SUBJECT_HAS_EXCLAIM", Groups: []string{"headers"},
		Doc: "Subject has an exclamation mark before its end",
	}
	endsQuestion = &symbols.Def{
		Name: "SUBJECT_ENDS_QUESTION", Groups: []string{"headers"}, Weight: 1,
		Doc: "Subject ends with a question mark",
	}
	hasQuestion = &symbols.Def{
		Name: "SUBJECT_HAS_QUESTION", Groups: []string{"headers"},
		Doc: "Subject has a question mark before its end",
	}
	hasCurrency = &symbols.Def{
		Name: "SUBJECT_HAS_CURRENCY", Groups: []string{"headers"}, Weight: 1,
		Doc: "Subject has a currency sign",
	}
	endsSpaces = &symbols.Def{
		Name: "SUBJECT_ENDS_SPACES", Groups: []string{"headers"}, Weight: 0.5,
		Doc: "Subject ends with white space",
	}
)

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "subject", Doc: "the Subject header", Checks: []*checks.Check{
		{
			Name:    "subject-marks",
			Doc:     "a missing or empty Subject, exclamation and question marks, currency signs, space at the end",
			Symbols: []*symbols.Def{missing, empty, endsExclaim, hasExclaim, endsQuestion, hasQuestion, hasCurrency, endsSpaces},
			Run:     runMarks,
		},
		{
			Name:    "subject-shape",
			Doc:     "a Subject in capital letters only, or too long",
			Symbols: []*symbols.Def{allCaps, long},
			Run:     runShape,
		},
	}}
}

func runMarks(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	first := h.Get("subject")
	if first == nil {
		t.Hit(missing)
		return nil
	}
	if first.Text() == "" || t.Exact() && first.UnknownCharset() {
		t.HitField(empty, first)
	}
	if f := h.Find("subject", spaceAtEnd); f != nil {
		t.HitField(endsSpaces, f)
	}
	for _, f := range h.All("subject") {
		// A sign in a charset that had to be guessed is no sign.
		if currency(f.Text()) && utf8.ValidString(f.Value()) {
			t.HitField(hasCurrency, f)
			break
		}
	}
	mark(t, '!', endsExclaim, hasExclaim)
	mark(t, '?', endsQuestion, hasQuestion)
	return nil
}

// mark raises ends if a Subject ends with c and perhaps space, else has if one
// has c elsewhere.
func mark(t *checks.Task, c byte, ends, has *symbols.Def) {
	h := t.Message().Header()
	if f := h.Find("subject", func(s string) bool { return lastMark(s) == c }); f != nil {
		t.HitField(ends, f)
	} else if f := h.Find("subject", func(s string) bool { return contains(s, c) }); f != nil {
		t.HitField(has, f)
	}
}

func spaceAtEnd(s string) bool { return s != "" && ascii.IsSpace(s[len(s)-1]) }

// lastMark returns the last byte that is no white space, 0 if there is none.
func lastMark(s string) byte {
	s = ascii.TrimRightSpace(s)
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}
