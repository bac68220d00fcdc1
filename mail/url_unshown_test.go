package mail

import (
	"slices"
	"testing"
)

// TestUnshownURLs: parts that are no text and lead somewhere when they are opened.
// Rspamd reads calendars and cards of them.
func TestUnshownURLs(t *testing.T) {
	const (
		event = "BEGIN:VCALENDAR\nBEGIN:VEVENT\n"
		card  = "BEGIN:VCARD\nVERSION:3.0\n"
		svg   = `<svg xmlns="http://www.w3.org/2000/svg">`
	)
	for _, c := range []struct {
		name, kind, content string
		want, exact         []string
	}{
		{"a folded description", "text/calendar", event + "DESCRIPTION:Pay at http://exam\n ple.org/a now\n",
			[]string{"http://example.org/a"}, []string{"http://example.org/a"}},
		{"folded with a tab, CRLF", "text/calendar", "BEGIN:VCALENDAR\r\nURL;VALUE=URI:https:\r\n\t//example.org/\r\n",
			[]string{"https://example.org/"}, []string{"https://example.org/"}},
		{"escaped line ends", "application/ics", event + `LOCATION:Hall\nhttp://example.org/a\, first\nfloor` + "\n",
			[]string{"http://example.org/a"}, []string{"http://example.org/a"}},
		{"a description for Outlook", "text/calendar", event + `X-ALT-DESC;FMTTYPE=text/html:<a href="http://example.org/a">x</a>` + "\n",
			[]string{"http://example.org/a"}, nil},
		{"what is not shown", "text/calendar", event + "PRODID:-//example.org//Calendar\nUID:1@example.org\nTZURL:http://example.net/x\n", nil, nil},
		{"by its type alone", "text/calendar", "URL:http://example.org/a\n", []string{"http://example.org/a"}, []string{"http://example.org/a"}},
		{"a card", "text/vcard", card + "URL:http://exam\n ple.org/a\n", []string{"http://example.org/a"}, []string{"http://example.org/a"}},
		{"a card with groups", "application/octet-stream", card + "item1.URL;type=pref:http\\://example.org/a\n",
			[]string{"http://example.org/a"}, []string{"http://example.org/a"}},
		{"a card of version 2.1", "text/x-vcard", "BEGIN:VCARD\nURL;ENCODING=QUOTED-PRINTABLE:http=3A//exam=\nple.org/a\nFN:Ann\n",
			[]string{"http://example.org/a"}, nil},
		{"a card without links", "text/vcard", card + "FN:Ann Example\nTEL:+1 555 0100\n", nil, nil},
		{"SVG", "image/svg+xml", svg + `<a href="http://example.org/a"><text>x</text></a></svg>`, []string{"http://example.org/a"}, nil},
		{"a script of SVG", "image/svg+xml", svg + `<script>location.href="http://example.org/a"</script></svg>`, []string{"http://example.org/a"}, nil},
		{"SVG by its content", "application/octet-stream", `<?xml version="1.0"?><!-- x -->` + "\n" + svg + `<image xlink:href="http://example.org/a.png"/></svg>`,
			[]string{"http://example.org/a.png"}, nil},
		{"other XML", "application/octet-stream", `<?xml version="1.0"?><svgx><a href="http://example.org/a"/></svgx>`, nil, nil},
		{"namespaces", "image/svg+xml", svg + `<text>x</text></svg>`, nil, nil},
		{"an external body", `message/external-body; access-type=URL; URL="http://exam ple.org/a"`, "Content-Type: text/html\n\n", []string{"http://example.org/a"}, nil},
		{"one in pieces", `message/external-body; access-type=url; url*0="http://exam"; url*1="ple.org/a"`, "Content-Type: text/html\n\n",
			[]string{"http://example.org/a"}, nil},
		{"one of FTP", `message/external-body; access-type=anon-ftp; site=ftp.example.org; directory=pub`, "Content-Type: text/html\n\n",
			[]string{"ftp://ftp.example.org/pub"}, nil},
		{"one of a mail server", `message/external-body; access-type=mail-server; server="a@example.org"`, "Content-Type: text/html\n\n", nil, nil},
	} {
		if got := texts(withDocument("hello", c.kind, c.content).URLs()); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		m := withDocument("hello", c.kind, c.content)
		m.ReadAsRspamd()
		if got := texts(m.URLs()); !slices.Equal(got, c.exact) {
			t.Errorf("%s, as Rspamd: %q, want %q", c.name, got, c.exact)
		}
	}
}

// FuzzCards: whatever a calendar or a card holds, its URLs are found once each and
// no more than the limit.
func FuzzCards(f *testing.F) {
	f.Add("URL:http://example.org\n /a\n", true)
	f.Add("a.URL;ENCODING=QUOTED-PRINTABLE:http=3A=\n=2F/example.org\n\\", false)
	f.Fuzz(func(t *testing.T, content string, calendar bool) {
		kind := "text/vcard"
		if calendar {
			kind = "text/calendar"
		}
		m := withDocument("hello", kind, content)
		all := append(texts(m.URLs()), texts(m.Emails())...)
		if len(all) > 4 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
			t.Errorf("%q", all)
		}
	})
}
