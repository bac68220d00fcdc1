package winnow_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/traditionalchinese"

	"github.com/winnowmail/winnow"
)

// A reported message is one of a kind that users of filters complained about, with
// what a whole scan must find in it and what not.
type reported struct {
	header, body string
	links        string // hosts
	has, hasNot  string // symbols
}

// TestKinds scans, with all families and without DNS, what single families'
// fixtures look at alone.
func TestKinds(t *testing.T) {
	s := newScanner(t, builtin())
	defer closeNow(t, s)
	for name, k := range kinds(t) {
		head := k.header
		if !strings.Contains(strings.ToLower(head), "from") {
			head = "From: Carla <carla@example.org>\r\n" + head
		}
		raw := head + "To: dora@example.net\r\nDate: Fri, 27 Nov 2026 09:00:00 +0000\r\nMessage-ID: <k@example.org>\r\nMIME-Version: 1.0\r\n\r\n" + k.body
		res := scanned(t, s, &winnow.Message{Body: winnow.FromBytes([]byte(raw))})
		var hosts []string
		for _, u := range res.Message().URLs() {
			hosts = append(hosts, u.Host)
		}
		for _, host := range strings.Fields(k.links) {
			if !slices.Contains(hosts, host) {
				t.Errorf("%s: no link to %s, but %q", name, host, hosts)
			}
		}
		for _, symbol := range strings.Fields(k.has) {
			if res.Symbol(symbol) == nil {
				t.Errorf("%s: no %s", name, symbol)
			}
		}
		for _, symbol := range strings.Fields(k.hasNot) {
			if h := res.Symbol(symbol); h != nil {
				t.Errorf("%s: %s %v", name, symbol, h.Options)
			}
		}
	}
}

func kinds(t *testing.T) map[string]reported {
	all := map[string]reported{
		"two authors, a tab":    {header: "From\t: Eve <eve@example.com>\r\nFrom: Carla <carla@example.org>\r\nSubject: hi\r\n", body: "hello\r\n", has: "MULTIPLE_FROM"},
		"two authors, below":    {header: "Subject: hi\r\nFrom: Carla <carla@example.org>\r\nFROM  : eve@example.com\r\n", body: "hello\r\n", has: "MULTIPLE_FROM"},
		"two authors, mbox":     {header: "From x@example.com Fri Nov 27 09:00:00 2026\r\nFrom : eve@example.com\r\nFrom: carla@example.org\r\n", body: "hello\r\n", has: "MULTIPLE_FROM"},
		"one author, mbox":      {header: "From - Fri Nov 27 09:00:00 2026\r\nFrom: carla@example.org\r\n", body: "hello\r\n", hasNot: "MULTIPLE_FROM MISSING_FROM"},
		"type with a blank":     {header: "Content-Type : text/html; charset=utf-8\r\n", body: `<a href="https://depot.example.com/p">parcel</a>`, links: "depot.example.com"},
		"encoding with a blank": {header: "Content-Type: text/plain\r\nContent-Transfer-Encoding\t: base64\r\n", body: base64.StdEncoding.EncodeToString([]byte("see https://stall.example.com/q now")), links: "stall.example.com"},
		"no boundary, related":  {header: "Content-Type: multipart/related; boundary=none\r\n", body: "<p><a href=\"https://lane.example.com/\">here</a></p>", links: "lane.example.com"},
		"no boundary, bare":     {header: "Content-Type: multipart\r\n", body: "see https://yard.example.com/ now\r\n", links: "yard.example.com"},
		"preamble":              {header: "Content-Type: multipart/mixed; boundary=q\r\n", body: "see https://porch.example.com/ now\r\n--q\r\n\r\nhello\r\n--q--\r\n", links: "porch.example.com"},
		"epilogue":              {header: "Content-Type: multipart/mixed; boundary=q\r\n", body: "--q\r\n\r\nhello\r\n--q--\r\nsee https://shed.example.com/ now\r\n", links: "shed.example.com"},
		"carriers": {
			header: "Content-Type: text/html\r\n", links: "a1.example.com a2.example.com a3.example.com a4.example.com a5.example.com a6.example.com",
			body: `<embed src="//a1.example.com/m"><button formaction=https://a2.example.com/>go</button><map><area href="https://a3.example.com/"></map>` +
				`<meta http-equiv=refresh content="3; url='https://a4.example.com/'"><a href="https:/a5.example.com/x">x</a><a href="` + "\x02" + `https://a6.example.com/">y</a>`,
		},
		"code":     {header: "Subject: [PATCH] l10n\r\n", body: "\"Project-Home: https://tracker.example.org/l10n\\n\"\r\nsee www.half-\r\nname.example.org there\r\n", hasNot: "URL_BACKSLASH_PATH URL_NO_TLD"},
		"code, C":  {header: "Subject: [PATCH] usage\r\n", body: "printf(\"see http://manual.example.org/\\t\\n\");\r\n", hasNot: "URL_BACKSLASH_PATH"},
		"code, sh": {header: "Subject: howto\r\n", body: "curl https://files.example.org/a \\\r\n  -o a\r\nftp://mirror- is gone\r\n", hasNot: "URL_BACKSLASH_PATH URL_NO_TLD"},
	}
	for name, label := range map[string]string{"Japanese": "iso-2022-jp", "Korean": "ks_c_5601-1987", "Chinese": "big5", "ASCII": "us-ascii"} {
		all["UTF-8 labelled "+name] = reported{header: "Content-Type: text/plain; charset=" + label + "\r\n", body: "请看附件，谢谢合作：http://付款例子.example.com/ 再见", links: "xn--bnqwqs50a94p.example.com"}
		all["UTF-8 subject labelled "+name] = reported{header: "Subject: =?" + label + "?B?" + base64.StdEncoding.EncodeToString([]byte("下周的会议改到星期三下午，请知悉。")) + "?=\r\n", body: "hello\r\n", hasNot: "SUBJECT_HAS_CURRENCY SUBJ_ALL_CAPS"}
	}
	big5, err := traditionalchinese.Big5.NewEncoder().String("會議通知")
	if err != nil {
		t.Fatal(err)
	}
	iso, err := japanese.ISO2022JP.NewEncoder().String("会議の資料は https://書類例.example.com/ です")
	if err != nil {
		t.Fatal(err)
	}
	all["Big5 without label"] = reported{header: "Subject: " + big5 + "\r\n", body: "hello\r\n", hasNot: "SUBJECT_HAS_CURRENCY"}
	all["ISO-2022-JP labelled UTF-8"] = reported{header: "Content-Type: text/plain; charset=utf-8\r\n", body: iso, links: "xn--fsqx48c738a.example.com"}
	return all
}
