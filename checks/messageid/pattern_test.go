package messageid

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPatterns compares the hand-written matchers with the patterns that they
// stand for.
func FuzzPatterns(f *testing.F) {
	for _, s := range []string{
		"<a@b.example>", "<a@b>", "a@", "@", "<@>", "<a@b@c>", "a@b@", "<a>b@c>", "<a@b>>", "<a@[192.0.2.1]>", "<a@[1.2.3]@[1.2.3.4]>",
		"<a b@c>", "a@b ", "<a\\b@c>", "<a@b.\u00e9>", "<>", "<a", "a@.b", "@b>c>", "x@b\v", "0@\f",
	} {
		f.Add(s)
	}
	sanePattern := regexp.MustCompile(`^<?[^<>\\\s\v]+@[^<>\\\s\v]+>?[\s\v]*$`)
	patterns := []struct {
		name  string
		match func(string) bool
		re    *regexp.Regexp
	}{
		{"unqualified", unqualified, regexp.MustCompile(`@[^.]+>?$`)},
		{"bracketed", bracketed, regexp.MustCompile(`^<[^>]+>$`)},
		{"hasLiteral", hasLiteral, regexp.MustCompile(`@\[\d+\.\d+\.\d+\.\d+\]`)},
		{"sane", sane, sanePattern},
	}
	right := regexp.MustCompile(`@([^>]+)>?$`)
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 60 || !utf8.ValidString(s) {
			return
		}
		for _, p := range patterns {
			if got, want := p.match(s), p.re.MatchString(s); got != want {
				t.Errorf("%s(%q) = %v, the pattern says %v", p.name, s, got, want)
			}
		}
		want := ""
		if m := right.FindStringSubmatch(s); m != nil {
			want = m[1]
		}
		if got := rightSide(s); got != want {
			t.Errorf("rightSide(%q) = %q, want %q", s, got, want)
		}
		if wordOnly(s, "ann") != (strings.HasSuffix(s, "@ann") || strings.HasSuffix(s, "@ann>")) {
			t.Errorf("wordOnly(%q, ann)", s)
		}
	})
}
