package mail

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/winnowmail/winnow/internal/steps"
	"github.com/winnowmail/winnow/internal/worktest"
)

func FuzzParseURL(f *testing.F) {
	for _, s := range []string{
		"http://user:pw@example.org:80/a/../b?c=d#e", `http:\\example.org\x`, "http://0x7f.1/", "http://[2001:db8::1]:8080/",
		"mailto:a@example.org?subject=x", "hxxps://example[.]org/", "http://exa%6dple.org/%41%2f", "tel:+1-555-0100",
		"http://bücher.example\u3002org/", "http://a@b@c/", "file:///x", "http://exa\u200bmple.org/\u202e",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, ok := ParseURL(s)
		if !ok {
			return
		}
		if u.Scheme == "" || u.Text == "" {
			t.Fatalf("%q: %+v", s, u)
		}
		if strings.ContainsAny(u.Host, "/ \r\n") {
			t.Fatalf("%q: host %q", s, u.Host)
		}
		if utf8.ValidString(s) && !utf8.ValidString(u.Host) {
			t.Fatalf("%q: host %q", s, u.Host)
		}
	})
}

func FuzzFindURLs(f *testing.F) {
	for _, s := range []string{
		"see http://example.org/a, www.example.com. or ann@example.net (http://192.0.2.1/x)",
		"//example.org/a example.co.uk/ hxxp://a[.]example.org ftp.example.org", "<http://example.org/\r\nfolded>",
		"@@@@", "://://", "www.www.www.", "a.b.c.d", "tel:+123 mailto:a@example.org",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		last := 0
		finder{text: s}.find(func(u URL, start, end int) bool {
			if start < last || end < start || end > len(s) {
				t.Fatalf("%q: %d-%d after %d", s, start, end, last)
			}
			last = end
			return true
		})
		joined, seams := joinLines(s, true)
		finder{text: joined, strict: true}.find(func(u URL, start, end int) bool {
			if a, b := original(seams, start), original(seams, end); a > b || b > len(s) {
				t.Fatalf("%q: %d-%d", s, a, b)
			}
			return true
		})
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		newsletter(1), "<a href='x", "<p><b></p></b>", "<!-- x", "<![CDATA[x]]>", "<img src=data:image/gif;base64,R0lGODlhAQABAAAAACw=>",
		"<base href=//example.org><a href=x>http://example.com</a>", "<table><td><tr>", "<style>p{color:red</style><p>",
		"<noscript><a href=//example.org>x</noscript", "<!--[if mso]><v:fill src=//example.org><!--[if x]>--><![endif]-->",
		"<iframe srcdoc='<iframe srcdoc=&quot;<a href=//example.org>&quot;>' src='data:text/html;base64,PGE+'>",
		"<p style='u\\72l(a) image-set(\"//example.org\" 1x' fill='url(//example.org)'><style>@import/**/'x';@namespace url(x);\\",
		"<script>if (a</b) </script>x", "<a href=\"http://example.org/\">&amp;&#x;&#1114112;</a>", "<font color=red size=+1>x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := parseHTML(s, 64)
		if len(h.Blocks) > 64 {
			t.Fatalf("%d blocks", len(h.Blocks))
		}
		for _, b := range h.Blocks {
			if b.Offset < 0 || b.Length < 0 || b.Offset+b.Length > len(s) {
				t.Fatalf("%q: %s at %d+%d", s, b.Tag, b.Offset, b.Length)
			}
		}
		if len(h.Others) > 64 || h.steps > steps.Least+steps.PerByte*len(s) {
			t.Fatalf("%d others, %d steps", len(h.Others), h.steps)
		}
		if n := len(h.Visible); n > 4*len(s)+64 {
			t.Fatalf("%d bytes of text from %d", n, len(s))
		}
	})
}

func FuzzStyle(f *testing.F) {
	for _, s := range []string{
		"color: #fff; background: url(x) rgb(1,2,3)", "font: 12px/1.5 x", "font-size: 1e9em", "display:none!important",
		"opacity: .5; width: 10%", "color: hsl(1,2%,3%", "a:b;;c:(d;e)", `content: "x;y"`, "p,.a#b>c{color:red}@media x{y{z:1}}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var own style
		own.declare(s)
		var sheet styleSheet
		sheet.parse(s)
		sheet.apply(&own, "p", "a", "b c")
		parseColor(s)
		styleSize(s)
	})
}

// What makes careless readers slow must not take longer than it is long.
func TestTraps(t *testing.T) {
	const size = 1 << 19
	fill := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	urls := func(text string) func() {
		return func() { Parse([]byte(text), Envelope{}, Limits{}).URLs() }
	}
	for _, s := range []string{
		"www.www.", "@@@@", "://", "http://", "a@", "a.", ".com", "a.com.", "http://a@", "/../", "[.]", "(", "((((http://a.com/(",
		"\u200b", "<http://x", "xn--", "%41", "mailto:", "tel:1", "//a.com", "1.", "1.2.3.4/", "'http://a.com/'", "http://a.com/?u=http://",
	} {
		worktest.Linear(t, s, size, func(n int) func() { return urls("Subject: x\r\n\r\n" + fill(s, n)) })
		worktest.LinearAt(t, "URL of "+s, 128*maxURL, func(n int) func() { return urls("Subject: x\r\n\r\nhttp://example.org/" + fill(s, n)) })
		ParseURL("http://example.org/" + fill(s, size))
		ParseURL("http://" + fill(s, size))
	}
	for _, s := range []string{
		"<div>", "<a href=x>", "<b><i></b>", "<", "<!--", "<![ >", "<p ", "<p a='", "<a href=\"", "</p>", "&#", "&amp;", "<table><tr><td>",
		"<style>", "<style>a{", "<style>a{b:(", "<p style='a(;'>", "<script>", "<img src=data:;base64,", "<img alt='x", "<font color=#fff>",
		"<a href=http://a.com>http://b.com", "<div style='display:none'>", "a;base64,", "data:", "<title>", "<textarea><!--",
	} {
		worktest.Linear(t, s, size, func(n int) func() {
			raw := []byte("Content-Type: text/html\r\n\r\n" + fill(s, n))
			return func() {
				m := Parse(raw, Envelope{}, Limits{})
				m.URLs()
				for _, x := range m.Texts() {
					x.Words()
				}
			}
		})
	}
	for _, s := range []string{"a{", "a,", "a{b:c}", "@x{", "/*", "a{b:(", "\"", "a:b;", "color:rgb(", "\\"} {
		worktest.Linear(t, "style "+s, size, func(n int) func() {
			in := "<style>" + fill(s, n) + "</style><p style=\"" + fill(s, n) + "\">x"
			return func() { parseHTML(in, 100) }
		})
	}
}
