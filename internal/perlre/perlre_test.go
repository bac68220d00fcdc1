package perlre_test

import (
	"strings"
	"testing"

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
		{"/a[ ]b\\ c/x", "a b c", true},
		{"m{^/x$}u", "/x", true},
		{"m!a!i", "A", true},
		{"plain", "a plain text", true},
		{"m", "m", true},
		{`mail\.`, "mail.", true},
		{"/a\\/b/", "a/b", true},
		{`/a\hb\_c/`, "a\tb_c", true},
		{`/[]a]+$/`, "]", true},
		{`/[^]a]/`, "]a", false},
		{`/[[:alpha:]]\#/r`, "x#", true},
		{"/привет/iu", "ПРИВЕТ", true},
		{`/a\R/`, "a\r\n", true},
		{`/a\Z/`, "a\n", true},
		{"//", "anything", true},
	} {
		re, err := perlre.Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		} else if got := re.MatchString(c.text); got != c.want {
			t.Errorf("%s on %q: %v", c.pattern, c.text, got)
		}
	}
	for pattern, want := range map[string]string{
		"/a(?=b)/":    "look-around is not supported",
		"/(?<!x)a/":   "look-around is not supported",
		`/(a)\1/`:     "back references are not supported",
		"/a":          "not closed by /",
		"/a/g":        "unknown flag 'g'",
		"/(/":         "missing closing )",
		"/a{1,9999}/": "repeat count",
		"/" + strings.Repeat("a", perlre.MaxLength+1) + "/": "more than",
	} {
		if _, err := perlre.Compile(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", pattern, err, want)
		}
	}
}
