package perlre_test

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/internal/perlre"
)

func TestCompile(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"/^a.c$/", "abc", true},
		{"/^A.C$/i", "abc", true},
		{"/a.c/", "a\nc", false},
		{"/a.c/s", "a\nc", true},
		{"/^b/m", "a\nb", true},
		{"/a b # c/x", "ab", true},
		{"m{^/x$}u", "/x", true},
		{"m!a!i", "A", true},
		{"plain", "a plain text", true},
		{"m", "m", true},
		{`mail\.`, "mail.", true},
		{"/a\\/b/", "a/b", true},
		{"/привет/iu", "ПРИВЕТ", true},
		{"/a(?!b)/r", "ab", false},
		{"//", "anything", true},
	} {
		re, err := perlre.Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		} else if got := re.Match(c.text, matcher.For(len(c.text))); got != c.want {
			t.Errorf("%s on %q: %v", c.pattern, c.text, got)
		}
	}
	for pattern, want := range map[string]string{
		"/a": "not closed by /", "/a/g": "unknown flag 'g'", "/(/": "parenthesis", "/" + strings.Repeat("a", perlre.MaxLength+1) + "/": "more than",
	} {
		if _, err := perlre.Compile(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", pattern, err, want)
		}
	}
}
