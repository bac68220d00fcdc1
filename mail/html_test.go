package mail

import (
	"strings"
	"testing"
)

func TestSuiteHTMLText(t *testing.T) {
	type vector struct{ ID, HTML, Text string }
	cases, passed := suiteCases[vector](t, "html-text.json"), 0
	collapse := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, c := range cases {
		if got := parseHTML(c.HTML, 8192).Visible; collapse(got) == collapse(c.Text) {
			passed++
		} else {
			t.Logf("%s: %q, want %q", c.ID, got, c.Text)
		}
	}
	checkRate(t, passed, len(cases), 95)
}

func TestSuiteHTMLPhishing(t *testing.T) {
	type vector struct {
		ID, Href, Text string
		Phishing       bool
	}
	cases, passed := suiteCases[vector](t, "html-phishing.json"), 0
	for _, c := range cases {
		h := parseHTML(`<a href="`+c.Href+`">`+c.Text+`</a>`, 100)
		if h.Links[0].Phished == c.Phishing {
			passed++
		} else {
			t.Logf("%s: %q %q: phished %v, want %v", c.ID, c.Href, c.Text, h.Links[0].Phished, c.Phishing)
		}
	}
	checkRate(t, passed, len(cases), 70)
}
