package ascii

import (
	"regexp"
	"testing"
)

func FuzzDottedQuad(f *testing.F) {
	f.Add("192.0.2.1]")
	f.Add("1.2.3")
	re := regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}`)
	f.Fuzz(func(t *testing.T, s string) {
		n := DottedQuad(s, 3)
		want := re.FindString(s)
		// The pattern may stop inside a longer last number.
		if len(want) < len(s) && want != "" && IsDigit(s[len(want)]) {
			want = ""
		}
		if s[:n] != want {
			t.Errorf("DottedQuad(%q) takes %q, want %q", s, s[:n], want)
		}
	})
}
