package mail

import (
	"strings"
	"testing"
)

func FuzzStripComments(f *testing.F) {
	for _, s := range []string{"<a@example.org> (x (y))", `a\(b`, "((", "))", `(\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := StripComments(s)
		if len(got) > len(s) {
			t.Errorf("StripComments(%q) grew to %q", s, got)
		}
		if !strings.ContainsAny(s, `(\`) && got != s {
			t.Errorf("StripComments(%q) = %q", s, got)
		}
	})
}
