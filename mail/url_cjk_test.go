package mail

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/worktest"
)

func found(text string) (raw []string) {
	FindURLs(text, func(u URL) bool {
		raw = append(raw, u.Raw)
		return true
	})
	return raw
}

// TestFlowed: what ends in a blank goes on in the next line where the type says so.
func TestFlowed(t *testing.T) {
	const text = "See http://exam \nple.org/a/long \r\n/path now. \n-- \nexample.net\n"
	for kind, want := range map[string]string{
		"; format=flowed; delsp=yes": "http://example.org/a/long/path http://example.net",
		"; format=flowed":            "http://exam http://ple.org/a/long http://example.net",
	} {
		m := Parse([]byte("Content-Type: text/plain"+kind+"\n\n"+text), Envelope{}, Limits{})
		if got := strings.Join(texts(m.URLs()), " "); got != want {
			t.Errorf("%s: %s", kind, got)
		}
		for _, u := range m.URLs() {
			if u.Offset+u.Length > len(m.Raw()) {
				t.Errorf("%s: %d, %d", u.Text, u.Offset, u.Length)
			}
		}
	}
}

// Chinese, Japanese and Korean texts put no blank around a host.
func TestFindInCJK(t *testing.T) {
	for text, want := range map[string]string{
		"“example.com”网站":                              "example.com",
		"‘example.com/a’是":                             "example.com/a",
		"①example.com ②example.net":                    "example.com example.net",
		"http://①example.com/":                         "http://①example.com/",
		"See “example.com” and it’s.example":           "",
		"请访问example.com谢谢":                             "example.com",
		"请访问example.com/pay谢谢":                         "example.com/pay",
		"详情见http://example.org。谢谢":                     "http://example.org",
		"详情见http://example.org/a，然后http://example.net": "http://example.org/a http://example.net",
		"詳しくはwww.example.orgまで。example.netも":           "www.example.org example.net",
		"「https://example.org/x」をご覧ください":               "https://example.org/x",
		"（http://example.org/）":                        "http://example.org/",
		"사이트는 example.co.kr입니다":                        "example.co.kr",
		"문의 ann@example.org으로":                         "ann@example.org",
		"联系ann@example.org，谢谢":                         "ann@example.org",
		"https://ja.example.org/wiki/日本 を見る":           "https://ja.example.org/wiki/日本",
		"https://example.org/?q=日本語&x=1":               "https://example.org/?q=日本語&x=1",
		"http://example.org/これは例です。次":                  "http://example.org/",
		"http://例え.example.org/ と http://例え.jp/":       "http://例え.example.org/ http://例え.jp/",
		"http://ｅｘａｍｐｌｅ。ｃｏｍ/x":                         "http://ｅｘａｍｐｌｅ。ｃｏｍ/x",
		"访问example.com或example.net":                    "example.com example.net",
		"访问example.com。然后看example.net":                 "example.com example.net",
		"見るexample.co.jpとexample.netと例えば":              "example.co.jp example.net",
		"example.com이나example.co.kr에서":                 "example.com example.co.kr",
		"写信ann@example.com或bob@example.net吧":           "ann@example.com bob@example.net",
		"http://www.it公司.com/ 和 http://www.cn中国.net/":  "http://www.it公司.com/ http://www.cn中国.net/",
		"这是文件readme.txt和第2.5节。结束":                      "",
		"ดูที่https://example.org/ครับ และwww.example.netหรือhttp://example.com": "https://example.org/ครับ www.example.net http://example.com",
		"ເບິ່ງexample.orgແລະ www.example.netໄດ້":                                 "example.org www.example.net",
		"👉https://example.org👈 www.example.net🎉 →example.com←":                   "https://example.org www.example.net example.com",
		"https://example.org/a👈 and http://example.org/★/b, www.example.net★":    "https://example.org/a http://example.org/★/b www.example.net",
	} {
		if got := strings.Join(found(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What source code and logs put behind a URL is no part of it, and a word that
// the end of a line broke is no host.
func TestFindInCode(t *testing.T) {
	for text, want := range map[string]string{
		`"Report-Msgid-Bugs-To: https://bugs.example.org\n"`:         "https://bugs.example.org",
		`msgid "see http://example.org/help\n"`:                      "http://example.org/help",
		`printf("visit http://example.org\r\n");`:                    "http://example.org",
		`{"body":"see http://example.org\nThanks","x":1}`:            "http://example.org",
		`{"body":"see http://example.org/a\nThanks","x":1}`:          "http://example.org/a",
		`echo "<a href=\"http://example.org\">"`:                     "http://example.org",
		`var s = 'it\'s at http://example.org\'';`:                   "http://example.org",
		`log: "http:\/\/example.org\/a\/b"`:                          `http:\/\/example.org\/a\/b`,
		`{"html":"http://example.org\u003c/a\u003e"}`:                "http://example.org",
		"we saw www.dcc-\nservers.example today":                     "",
		"at http://mail-\nserver.example.org and http://web- ":       "server.example.org",
		"look at www.example.org- or http://example.net_ and go on":  "www.example.org http://example.net",
		"www.example.com--the best, http://example.org--and more":    "www.example.com http://example.org",
		"http://www.example.net--- or www.example.co.uk--buy":        "http://www.example.net www.example.co.uk",
		`C:\path and \\server\share`:                                 "",
		`{"body":"Hi\r\nhttps://example.org\r\nwww.example.net\tx"}`: "https://example.org www.example.net",
	} {
		if got := strings.Join(found(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		m := Parse([]byte("Subject: x\r\n\r\n"+text), Envelope{}, Limits{})
		for _, u := range m.URLs() {
			if u.Flags&(URLBackslash|URLNoTLD) != 0 || strings.Contains(u.Text, `\`) {
				t.Errorf("%q: %q has flags %b", text, u.Text, u.Flags)
			}
		}
	}
	var u URL
	FindURLs(`go to http:\\example.org\x`, func(f URL) bool { u = f; return true })
	if u.Host != "example.org" || u.Flags&URLBackslash == 0 {
		t.Errorf("backslashes for slashes: %+v", u)
	}
}

func TestFindTyped(t *testing.T) {
	for text, want := range map[string][]string{
		"//test.123 and http://intranet/x":                   {"//test.123"},
		"http://localhost http://[2001:db8::1]/ http://999/": {"http://[2001:db8::1]/", "http://999/"},
	} {
		if got := found(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestHostsThatTouch: of a text of nothing but hosts no more is read for one than
// that one; a name that goes on and on is refused after as much as a host may have.
func TestHostsThatTouch(t *testing.T) {
	for text, most := range map[string]int{
		"漢a.com": 16, "漢a.com。": 20, "漢a.co.jp": 20, "漢a.com漢字漢字": 30,
	} {
		text = strings.Repeat(text, 1000)
		if n := beforeNextCJK(text[3:]); n > most {
			t.Errorf("%.12q: %d bytes are read for one host, at most %d are needed", text, n, most)
		}
	}
	if n := len(found(strings.Repeat("漢a.com", 1000))); n != 1000 {
		t.Errorf("%d hosts of 1000 found", n)
	}
}

func TestCJKWork(t *testing.T) {
	for _, s := range []string{"中", "a中", "a.中", "a.com中", "http://a.com中", "http://a.com/中", "www.a中。", "中.com", `\n`, `\u003`, `http://a.com\`, `http:\/`, "www.a-", "//a.b"} {
		worktest.Linear(t, s, 1<<18, func(n int) func() {
			text := strings.Repeat(s, n/len(s))
			return func() { found(text) }
		})
	}
}
