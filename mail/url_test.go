package mail

import (
	"slices"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		in, text, host string
		flags          URLFlags
	}{
		{"HTTP://Example.ORG/a/../b//c", "http://example.org/b/c", "example.org", 0},
		{"https://www.example.org:8443/x?q=1#f", "https://www.example.org:8443/x?q=1#f", "www.example.org", URLHasPort},
		{"http://user:secret@example.org/", "http://user:secret@example.org/", "example.org", URLHasUser},
		{"http://trusted.example.com@evil.example.net/", "", "evil.example.net", URLHasUser},
		{`http:\\example.org\x`, "", "example.org", URLBackslash},
		{"http://3221226219/", "", "192.0.2.235", URLNumeric},
		{"http://0xC0.0x00.0x02.0xEB/", "", "192.0.2.235", URLNumeric},
		{"http://0300.0.02.0353/", "", "192.0.2.235", URLNumeric},
		{"http://192.0.747/", "", "192.0.2.235", URLNumeric},
		{"http://[2001:DB8::1]/", "", "2001:db8::1", URLNumeric},
		{"http://exam%70le.org/", "", "example.org", URLObscured},
		{"http://example\u3002org/", "", "example.org", URLObscured},
		{"http://exa\u200bmple.org/", "", "example.org", URLZeroWidth},
		{"http://bücher.example.org/", "", "xn--bcher-kva.example.org", URLUnicode},
		{"http://xn--bcher-kva.example.org/", "", "xn--bcher-kva.example.org", URLUnicode},
		{"http://host.invalid/", "", "host.invalid", URLNoTLD},
	} {
		u, ok := ParseURL(c.in)
		if !ok || u.Host != c.host || u.Flags&c.flags != c.flags || c.text != "" && u.Text != c.text {
			t.Errorf("%q: %v %q host %q flags %b, want %q host %q flags %b", c.in, ok, u.Text, u.Host, u.Flags, c.text, c.host, c.flags)
		}
	}
	for _, in := range []string{"", "http://", "http:// x", "http://..", "://example.org", "words only", "http:///"} {
		if u, ok := ParseURL(in); ok {
			t.Errorf("%q: %+v", in, u)
		}
	}
}

func TestURLParts(t *testing.T) {
	u, ok := ParseURL("https://ann:pw@shop.example.co.uk:81/p/q?a=b#c")
	if !ok || u.Scheme != "https" || u.User != "ann" || u.Password != "pw" || u.TLD != "example.co.uk" || u.Port != 81 ||
		u.Path != "p/q" || u.Query != "a=b" || u.Fragment != "c" {
		t.Errorf("%+v", u)
	}
	m, ok := ParseURL("mailto:Ann@Example.org?subject=x")
	if !ok || m.Scheme != "mailto" || m.User != "Ann" || m.Host != "example.org" || m.Query != "subject=x" {
		t.Errorf("%+v", m)
	}
}

func TestFindObfuscated(t *testing.T) {
	for text, host := range map[string]string{
		"go to hxxp://example.org/x":           "example.org",
		"go to hxxps://example[.]org/x":        "example.org",
		"go to www.example.org.":               "www.example.org",
		"go to example.co.uk/x, please":        "example.co.uk",
		"(http://example.org/a_(b))":           "example.org",
		"«http://example.org»":                 "example.org",
		"http://a:b@example.org/":              "example.org",
		"http://10.1.2.3:8080/":                "10.1.2.3",
		"\u2066http://example.org/\u2069 more": "example.org",
	} {
		var got []string
		FindURLs(text, func(u URL) bool {
			got = append(got, u.Host)
			return true
		})
		if !slices.Equal(got, []string{host}) {
			t.Errorf("%q: %q, want %q", text, got, host)
		}
	}
	for _, text := range []string{"", "a.b", "file.txt and 1.2.3", "e.g. this", "12:30", "..", "a@b", "www.", "http://", "www..org"} {
		FindURLs(text, func(u URL) bool {
			t.Errorf("%q: %+v", text, u)
			return true
		})
	}
}

func hosts(us []*URL) (hosts []string) {
	for _, u := range us {
		hosts = append(hosts, u.Host)
	}
	return hosts
}

// In a plain text with an alternative, bare hosts are mostly sentences without a
// space between them; to the letter, the other part may be of any type.
func TestBareHostsOfTwoParts(t *testing.T) {
	const text = "the next day.As we wanted http://shop.example.com/ and bare.example.org"
	for _, c := range []struct {
		multipart, parts string
		exact            bool
		want             []string
	}{
		{"alternative", "--b\n\n" + text + "\n--b\nContent-Type: text/html\n\n<p>x</p>\n", false, []string{"shop.example.com"}},
		{"mixed", "--b\n\n" + text + "\n--b\nContent-Type: image/png\n\nx\n", false, []string{"day.as", "shop.example.com", "bare.example.org"}},
		{"mixed", "--b\n\n" + text + "\n--b\nContent-Type: image/png\n\nx\n", true, []string{"shop.example.com"}},
		{"alternative", "--b\n\n" + text + "\n--b\n\n" + "x\n--b\n\nx\n", true, []string{"day.as", "shop.example.com", "bare.example.org"}},
		{"mixed", "--b\nContent-Type: text/html\n\n<iframe src=http://frame.example.org/></iframe>\n", false, []string{"frame.example.org"}},
		{"mixed", "--b\nContent-Type: text/html\n\n<iframe src=http://frame.example.org/></iframe>\n", true, nil},
	} {
		m := Parse([]byte("Content-Type: multipart/"+c.multipart+"; boundary=b\n\n"+c.parts+"--b--\n"), Envelope{}, Limits{})
		if c.exact {
			m.ReadAsRspamd()
		}
		if got := hosts(m.URLs()); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestUnknownCharset(t *testing.T) {
	for value, want := range map[string]bool{
		"=?unknown-8bit?q?a?=": true, "=?utf-8?q?a?= =?x-none?b?YQ==?=": true,
		"=?utf-8?q?a?=": false, "=?iso-8859-1*en?q?a?=": false, "a =? b ?=": false, "plain": false, "=?": false,
	} {
		m := Parse([]byte("Subject: "+value+"\r\n\r\n"), Envelope{}, Limits{})
		if got := m.Header().Get("Subject").UnknownCharset(); got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}

func TestMessageURLs(t *testing.T) {
	m := Parse([]byte(strings.ReplaceAll(`Subject: http://subject.example.org
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

http://shared.example.org/ http://plain.example.org/?u=http://inner.example.net/
write to ann@example.com
--b
Content-Type: text/html

<base href="http://base.example.org/dir/"><a href="http://shared.example.org/">x</a>
<a href="page">y</a> <a href="http://target.example.org/">http://shown.example.com/</a>
<img src="http://pic.example.org/a.png"><a href="mailto:bob@example.com">z</a>
--b--
`, "\n", "\r\n")), Envelope{}, Limits{})
	want := []string{"shared.example.org", "base.example.org", "target.example.org", "pic.example.org", "shown.example.com",
		"plain.example.org", "inner.example.net", "subject.example.org"}
	if got := hosts(m.URLs()); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := hosts(m.Emails()); !slices.Equal(got, []string{"example.com", "example.com"}) {
		t.Errorf("%q", got)
	}
	flags := map[string]URLFlags{
		"target.example.org": URLPhished, "shown.example.com": URLHTMLDisplayed, "pic.example.org": URLImage,
		"inner.example.net": URLQuery, "subject.example.org": URLSubject, "plain.example.org": URLFromText,
	}
	for _, u := range m.URLs() {
		if f := flags[u.Host]; u.Flags&f != f {
			t.Errorf("%s: flags %b lack %b", u.Host, u.Flags, f)
		}
		if u.Host == "shared.example.org" && u.Count != 2 {
			t.Errorf("%s: count %d", u.Host, u.Count)
		}
		if u.Host == "target.example.org" && (u.Phished == nil || u.Phished.Host != "shown.example.com") {
			t.Errorf("phished: %+v", u.Phished)
		}
	}
	if m := Parse([]byte("Subject: x\r\n\r\nhttp://a.example.org http://b.example.org"), Envelope{}, Limits{URLs: 1}); len(m.URLs()) != 1 {
		t.Errorf("limit: %q", hosts(m.URLs()))
	}
}
