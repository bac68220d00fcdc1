package encoding

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzHasWord compares the hand-written matcher with the pattern that it
// stands for.
func FuzzHasWord(f *testing.F) {
	for _, s := range []string{"=?utf-8?B?QQ==?=", "=??B?", "=?a ?B?", "x=?=?b?", "=?utf-8?q?x?=", "=?B?", "=? =?x?Q?"} {
		f.Add(s)
	}
	patterns := map[string]*regexp.Regexp{
		"?B?": regexp.MustCompile(`(?i)=\?[^\s\v]+\?B\?`),
		"?Q?": regexp.MustCompile(`(?i)=\?[^\s\v]+\?Q\?`),
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		for mark, re := range patterns {
			if got, want := hasWord(s, mark), re.MatchString(s); got != want {
				t.Errorf("hasWord(%q, %q) = %v, the pattern says %v", s, mark, got, want)
			}
		}
	})
}
