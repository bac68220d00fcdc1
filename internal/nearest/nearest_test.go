package nearest

import (
	"slices"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	known := []string{"R_SPF_FAIL", "R_SPF_ALLOW", "GTUBE", "DMARC_NA", "dkim", "arc", ""}
	for name, want := range map[string]string{
		"R_SPF_ALOW":             "R_SPF_ALLOW",
		"r_spf_fail":             "R_SPF_FAIL",
		"GTBUE":                  "GTUBE",
		"DMARK_NA":               "DMARC_NA",
		"dikm":                   "dkim",
		"ar":                     "arc",
		"x":                      "",
		"":                       "",
		"NOTHING_LIKE_IT":        "",
		strings.Repeat("A", 200): "",
	} {
		if got := Name(name, slices.Values(known)); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		slices.Reverse(known)
	}
	if got := Name("B1", slices.Values([]string{"B3", "B2"})); got != "B2" {
		t.Errorf("of equally near ones %q", got)
	}
	if got := Hint("GTUB", slices.Values(known)); got != `; did you mean "GTUBE"?` {
		t.Error(got)
	}
	if got := Hint("whatever", slices.Values(known)); got != "" {
		t.Error(got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "acbd", 1}, {"same", "same", 0}} {
		if d, e := distance(c.a, c.b), distance(c.b, c.a); d != c.want || e != c.want {
			t.Errorf("%q %q: %d and %d, want %d", c.a, c.b, d, e, c.want)
		}
	}
}
