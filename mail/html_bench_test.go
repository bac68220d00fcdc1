package mail

import (
	"fmt"
	"strings"
	"testing"
)

// newsletter makes an HTML page of the kind that shops send, about 1.6 KB for
// each item.
func newsletter(items int) string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><title>News</title>
<style type="text/css">body{margin:0;background-color:#f4f4f4}.btn{color:#ffffff;background:#0a6}@media only screen and (max-width:600px){.col{width:100%!important}}
.pre{display:none;font-size:1px;color:#f4f4f4}</style></head><body bgcolor="#f4f4f4"><div class="pre">What is new this week</div>
<table width="600" border="0" cellpadding="0" cellspacing="0" align="center" style="border-collapse:collapse">`)
	for i := range items {
		fmt.Fprintf(&b, `<tr><td class="col" style="padding:12px 24px;font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;color:#333333">
<a href="https://click.news.example.com/ls/click?upn=%04dabcdefABCDEF0123456789&amp;u=17&amp;utm_source=letter" target="_blank" style="text-decoration:none">
<img src="https://img.example.com/2026/11/item-%d.jpg" alt="Item %d" width="260" height="180" style="display:block;border:0"></a>
<h2 style="margin:0 0 8px;font-size:18px;color:#111">A warm coat for the days by the sea, number %d</h2>
<p style="margin:0 0 12px">Made from wool that was spun in the valley, it keeps wind and rain away &mdash; and it is
reduced by&nbsp;20&#37; until Sunday. Sizes from XS to XXL are in stock, and delivery is free for orders above 50&nbsp;&euro;.
Questions? Write to <a href="mailto:service@example.com">service@example.com</a> or see www.example.com/help.</p>
<table role="presentation"><tr><td class="btn" bgcolor="#00aa66" style="border-radius:4px;padding:8px 16px">
<a class="btn" href="https://www.example.com/shop/coats/%d?ref=newsletter" style="color:#ffffff;font-weight:bold">See the coat</a></td>
<td style="width:16px">&nbsp;</td><td><span style="color:#888888;font-size:12px"><s>129.00</s> 99.00</span></td></tr></table>
<div style="height:1px;line-height:1px;background-color:#dddddd;margin-top:12px">&nbsp;</div></td></tr>
`, i, i, i, i, i)
	}
	b.WriteString(`</table><p style="font-size:11px;color:#999999"><a href="https://news.example.com/unsubscribe?id=1">Unsubscribe</a></p></body></html>`)
	return b.String()
}

func BenchmarkHTML(b *testing.B) {
	page := newsletter(30)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		parseHTML(page, 8192)
	}
}

func BenchmarkMessageURLs(b *testing.B) {
	raw := []byte("Content-Type: text/html; charset=utf-8\r\n\r\n" + newsletter(30))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(raw, Envelope{}, Limits{}).URLs()
	}
}

func BenchmarkFindURLs(b *testing.B) {
	text := strings.Repeat(parseHTML(newsletter(30), 8192).Visible+"\nhttps://www.example.com/a/b?c=d\n", 3)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		FindURLs(text, func(URL) bool { return true })
	}
}

func BenchmarkParseURL(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ParseURL("https://click.news.example.com/ls/click?upn=0123abcdefABCDEF0123456789&u=17&utm_source=letter")
	}
}

func BenchmarkWords(b *testing.B) {
	text := parseHTML(newsletter(30), 8192).Visible
	raw := []byte("Subject: x\r\n\r\n" + text)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(raw, Envelope{}, Limits{}).Texts()[0].Words()
	}
}
