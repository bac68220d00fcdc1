package mail

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
)

// TestUnheralded: a body that begins as that of a multipart does, below a header that
// names no type, stays one text; what its parts say is text outside of all parts.
func TestUnheralded(t *testing.T) {
	link := base64.StdEncoding.EncodeToString([]byte("<p><a href='http://pay.example.org/'>here</a></p>"))
	for body, want := range map[string]string{
		"--bb\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + link + "\n--bb--\n":                                               "pay.example.org",
		"\n--=_a\nContent-Transfer-Encoding: quoted-printable\n\nsee http://pay.exam=\nple.org/\n--=_a--\n":                                        "pay.example.org",
		"This is a multi-part message in MIME format.\n\n--a\ncontent-type: text/html\nContent-Transfer-Encoding: base64\n\n" + link + "\n":        "pay.example.org",
		"--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + link:       "pay.example.org",
		"--a\nContent-Type: text/html; name=x.html\nContent-Transfer-Encoding: base64\n\n" + link + "\n--a--\n":                                    "",
		"One\ntwo\nthree\nfour\nfive\n--a\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + link + "\n--a--\n":                    "",
		"--a\nHello\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + link + "\n--a--\n":                                          "",
		"-----\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + link + "\n":                                                      "",
		"-- \nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n" + link + "\n":                                                        "",
		"--bb\nContent-Type: text/plain\n\nSee http://pay.example.org/\n--bb\nContent-Type: text/plain\n\nor http://b.example.net/\n--bb--\nbye\n": "pay.example.org b.example.net",
	} {
		m := Parse([]byte("Subject: x\n\n"+body), Envelope{}, Limits{})
		got := hosts(m.URLs())
		got = slices.DeleteFunc(got, func(h string) bool { return h == "pay.exam" || h == "ple.org" }) // of the text as it stands
		if !slices.Equal(got, strings.Fields(want)) || len(m.Parts()) != 1 || len(m.Texts()) != 1 || m.Texts()[0].UTF8() != body {
			t.Errorf("%q: hosts %q, want %q, %d parts", body, got, want, len(m.Parts()))
		}
		typed := Parse([]byte("Content-Type: text/plain\n\n"+body), Envelope{}, Limits{})
		if len(typed.AllTexts()) != 1 {
			t.Errorf("%q: the header says that it is text", body)
		}
	}
}

// TestTurnedType: what was meant for a type of text is one, and no other is.
func TestTurnedType(t *testing.T) {
	for typ, want := range map[string]string{
		"plain/text": "text/plain", "Plain/Text; charset=utf-8": "text/plain", "html/text": "text/html", "plain": "text/plain",
		`text\plain`: "text/plain", `"text/html"`: "text/html", "'text/plain'": "text/plain", `html\text`: "text/html",
		"text/plain": "text/plain", "text/calendar": "text/calendar", "text/x": "text/x", "image/plain": "image/plain", "plain/html": "plain/html",
	} {
		m := Parse([]byte("Content-Type: "+typ+"\n\n<p>See http://pay.example.org/</p>\n"), Envelope{}, Limits{})
		p := m.Root()
		if got := p.Type.Full(); got != want || p.Type.Broken != (strings.HasPrefix(want, "text/") && !strings.HasPrefix(typ, "text/") && !strings.HasPrefix(typ, "Text/")) {
			t.Errorf("%s: %s, broken %v, want %s", typ, got, p.Type.Broken, want)
		}
		if readable := want == "text/plain" || want == "text/html"; readable && len(m.URLs()) != 1 {
			t.Errorf("%s: %d links", typ, len(m.URLs()))
		}
		exact := Parse([]byte("Content-Type: "+typ+"\n\nx\n"), Envelope{}, Limits{})
		exact.ReadAsRspamd()
		if !strings.HasPrefix(typ, "text/") && strings.Contains(typ, "/") && !strings.ContainsAny(typ, `"'`) && exact.Root().Type.Full() == "text/plain" {
			t.Errorf("%s: Rspamd does not know it", typ)
		}
	}
}

// TestBareHostsOfHTML: in the visible text of HTML a host without scheme is a link
// where a path follows; names alone are spoken of too often.
func TestBareHostsOfHTML(t *testing.T) {
	for text, want := range map[string]string{
		"<p>Please pay at shop.example.org/pay today":                           "shop.example.org",
		"<p>shop.example.org/a?b=c</p><p>other.example.net/x.</p>":              "shop.example.org other.example.net",
		"<b>shop.example.org</b>/pay":                                           "shop.example.org",
		"<p>We are example.org, not example.net.":                               "",
		"<p>example.org/ and/or input/output, 1.5/2.0, x.invalid/a, file.txt/a": "",
		"<p>mail to ann@example.org/x":                                          "",
		"<a href='http://shop.example.org/pay'>shop.example.org/pay</a>":        "shop.example.org",
	} {
		m := Parse([]byte("Content-Type: text/html\n\n"+text+"\n"), Envelope{}, Limits{})
		if got := hosts(m.URLs()); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
		m = Parse([]byte("Content-Type: text/html\n\n"+strings.ReplaceAll(text, "<a ", "<b ")+"\n"), Envelope{}, Limits{})
		if m.ReadAsRspamd(); len(m.URLs()) != 0 {
			t.Errorf("%s: Rspamd takes none", text)
		}
	}
}

func TestUnheraldedWork(t *testing.T) {
	for _, s := range []string{"--a\nContent-Type: text/html\n\n<p>a.example.org/b</p>\n", "--a\nContent-Type: multipart/mixed\n\n", "a.example.org/b ", "a.b/"} {
		worktest.Linear(t, s, 1<<18, func(n int) func() {
			raw := []byte("Subject: x\n\n--a\nContent-Type: text/html\n\n" + strings.Repeat(s, n/len(s)))
			return func() { Parse(raw, Envelope{}, Limits{}).URLs() }
		})
	}
}
