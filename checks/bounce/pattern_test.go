package bounce

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzHasWords compares the hand-written matcher with the pattern that it
// stands for.
func FuzzHasWords(f *testing.F) {
	for _, s := range []string{
		"Undelivered mail", "undeliverables", "undeliverable_ undeliverable", "mail failure delivery", "Hasn't been delivered", "xreturned mail",
	} {
		f.Add(s)
	}
	re := regexp.MustCompile(`(?i)\b(?:could not send message|couldn't be delivered|` +
		`delivery (?:failed|failure|report|status|warning)|failure (?:delivery|notice)|hasn't been delivered|` +
		`mail failure|returned mail|undeliverable|undelivered)\b`)
	f.Fuzz(func(t *testing.T, s string) {
		// Folding beyond ASCII (long s, Kelvin sign) is the pattern's only.
		for _, r := range s {
			if r >= utf8.RuneSelf {
				return
			}
		}
		if got, want := hasWords(s), re.MatchString(s); got != want {
			t.Errorf("hasWords(%q) = %v, the pattern says %v", s, got, want)
		}
	})
}
