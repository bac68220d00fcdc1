package subject

import (
	"context"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/symbols"
)

var (
	allCaps = &symbols.Def{
		Name: "SUBJ_ALL_CAPS", Groups: []string{"subject"}, Weight: 3,
		Doc: "all letters of Subject are capital; a short Subject counts less",
	}
	long = &symbols.Def{
		Name: "LONG_SUBJ", Groups: []string{"subject"}, Weight: 3,
		Doc: "Subject has more than 200 characters; the factor grows up to 400",
	}
)

// A subject of these lengths or more counts in full.
const (
	fullCaps = 40
	fullLong = 400
	tooLong  = 200
)

func runShape(_ context.Context, t *checks.Task) error {
	f := t.Message().Header().Get("subject")
	if f == nil {
		return nil
	}
	s := withoutReply(f.Text())
	n := utf8.RuneCountInString(s)
	hit := func(d *symbols.Def, full int) {
		t.HitAt(symbols.Hit{
			Def: d, Factor: min(1, float64(n)/float64(full)),
			Options: []string{strconv.Itoa(n)}, Evidence: checks.Field(f),
		})
	}
	if isCaps(s) {
		hit(allCaps, fullCaps)
	}
	if n > tooLong {
		hit(long, fullLong)
	}
	return nil
}

// withoutReply removes reply and forward prefixes, but never all of s: of a
// subject made of prefixes only, the last one stays.
func withoutReply(s string) string {
	rest := s
	for {
		n := replyPrefix(rest)
		if n == 0 || n == len(rest) {
			return rest
		}
		rest = strings.TrimLeftFunc(rest[n:], func(r rune) bool { return r < utf8.RuneSelf && ascii.IsSpace(byte(r)) })
		if rest == "" {
			return " "
		}
	}
}

// replyPrefix returns the length of the prefix, colon included, that s begins
// with.
func replyPrefix(s string) int {
	for _, p := range [...]string{"re:", "fwd:", "fw:", "aw:", "antwort:", "sv:"} {
		if ascii.HasPrefixFold(s, p) {
			return len(p)
		}
	}
	return 0
}

// isCaps reports whether there are letters and all are capital: letters of
// scripts without case, as Han and Hangul, are not.
func isCaps(s string) bool {
	caps := false
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			caps = true
		case unicode.IsLetter(r):
			return false
		}
	}
	return caps
}

func currency(s string) bool {
	for _, r := range s {
		if r == '$' || r >= utf8.RuneSelf && unicode.Is(unicode.Sc, r) {
			return true
		}
	}
	return false
}

func contains(s string, c byte) bool { return strings.IndexByte(s, c) >= 0 }
