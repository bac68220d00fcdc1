package mail

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
)

// Each of these takes a reader somewhere or loads something from there.
func TestHTMLOtherURLs(t *testing.T) {
	for in, want := range map[string]string{
		`<iframe src="https://a.example.org/x"></iframe>`:                                                                         "a.example.org",
		`<IFRAME SRC=//a.example.org/x>`:                                                                                          "a.example.org",
		`<iframe srcdoc="&lt;a href='http://a.example.org/'&gt;x&lt;/a&gt;"></iframe>`:                                            "a.example.org",
		`<frameset><frame src=http://a.example.org></frameset>`:                                                                   "a.example.org",
		`<embed src="http://a.example.org/m.swf">`:                                                                                "a.example.org",
		`<object data="http://a.example.org/m.pdf"></object>`:                                                                     "a.example.org",
		`<video src="http://a.example.org/v" poster="http://b.example.org/p"></video>`:                                            "a.example.org b.example.org",
		`<audio><source src="http://a.example.org/a.mp3"></audio>`:                                                                "a.example.org",
		`<video><track src="http://a.example.org/t.vtt"></video>`:                                                                 "a.example.org",
		`<form><button formaction="https://a.example.org/pay">Pay</button></form>`:                                                "a.example.org",
		`<input type=submit formaction=" https://a.example.org/ ">`:                                                               "a.example.org",
		`<input type=image src="http://a.example.org/i.png">`:                                                                     "a.example.org",
		`<meta http-equiv="refresh" content="0; url=https://a.example.org/">`:                                                     "a.example.org",
		`<head><META HTTP-EQUIV=Refresh CONTENT="5;URL='https://a.example.org/x'"></head>`:                                        "a.example.org",
		`<meta http-equiv=refresh content="0,https://a.example.org/">`:                                                            "a.example.org",
		`<img src="http://a.example.org/1" srcset="http://b.example.org/2 2x, http://c.example.org/3 640w">`:                      "b.example.org c.example.org",
		`<picture><source srcset="http://a.example.org/1,http://b.example.org/2"></picture>`:                                      "a.example.org",
		`<picture><source srcset="http://a.example.org/1, http://b.example.org/2"></picture>`:                                     "a.example.org b.example.org",
		`<td background="http://a.example.org/bg.gif">`:                                                                           "a.example.org",
		`<div style="background: url(http://a.example.org/b.png) no-repeat">`:                                                     "a.example.org",
		`<div style="list-style-image:URL( 'http://a.example.org/b.png' )">`:                                                      "a.example.org",
		`<p style='background-image:url("htt\70 ://a.example.org/")'>`:                                                            "a.example.org",
		`<style>/* url(http://no.example.org/) */ a{b:url(//a.example.org/f.woff)} @import "http://b.example.org/c.css";</style>`: "a.example.org b.example.org",
		`<svg><image href="http://a.example.org/i"/><use xlink:href="http://b.example.org/u#x"/></svg>`:                           "a.example.org b.example.org",
		`<svg><a xlink:href="http://a.example.org/x"><text>x</text></a></svg>`:                                                    "a.example.org",
		`<v:roundrect href="http://a.example.org/x"></v:roundrect>`:                                                               "a.example.org",
		`<base href="http://a.example.org/d/"><iframe src="page.html"></iframe>`:                                                  "a.example.org",
		`<a href="http://x.example.org/" ping="http://a.example.org/p http://b.example.org/p">x</a>`:                              "a.example.org b.example.org",
		`<script src="http://a.example.org/s.js"></script>`:                                                                       "a.example.org",
		`<iframe src="https:a.example.org/x">`:                                                                                    "a.example.org",
		// No URLs, or none that leads anywhere from a message.
		`<iframe src="page.sh"></iframe><button formaction="example.org/pay">`:                "",
		`<iframe src="about:blank"></iframe><object data="data:text/html,x">`:                 "",
		`<meta http-equiv=refresh content="30"><meta name=x content="http://a.example.org/">`: "",
		`<img srcset="cid:a 1x, data:image/png;base64,AAAA 2x">`:                              "",
		`<div style="width: calc(1px + 2px); background: url()">`:                             "",
		`<p data="http://a.example.org/" cite="http://b.example.org/">`:                       "",
	} {
		var got []string
		for _, l := range parseHTML(in, 100).Others {
			got = append(got, l.URL.Host)
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

func TestOthersStayWhatTheyAre(t *testing.T) {
	m := Parse([]byte("Content-Type: text/html\r\n\r\n"+
		`<div style="background:url(http://link.example.org/)"><a href="http://link.example.org/">x</a>`+
		`<iframe src="http://frame.example.org/?u=http://inner.example.net/"></iframe><td background="http://bg.example.org/">`), Envelope{}, Limits{})
	us := m.URLs()
	if got := hosts(us); !slices.Equal(got, []string{"link.example.org", "frame.example.org", "inner.example.net", "bg.example.org"}) {
		t.Fatalf("%q", got)
	}
	if us[0].Flags&(URLLoaded|URLImage|URLSpecial) != 0 || us[0].Count != 1 {
		t.Errorf("a link that is loaded too: flags %b, count %d", us[0].Flags, us[0].Count)
	}
	if us[1].Flags&URLLoaded != 0 || us[1].Flags&URLSpecial == 0 || us[3].Flags&URLLoaded == 0 {
		t.Errorf("frame %b, background %b", us[1].Flags, us[3].Flags)
	}
}

func TestHTMLOtherBounds(t *testing.T) {
	h := parseHTML("<style>"+strings.Repeat("url(http://a.example.org/) ", 1000)+"</style>", 10)
	if len(h.Others) != 10 || !h.Cut {
		t.Errorf("%d, cut %v", len(h.Others), h.Cut)
	}
	for _, s := range []string{
		"url(", "url('", `url("`, "@import '", "/*", "(", "url( ", `\0`, "url(//a.com/)", "http://a.com ,", "a ", ",",
	} {
		worktest.Linear(t, s, 1<<18, func(n int) func() {
			x := strings.Repeat(s, n/len(s))
			in := "<style>" + x + "</style><p style=\"" + strings.ReplaceAll(x, `"`, "'") + "\"><img srcset='" + strings.ReplaceAll(x, "'", `"`) + "'>"
			return func() { parseHTML(in, 100) }
		})
	}
}
