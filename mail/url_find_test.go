package mail

import (
	"slices"
	"testing"
)

func TestFindURLs(t *testing.T) {
	for text, want := range map[string][]string{
		"see //example.org/a, not //main or a//example.org":                            {"//example.org/a"},
		"192.0.2.1/status, but not 192.0.2.0/24 or 192.0.2.1":                          {"192.0.2.1/status"},
		"http://example.org/it's/'quoted'":                                             {"http://example.org/it's/'quoted'"},
		"'http://example.org/'":                                                        {"http://example.org/"},
		"http://_a.example.org http://a-.example.org":                                  nil,
		"http://a_b.example.org http://a.exa_mple.org":                                 {"http://a_b.example.org"},
		"http://example.org-more http://example.xn--p1ai":                              {"http://example.xn--p1ai"},
		"<a href=http://example.org/a>x</a> http://example.com/c>":                     {"http://example.org/a"},
		"<URL:http://example.org/a> <url: https://example.com>":                        {"http://example.org/a", "https://example.com"},
		"*https://example.org/a* h**p://example.com":                                   {"https://example.org/a", "h**p://example.com"},
		"1,http://example.org/a,2;https://example.com/b;x=1|http://example.net":        {"http://example.org/a,2", "https://example.com/b;x=1", "http://example.net"},
		"http://example.org/web/1,2/http://example.com/":                               {"http://example.org/web/1,2/http://example.com/"},
		`Web:www.example.org;Url="www.example.com",x@www.example.net xwww.example.org`: {"www.example.org", "www.example.com", "x@www.example.net", "xwww.example.org"},
		"cpu@0 wght@500 a@example.org a@192.0.2.1":                                     {"a@example.org", "a@192.0.2.1"},
	} {
		var got []string
		FindURLs(text, func(u URL) bool {
			got = append(got, u.Raw)
			return true
		})
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Programs that escape quotes for themselves leave them in the values of
// attributes.
func TestHrefInEscapedQuotes(t *testing.T) {
	for href, want := range map[string]string{
		`\"http://example.org/a\"`:  "http://example.org/a",
		`\'https://example.org/b\'`: "https://example.org/b",
		`\"http://example.org/c`:    "http://example.org/c",
		`\"example.org\"`:           "http://example.org",
		`\"\"`:                      "",
	} {
		if u, ok := parseHref(href); u.Text != want || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", href, u.Text, ok, want)
		}
	}
}

// Browsers take any number of slashes, and drop control characters before and
// behind a target (URL Standard, section 4.4).
func TestHrefOfBrowsers(t *testing.T) {
	for href, want := range map[string]string{
		"https:/shop.example.org/a":          "https://shop.example.org/a",
		"HTTP:/shop.example.org":             "http://shop.example.org",
		"https:\\shop.example.org/b":         "https://shop.example.org/b",
		"\x01\x1fhttps://shop.example.org/c": "https://shop.example.org/c",
		"https://shop.example.org/d\x00":     "https://shop.example.org/d",
		"\x02":                               "",
		"":                                   "",
		" \u00a0":                            "",
		"ftp:/shop.example.org/":             "",
		"\\\\shop.example.org\\e":            "http://shop.example.org/e",
		"/\\shop.example.org/f":              "http://shop.example.org/f",
		"/shop.example.org/g":                "",
		"https://shop－a。example。org/h":       "https://shop-a.example.org/h",
		"ann.doe@example.org":                "mailto://ann.doe@example.org",
		"ann-doe+list_a@example.org":         "mailto://ann-doe+list_a@example.org",
		"www.example.org/ann@example.org":    "http://www.example.org/ann@example.org",
		"www.example.org?to=ann@example.org": "http://www.example.org?to=ann@example.org",
	} {
		u, ok := parseHref(href)
		if u.Text != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", href, u.Text, ok, want)
		}
	}
}

// What nobody can register is still asked for by browsers.
func TestMessageKeepsImpossibleHosts(t *testing.T) {
	m := Parse([]byte("Subject: a\r\n\r\nhttp://_a.example.org/ http://b-.example.org/\r\n"), Envelope{}, Limits{})
	if us := m.URLs(); len(us) != 2 || us[0].Host != "_a.example.org" || us[1].Host != "b-.example.org" {
		t.Errorf("%v", us)
	}
}
