package mail

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
)

func maskedHosts(body string) (hosts []string) {
	m := Parse([]byte("Subject: x\r\n\r\n"+body), Envelope{}, Limits{})
	for _, u := range m.URLs() {
		if u.Flags&URLMasked != 0 {
			hosts = append(hosts, u.Text)
		}
	}
	return hosts
}

func TestMaskedURLs(t *testing.T) {
	for text, want := range map[string]string{
		"go to hxxp://example.org/x now":                   "http://example.org/x",
		"go to https[:]//example.org/x now":                "https://example.org/x",
		"hxxp(:)//www.example.org.":                        "http://www.example.org",
		"hXXps://shop.example.org and":                     "https://shop.example.org",
		"get it at example[.]com/login today":              "http://example.com/login",
		"hxxps://a[.]example[.]org/x":                      "https://a.example.org/x",
		"http://example(dot)org/":                          "http://example.org/",
		"our shop: example (dot) org":                      "http://example.org",
		"our shop: example [ . ] co [.] uk, open":          "http://example.co.uk",
		"go to www{.}example{.}org":                        "http://www.example.org",
		"contact us at secure-login dot net for support":   "http://secure-login.net",
		"type my-shop DOT com in your browser":             "http://my-shop.com",
		"www dot example dot de":                           "http://www.example.de",
		"enter h t t p s : / / evil.example.org/page here": "https://evil.example.org/page",
		"H T T P : //example.org":                          "http://example.org",
	} {
		if got := maskedHosts(text); !slices.Equal(got, []string{want}) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{
		"a polka dot company, polka dot shirts and a red dot on it", "the dot com bubble", "my first dot com", "an early dot com startup",
		"in the late nineties dot com boom", "mail ann (at) example (dot) org", "ann at example dot org", "john[at]example[.]org",
		"re.match('setup[.]py')", "f(.)dx = a{.}b", "connect the dot to the dot in it", "see [1]. com is a suffix (.)", "http : //",
		"http://example.org/ and www.example.net.", "a[.]b", "x [.] y", "[.]com", "dot com",
		"(see example.org(dot))", "example.org [.] ", "at www.example.org { dot } }", "example.org dot  ",
	} {
		if got := maskedHosts(text); got != nil {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestMaskedAsRspamd(t *testing.T) {
	for text, want := range map[string]string{
		"a big red dot company sells":                  "http://red.company 7",
		"see www.example.org/x and the blue dot on it": "http://www.example.org 2",
		"ann (at) example( . )org":                     "http://example.org 1",
		"get it at hxxp://example.net/pay":             "http://example.net 1",
		"h t t p : / / example.com and":                "http://example.com 1",
		"w&#101;b&#46;example.org":                     "http://web.example.org 1",
		"a polka dot dress":                            "",
		"the dot in it":                                "",
		"a red dot compan\u00edas":                     "",
	} {
		got := ""
		findMaskedAsRspamd(text, func(u URL, _, _ int) bool {
			got += u.Text + " " + strconv.Itoa(u.Masked)
			return true
		})
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestMaskedWork(t *testing.T) {
	for _, s := range []string{"[.]", "a[.]", "a dot ", "a dot com ", "a[.]com/", "h t t p : ", "h t t p : / / a.b", ":", "( ", "a(dot)zz/", " at a dot b"} {
		worktest.Linear(t, s, 1<<18, func(n int) func() {
			text := strings.Repeat(s, n/len(s))
			return func() {
				findMasked(text, func(URL, int, int) bool { return true })
				findMaskedAsRspamd(text, func(URL, int, int) bool { return true })
			}
		})
	}
}

func FuzzMasked(f *testing.F) {
	for _, s := range []string{"a[.]example (dot) org/x", "h t t p : / / example.org", "www dot example dot org", "x[.", "http[:]//", "http[:]//example", "[:]//example.org", "hxxp://a{.}com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		findMasked(s, func(u URL, start, end int) bool {
			if start < last || end <= start || end > len(s) || u.Host == "" || u.Raw != s[start:end] {
				t.Fatalf("%q: %d-%d after %d: %+v", s, start, end, last, u)
			}
			last = end
			return true
		})
		findMaskedAsRspamd(s, func(u URL, start, end int) bool {
			if start < 0 || end <= start || end > len(s) || u.Host == "" || u.Masked < 1 {
				t.Fatalf("%q: %d-%d: %+v", s, start, end, u)
			}
			return true
		})
	})
}
