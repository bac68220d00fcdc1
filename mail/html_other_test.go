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
		`<iframe src="https://a.example.org/x"></iframe>`:                                                                                                           "a.example.org",
		`<IFRAME SRC=//a.example.org/x>`:                                                                                                                            "a.example.org",
		`<iframe srcdoc="&lt;a href='http://a.example.org/'&gt;x&lt;/a&gt;"></iframe>`:                                                                              "a.example.org",
		`<frameset><frame src=http://a.example.org></frameset>`:                                                                                                     "a.example.org",
		`<embed src="http://a.example.org/m.swf">`:                                                                                                                  "a.example.org",
		`<object data="http://a.example.org/m.pdf"></object>`:                                                                                                       "a.example.org",
		`<video src="http://a.example.org/v" poster="http://b.example.org/p"></video>`:                                                                              "a.example.org b.example.org",
		`<audio><source src="http://a.example.org/a.mp3"></audio>`:                                                                                                  "a.example.org",
		`<video><track src="http://a.example.org/t.vtt"></video>`:                                                                                                   "a.example.org",
		`<form><button formaction="https://a.example.org/pay">Pay</button></form>`:                                                                                  "a.example.org",
		`<input type=submit formaction=" https://a.example.org/ ">`:                                                                                                 "a.example.org",
		`<input type=image src="http://a.example.org/i.png">`:                                                                                                       "a.example.org",
		`<meta http-equiv="refresh" content="0; url=https://a.example.org/">`:                                                                                       "a.example.org",
		`<head><META HTTP-EQUIV=Refresh CONTENT="5;URL='https://a.example.org/x'"></head>`:                                                                          "a.example.org",
		`<meta http-equiv=refresh content="0,https://a.example.org/">`:                                                                                              "a.example.org",
		`<img src="http://a.example.org/1" srcset="http://b.example.org/2 2x, http://c.example.org/3 640w">`:                                                        "b.example.org c.example.org",
		`<picture><source srcset="http://a.example.org/1,http://b.example.org/2"></picture>`:                                                                        "a.example.org",
		`<picture><source srcset="http://a.example.org/1, http://b.example.org/2"></picture>`:                                                                       "a.example.org b.example.org",
		`<td background="http://a.example.org/bg.gif">`:                                                                                                             "a.example.org",
		`<div style="background: url(http://a.example.org/b.png) no-repeat">`:                                                                                       "a.example.org",
		`<div style="list-style-image:URL( 'http://a.example.org/b.png' )">`:                                                                                        "a.example.org",
		`<p style='background-image:url("htt\70 ://a.example.org/")'>`:                                                                                              "a.example.org",
		`<style>/* url(http://no.example.org/) */ a{b:url(//a.example.org/f.woff)} @import "http://b.example.org/c.css";</style>`:                                   "a.example.org b.example.org",
		`<svg><image href="http://a.example.org/i"/><use xlink:href="http://b.example.org/u#x"/></svg>`:                                                             "a.example.org b.example.org",
		`<svg><a xlink:href="http://a.example.org/x"><text>x</text></a></svg>`:                                                                                      "a.example.org",
		`<v:roundrect href="http://a.example.org/x"></v:roundrect>`:                                                                                                 "a.example.org",
		`<base href="http://a.example.org/d/"><iframe src="page.html"></iframe>`:                                                                                    "a.example.org",
		`<a href="http://x.example.org/" ping="http://a.example.org/p http://b.example.org/p">x</a>`:                                                                "a.example.org b.example.org",
		`<script src="http://a.example.org/s.js"></script>`:                                                                                                         "a.example.org",
		`<iframe src="https:a.example.org/x">`:                                                                                                                      "a.example.org",
		`<div style="background:image-set('http://a.example.org/1.png' 1x, url(http://b.example.org/2) 2x)">`:                                                       "a.example.org b.example.org",
		`<style>p{background:-webkit-image-set("//a.example.org/1" type("image/png"),"http://b.example.org/2" 2x)}</style>`:                                         "a.example.org b.example.org",
		`<base href="http://a.example.org/"><p style='list-style:IMAGE-SET("x.png" type("image/avif"))'>`:                                                           "a.example.org",
		`<div style="background:u\72l(http://a.example.org/1);cursor:\000055RL( 'http://b.example.org/2' )">`:                                                       "a.example.org b.example.org",
		`<style>@\69mport "http://a.example.org/"; @import/**/'http://b.example.org/'; @IMPORT url(http://c.example.org/);</style>`:                                 "a.example.org b.example.org c.example.org",
		"<p style='background:url(\"http://a.exam\\\nple.org/\")'><p style='background:url(http:\\2f\\2f b.example.org)'>":                                          "a.example.org b.example.org",
		`<p style="filter:progid:DXImageTransform.Microsoft.AlphaImageLoader(sizingMethod='scale', src='http://a.example.org/p')">`:                                 "a.example.org",
		`<style>@namespace svg url(http://www.example.net/ns); a{background:url(http://a.example.org/)}</style>`:                                                    "a.example.org",
		`<object><param name=movie value="http://a.example.org/m.swf"><PARAM NAME="src" VALUE=" //b.example.org/x "></object>`:                                      "a.example.org b.example.org",
		`<param name="allow" value="always"><param name=x value="page.html"><input value="http://no.example.org/">`:                                                 "",
		`<applet codebase="http://a.example.org/c/" code="X.class"></applet><object classid="http://b.example.org/x">`:                                              "a.example.org b.example.org",
		`<svg><a><set attributeName="xlink:href" to="http://a.example.org/x"/><text>x</text></a></svg>`:                                                             "a.example.org",
		`<svg><a><animate attributeName=href values="http://a.example.org/;https://b.example.org/" dur=1s /></a></svg>`:                                             "a.example.org b.example.org",
		`<svg><animate attributeName=href from="https://a.example.org/" to="https://b.example.org/" by=1></svg>`:                                                    "a.example.org b.example.org",
		`<svg><rect fill="url(http://a.example.org/p.svg#g)" width=1 filter='url("//b.example.org/f#x")' from="http://no.example.org/"/></svg>`:                     "a.example.org b.example.org",
		`<svg><script href="http://a.example.org/s.js"/><textPath href="http://b.example.org/t#p">x</textPath></svg>`:                                               "a.example.org b.example.org",
		`<math><mtext href="http://a.example.org/">x</mtext></math>`:                                                                                                "a.example.org",
		`<v:rect o:href="http://a.example.org/i.png">`:                                                                                                              "a.example.org",
		`<iframe srcdoc="&lt;img src=//a.example.org/i&gt;&lt;style&gt;p{background:url(http://b.example.org)}&lt;/style&gt;">`:                                     "a.example.org b.example.org",
		`<iframe src="data:text/html,%3Ca%20href=http://a.example.org/%3Ex"></iframe>`:                                                                              "a.example.org",
		`<object data="data:text/html;charset=utf-8;base64,PGEgaHJlZj0iaHR0cDovL2EuZXhhbXBsZS5vcmcvIj54PC9hPg=="></object>`:                                         "a.example.org",
		`<embed src="data:image/svg+xml,<svg><a xlink:href='http://a.example.org/'/></svg>">`:                                                                       "a.example.org",
		`<blockquote cite="http://a.example.org/x">x</blockquote><q cite=//b.example.org>y</q><ins cite="https://c.example.org/">z</ins>`:                           "a.example.org b.example.org c.example.org",
		`<html manifest="http://a.example.org/m.appcache"><head profile="http://b.example.org/p"></head>`:                                                           "a.example.org b.example.org",
		`<img src=cid:1 longdesc="http://a.example.org/d.html"><iframe longdesc="//b.example.org/d"></iframe>`:                                                      "a.example.org b.example.org",
		`<object archive="http://a.example.org/1.jar //b.example.org/2"></object><applet archive="x.jar, http://c.example.org/3">`:                                  "a.example.org b.example.org c.example.org",
		`<embed pluginspage="http://a.example.org/get"><menuitem icon="http://b.example.org/i.png"><isindex action=http://c.example.org>`:                           "a.example.org b.example.org c.example.org",
		`<base href="http://no.example.org/"><blockquote cite="mid:1@example.org">x</blockquote><img longdesc="d.html">`:                                            "",
		`<p style="background:url(http://a.example.org/b.png">x</p><p style="background:url(http://no.example.org/ b.png">`:                                         "a.example.org",
		`<a href="data:text/html,<a href=http://a.example.org/>x</a>">x</a><area href=" DATA:text/html;base64,PGEgaHJlZj0iaHR0cDovL2IuZXhhbXBsZS5vcmcvIj54PC9hPg">`: "a.example.org b.example.org",
		`<meta http-equiv=refresh content="0;url=data:text/html,<script>location='http://a.example.org/'</script>">`:                                                "a.example.org",
		`<a href="data:text/plain,http://no.example.org/">x</a><a href="data:image/png;base64,aHR0cDovL25vLmV4YW1wbGUub3JnLw==">`:                                   "",
		"<a href=\"java\nscript:location='http://a.example.org/'\">x</a><a href='vb\tscript:x=\"http://b.example.org/\"'>":                                          "a.example.org b.example.org",
		// What Outlook alone shows.
		`<!--[if mso]><a href="http://a.example.org/x">Pay</a><![endif]-->`:                                                               "a.example.org",
		`<!--[if gte mso 9]><v:background fill=t><v:fill src="http://a.example.org/bg.jpg"/></v:background><![endif]-->`:                  "a.example.org",
		`<!--[IF (mso)|(IE)]><table background=http://a.example.org/t><tr><td><img src="http://b.example.org/i.png"></table><![endif]-->`: "a.example.org b.example.org",
		`<!--[if !vml]>Go to http://a.example.org/pay or www.example.net <style>p{background:url(//b.example.org/)}</style><![endif]-->`:  "a.example.org www.example.net b.example.org",
		`<!--[if mso]><form action="http://a.example.org/"><button formaction="http://b.example.org/">x</button></form><![endif]-->`:      "a.example.org b.example.org",
		`<!--[if !mso]><!--><a href="http://link.example.org/">x</a><!--<![endif]-->`:                                                     "",
		`<svg/onload=location="http://a.example.org/">x`:                                                                                  "a.example.org",
		`<embed src=http://a.example.org/"x>`:                                                                                             "a.example.org",
		`<!-- x --!><embed src="http://a.example.org/"> -->`:                                                                              "a.example.org",
		`<!-- <a href="http://no.example.org/">x</a> --><!--[iframe]> http://no.example.org/ -->`:                                         "",
		// What scripts name, in elements, handlers and targets.
		`<script>location.href='http://a.example.org/x'; window.open("//b.example.org/?y=1")</script>`:                                                                                      "a.example.org b.example.org",
		`<script type="text/javascript"><!--` + "\n" + `top.location = "https://a.example.org" //--></script>`:                                                                              "a.example.org",
		`<script>location.replace('https:\/\/a.example.org\/x');location.assign("https:\x2f\u002fb.example.org/")</script>`:                                                                 "a.example.org b.example.org",
		`<script>document.write('<iframe src="http://a.example.org/x"></iframe><a href=http://b.example.org/>')</script>`:                                                                   "a.example.org b.example.org",
		`<script>document.write(unescape('%3Ciframe%20src%3D%22http%3A//a.example.org/x%22%3E'))</script>`:                                                                                  "a.example.org",
		"<script>fetch(`https://a.example.org/${x}`)</script><script type='application/ld+json'>{\"@context\": \"http://schema.example.org\", \"url\": \"http://b.example.org/\"}</script>": "a.example.org b.example.org",
		`<script>// see http://no.example.org/ and don't` + "\n" + `/* http://no.example.org */ var s = "// no.example.org", h = "http://" + s</script>`:                                    "",
		`<script>var a = location.host, b = document.it; if (a//b` + "\n" + `<c) c = "a//b.example.org"</script>`:                                                                           "",
		`<div onclick="location='//a.example.org/x'"><body ONLOAD='window.open(&quot;http://b.example.org/&quot;)'>`:                                                                        "a.example.org b.example.org",
		`<img src=cid:1 onerror="location.href='http://a.example.org/'"><form onsubmit="this.action='http://b.example.org/'">`:                                                              "a.example.org b.example.org",
		`<a href="javascript:window.open('http://a.example.org/x')">x</a><iframe src=" JavaScript:location=%27//b.example.org/%27">`:                                                        "a.example.org b.example.org",
		`<a href="javascript:void(0)" onclick="return false" one="http://no.example.org/" title="vbscript">x</a>`:                                                                           "",
		`<!--[if mso]><script>location='http://a.example.org/'</script><![endif]-->`:                                                                                                        "a.example.org",
		`<form action-xhr="https://a.example.org/amp"></form>`:                                                                                                                              "a.example.org",
		`<base href="http://a.example.org/"><area href="x.html"><img src="x.gif">`:                                                                                                          "a.example.org a.example.org",
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

// TestBaseBehindLinks: a base holds for what stands before it too, the first of several.
func TestBaseBehindLinks(t *testing.T) {
	const page = `<a href="x.html">x</a><a href="x/y">x</a><form action="/y"></form><map><area href="//b.example.org/z"></map><a href="http://c.example.org/">c</a>` +
		`<base href="http://a.example.org/d/"><base href="http://no.example.org/">`
	var got []string
	for _, l := range parsePage(page, 100, false).Links {
		got = append(got, l.URL.Host)
	}
	if want := []string{"a.example.org", "a.example.org", "a.example.org", "b.example.org", "c.example.org"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if l := parsePage(page, 100, true).Links[0]; l.URL != nil {
		t.Errorf("as Rspamd: %v", l.URL)
	}
}

func TestHTMLOtherBounds(t *testing.T) {
	h := parseHTML("<style>"+strings.Repeat("url(http://a.example.org/) ", 1000)+"</style>", 10)
	if len(h.Others) != 10 || !h.Cut {
		t.Errorf("%d, cut %v", len(h.Others), h.Cut)
	}
	for _, s := range []string{
		"image-set(", "image-set('", `image-set("a",`, `\75rl(`, "@namespace ", "@import/*", "alphaimageloader(", "<!--[if a]>-->",
		"url(", "url('", `url("`, "@import '", "/*", "(", "url( ", `\0`, "url(//a.com/)", "http://a.com ,", "a ", ",", "'//", "'//a", `'\/\/a`, `\x2f`, "http://", "=http://a.com;",
	} {
		worktest.Linear(t, s, 1<<18, func(n int) func() {
			x := strings.Repeat(s, n/len(s))
			in := "<style>" + x + "</style><script>" + x + "</script><p style=\"" + strings.ReplaceAll(x, `"`, "'") + "\"><img srcset='" + strings.ReplaceAll(x, "'", `"`) + "'>"
			return func() { parseHTML(in, 100) }
		})
	}
}

// TestNoscript: programs that show mail run no scripts, so what stands in a
// noscript is seen like everything else. Rspamd takes it for no markup.
func TestNoscript(t *testing.T) {
	const page = `<p>Hello</p><noscript><a href="http://a.example.org/">www.example.net</a><img src="http://b.example.org/p.gif"> and more</noscript><p>end`
	h := parsePage(page, 100, false)
	if len(h.Links) != 1 || !h.Links[0].Phished || len(h.Images) != 1 || !strings.Contains(h.Visible, "and more") {
		t.Errorf("%d links, %d images, %q", len(h.Links), len(h.Images), h.Visible)
	}
	h = parsePage(page, 100, true)
	if len(h.Links) != 0 || len(h.Images) != 0 || strings.Contains(h.Visible, "more") || !strings.Contains(h.Visible, "end") {
		t.Errorf("as Rspamd: %d links, %d images, %q", len(h.Links), len(h.Images), h.Visible)
	}
	for in, want := range map[string]string{
		`<html><head><noscript><meta http-equiv="refresh" content="0;url=http://a.example.org/"></noscript></head><body>x</body></html>`: "a.example.org",
		`<body><NOSCRIPT><iframe src="//a.example.org/ns.html"></iframe></NOSCRIPT></body>`:                                              "a.example.org",
		`<noscript><form action="http://a.example.org/login"><input name=pw></form>`:                                                     "a.example.org",
	} {
		m := Parse([]byte("Content-Type: text/html\r\n\r\n"+in), Envelope{}, Limits{})
		if got := strings.Join(hosts(m.URLs()), " "); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestInnerBounds: markup in attributes and comments counts to the limit of tags,
// nests so deep and no deeper, and costs what the page is worth.
func TestInnerBounds(t *testing.T) {
	h := parseHTML("<!--[if mso]>"+strings.Repeat("<a href=http://a.example.org/>", 1000)+"<![endif]-->", 10)
	if len(h.Others) != 10 || !h.Cut {
		t.Errorf("%d links, cut %v", len(h.Others), h.Cut)
	}
	doc := "<a href=http://deep.example.org/>"
	for depth := range 6 {
		h := parseHTML(doc, 100)
		if seen := len(h.Links)+len(h.Others) == 1; seen != (depth <= maxInner) || h.Cut == seen {
			t.Errorf("depth %d: seen %v, cut %v", depth, seen, h.Cut)
		}
		doc = `<iframe srcdoc="` + strings.NewReplacer("&", "&amp;", `"`, "&quot;").Replace(doc) + `">`
	}
}
