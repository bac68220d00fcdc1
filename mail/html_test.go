package mail

import (
	"fmt"
	"slices"
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

func TestHTMLText(t *testing.T) {
	for _, c := range []struct{ html, visible string }{
		{"<p>one</p><p>two</p>", "one\ntwo\n"},
		{"a  b\r\n\tc", "a b c"},
		{"a<br>b", "a\nb"},
		{"<b>bo</b>ld", "bold"},
		{"a<script>x < y</script>b<style>p{}</style>c<!-- d -->e", "abce"},
		{"<title>t</title>body", "body"},
		{"&lt;&eacute;&#8364;&#x41;&unknown;", "<é€A&unknown;"},
		{`<img alt="logo">x`, "logo x"},
		{"<table><tr><td>a</td><td>b</td></tr></table>", "a b\n"},
		{`a<span style="display:none">b</span>c`, "ac"},
		{`a<span style="visibility: hidden">b</span>c`, "ac"},
		{"<p>unclosed <b>tags", "unclosed tags\n"},
		{"x < y and <3", "x < y and <3"},
		{"<a href='x>y'>z</a>", "z"},
	} {
		if got := parseHTML(c.html, 8192).Visible; got != c.visible {
			t.Errorf("%q: %q, want %q", c.html, got, c.visible)
		}
	}
	if got := parseHTML(`a<i style="display:none">b</i><i style="font-size:0">c</i>`, 8192).Invisible; got != "bc" {
		t.Errorf("invisible: %q", got)
	}
}

func TestHTMLStyle(t *testing.T) {
	for _, c := range []struct {
		html        string
		visible     bool
		transparent bool
		font        int
		color       string
	}{
		{`<p>x</p>`, true, false, -1, ""},
		{`<p style="color: RED; font-size: 12px">x</p>`, true, false, 12, "ff0000"},
		{`<p style="color:#0f0">x</p>`, true, false, -1, "00ff00"},
		{`<p style="color:rgb(1, 2, 3)">x</p>`, true, false, -1, "010203"},
		{`<p style="color:hsl(240,100%,50%)">x</p>`, true, false, -1, "0000ff"},
		{`<p style="font-size:0">x</p>`, false, false, 0, ""},
		{`<p style="font: 15px/0 serif">x</p>`, false, false, 0, ""},
		{`<p style="opacity:0">x</p>`, false, false, -1, ""},
		{`<p style="display:none !important">x</p>`, false, false, -1, ""},
		{`<p style="color:white;background-color:#fefefe">x</p>`, false, true, -1, "ffffff"},
		{`<div style="background:#000"><p style="color:#000">x</p></div>`, false, true, -1, "000000"},
		{`<style>p { color: blue }</style><p>x</p>`, true, false, -1, "0000ff"},
		{`<style>.a { display: none }</style><p class="b a">x</p>`, false, false, -1, ""},
		{`<style>#i { font-size: 0px }</style><p id=i>x</p>`, false, false, 0, ""},
		{`<style>@media print { p { display: none } } p { color: red }</style><p>x</p>`, true, false, -1, "ff0000"},
		{`<style>/* p{display:none} */</style><p style="color:rgba(">x</p>`, true, false, -1, ""},
	} {
		h := parseHTML(c.html, 8192)
		b := h.Blocks[len(h.Blocks)-1]
		color := ""
		if b.Color.Set {
			color = hex3(b.Color)
		}
		if b.Tag != "p" || b.Visible != c.visible || b.Transparent != c.transparent || b.FontSize != c.font || color != c.color {
			t.Errorf("%s: visible %v transparent %v font %d color %s", c.html, b.Visible, b.Transparent, b.FontSize, color)
		}
	}
}

func hex3(c Color) string { return fmt.Sprintf("%02x%02x%02x", c.R, c.G, c.B) }

func TestHTMLImages(t *testing.T) {
	const png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAASwAAADICAAAAAB3tIOJAAAAAElFTkSuQmCC"
	for _, c := range []struct {
		html             string
		w, h             int
		embedded, inLink bool
	}{
		{`<img src="http://example.org/a.png" width=10 height=20>`, 10, 20, false, false},
		{`<img src="http://example.org/a.png" style="width:30px;height:40px">`, 30, 40, false, false},
		{`<a href="http://example.org/"><img src="cid:x" width="5"></a>`, 5, 0, true, true},
		{`<img src="` + png + `">`, 300, 200, true, false},
	} {
		h := parseHTML(c.html, 100)
		if len(h.Images) != 1 {
			t.Fatalf("%s: %d images", c.html, len(h.Images))
		}
		if m := h.Images[0]; m.Width != c.w || m.Height != c.h || m.Embedded != c.embedded || m.InLink != c.inLink {
			t.Errorf("%s: %+v", c.html, m)
		}
	}
}

func TestHTMLLinks(t *testing.T) {
	for _, c := range []struct {
		html, target, shown string
		phished             bool
	}{
		{`<a href="http://example.org/">example.org</a>`, "http://example.org/", "http://example.org", false},
		{`<a href="http://evil.example.net/">www.example.org/login</a>`, "http://evil.example.net/", "http://www.example.org/login", true},
		{`<a href="http://login.example.org/">http://www.example.org/</a>`, "http://login.example.org/", "http://www.example.org/", false},
		{`<a href="http://example.net/?to=http://example.org/">http://example.org/</a>`, "http://example.net/?to=http://example.org/", "http://example.org/", false},
		{`<a href=" http://example.org/a b ">click</a>`, "", "", false},
		{`<a href="/x">y</a>`, "", "", false},
	} {
		h := parseHTML(c.html, 100)
		l := h.Links[0]
		target, shown := "", ""
		if l.URL != nil {
			target = l.URL.Text
		}
		if l.Shown != nil {
			shown = l.Shown.Text
		}
		if c.target != "" && target != c.target || shown != c.shown || l.Phished != c.phished {
			t.Errorf("%s: %q shows %q, phished %v", c.html, target, shown, l.Phished)
		}
	}
}

func TestHTMLTagLimit(t *testing.T) {
	h := parseHTML(strings.Repeat("<p>x", 100), 10)
	if len(h.Blocks) > 10 || !h.Cut {
		t.Errorf("%d blocks, cut %v", len(h.Blocks), h.Cut)
	}
}

func TestTextWords(t *testing.T) {
	text := func(s string) *Text {
		m := Parse([]byte("Content-Type: text/plain; charset=utf-8\r\n\r\n"+s), Envelope{}, Limits{})
		return m.Texts()[0]
	}
	x := text("Hello WORLD, it's ﬁne: naïve Straße 42!")
	var got []string
	for _, w := range x.Words() {
		got = append(got, w.Text)
	}
	if want := []string{"hello", "world", "it's", "fine", "naïve", "straße", "42"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, c := range []struct{ text, lang string }{
		{"too short", ""},
		{strings.Repeat("The quick brown fox jumps over the lazy dog while it is raining in the mountains. ", 3), "en"},
		{strings.Repeat("Der schnelle braune Fuchs springt über den faulen Hund, während es in den Bergen regnet. ", 3), "de"},
		{strings.Repeat("これは日本語の文章です。", 4), "ja"},
		{strings.Repeat("안녕하세요 저는 한국 사람입니다 ", 4), "ko"},
	} {
		if lang, _ := text(c.text).Language(); lang != c.lang {
			t.Errorf("%q: %q, want %q", c.text, lang, c.lang)
		}
	}
	if n := text("abc где").Scripts(); n["Latin"] != 3 || n["Cyrillic"] != 3 {
		t.Errorf("%v", n)
	}
}

// parseHTML reads markup as it is read without RspamdExact.
func parseHTML(s string, maxTags int) *HTML { return parsePage(s, maxTags, false) }
