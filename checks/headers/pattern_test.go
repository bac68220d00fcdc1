package headers

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzPatterns compares the hand-written matchers with the patterns that they
// stand for.
func FuzzPatterns(f *testing.F) {
	for _, s := range []string{
		`"https://x" <a@example.org>`, `http=3A//x`, `xhttp://x`, `'HTTPS:// x`, `A<a@b>`, ` <a@b>`, `x<a-b.c@d`, `<<a@b>`,
		`text/plain; a; reply-type=original`, `text/plain; reply-type=original`,
		"Re: x", "AW : x", "Sv. :", "Ynt:", "Regarding: x", "res:", "ress:", `"a" <`, `"a"b" <`, `"a <`,
		"a@yahoo.com", "a@yahoo.company", "@yahoo.com.x", "@YAHOO.COM_",
	} {
		f.Add(s)
	}
	patterns := []struct {
		name  string
		match func(string) bool
		re    *regexp.Regexp
	}{
		{"startsURL", startsURL, regexp.MustCompile(`(?is)(?:^|["'\s\v])https?(?::|=3A)//[^\s\v]`)},
		{"addressSticks", addressSticks, regexp.MustCompile(`(?s)[^\s\v]<[-\w.]+@[-\w.]+>`)},
		{"hasReplyType", hasReplyType, regexp.MustCompile(`(?s)text/plain; .* reply-type=original`)},
		{"isReply", isReply, regexp.MustCompile(`(?i)^(?:antw|atb|aw|bls|odp|res?|rif|sv|ynt)[. \t]*:`)},
		{"quotedName", quotedName, regexp.MustCompile(`(?s)".*"[\s\v]*<`)},
		{"atYahoo", atYahoo, regexp.MustCompile(`(?i)@yahoo\.com\b`)},
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 60 || !utf8.ValidString(s) {
			return
		}
		for _, p := range patterns {
			if got, want := p.match(s), p.re.MatchString(s); got != want {
				t.Errorf("%s(%q) = %v, the pattern says %v", p.name, s, got, want)
			}
		}
	})
}
