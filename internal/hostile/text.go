package hostile

import (
	"bytes"
	"fmt"
	"strings"
)

// html is a shape whose first half is of one unit and whose second of another.
func html(name, before, first, second string) Shape {
	return Shape{"html " + name, "text/html; charset=utf-8", "", func(n int) []byte {
		return []byte("<html><body>" + before + fill(first, n/2) + fill(second, n/2))
	}}
}

// HTML are pages.
func HTML() []Shape {
	var attrs, names strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&attrs, " a%d=b", i)
		fmt.Fprintf(&names, "<x%d>", i)
	}
	return []Shape{
		html("elements in elements", "", "<div>", "x "),
		html("links in links around text", "", "<a href=http://example.com/a>", "a. "),
		html("links in links around words", "", "<a href=http://example.com/a>", "abc "),
		html("links in links around one word", "", "<a href=http://example.com/a>", "abc"),
		html("links in links around colons", "", "<a href=http://example.com/a>", "http:"),
		html("links in links around marked hosts", "", "<a href=http://example.com/a>", "\u00e9www."),
		html("links in links around signs", "", "<a href=http://example.com/a>", "a@"),
		html("links in links around links", "", "<a href=http://example.com/a>", "<a href=http://example.net/a>y"),
		html("links in links around images", "", "<a href=http://example.com/a>", "<img src=http://example.com/a.png>"),
		html("images in elements", "", "<b>", "<img src=cid:a>"),
		html("ends without beginning", strings.Repeat("<b>", 300), "</i>", "</u>"),
		html("ends from afar", "<u>"+strings.Repeat("<b>", 300), "</u>", "<i></i>"),
		html("names", "", names.String(), "</x1999>"),
		html("attributes", "<p", " a=b", " a='&amp;'"),
		html("many attributes", "", "<p"+attrs.String()+">", "<p a=a a=b a=c a=d>"),
		html("quotes that end nowhere", "", "<p a='", "<p a=\""),
		html("entities", "", "&amp;&lt;", "&aaaaaaaa"),
		html("declarations", "", "<![[[>", "<!"),
		html("comments that end with an exclamation mark", "", "<!----!>", "--!><!--"),
		html("comments", "", "<!-- --", "<!-->"),
		html("data", "<img src='data:image/png;base64,", "QUFB", "QUFB"),
		html("pictures", "", "<img src='data:image/jpeg;base64,/9j/4AACeA=='>", "<img style='width:1px;height:1px' src=//a.example/>"),
		html("hidden text", "<p style='display:none'>", "<b>x", "</b> y"),
		html("tables", "", "<table><tr><td>", "</table>"),
		html("targets", "<base href=http://example.com/a>", "<a href=b>b</a>", "<form action=c>"),
		html("one long base", "", "<base href=http://example.com/"+fill("x/", 20_000)+">", "<a href=b>b</a><img src=c>"),
		html("raw text", "", "<script></", "<noscript></b"),
		html("markup in comments", "", "<!--[if a]><a href=//a.example/>", "<img src=//a.example>]>-->"),
		html("documents in attributes", "", "<iframe srcdoc='<p style=\"a:url(//a.example/)\">'>", "<iframe src='data:text/html,<b>'>"),
		html("hosts", "", "a.com/b.com/", "http://a.b/"),
		html("open brackets", "", "http://a.example/(", "x>"),
		html("one address up to a bracket", "", "http://a.example/", "x@a.example>"),
	}
}

// CSS are pages with style sheets and with style attributes.
func CSS() []Shape {
	sheet := func(name, before, unit, page string) Shape {
		return Shape{"css " + name, "text/html; charset=utf-8", "", func(n int) []byte {
			return []byte("<html><style>" + before + fill(unit, n/2) + "</style><body>" + fill(page, n/2))
		}}
	}
	var rules, classes strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&rules, ".c%d{color:red}", i)
		fmt.Fprintf(&classes, "c%d ", i)
	}
	return []Shape{
		sheet("rules for each element", "", "p,.a,#b,*{color:red}", "<p class=a id=b>x"),
		sheet("classes of each element", rules.String(), ".x{color:red}", "<p class='"+classes.String()+"'>x"),
		sheet("selectors", "", "a,b,.c,#d ", "<b class='c c c c c c c c'>"),
		sheet("open blocks", "", "@x{", "<b>"),
		sheet("comments", "", "a/*{}*/b{/*x*/color:red}", "<b>"),
		sheet("sheets", "", "a{color:red}</style><style>", "<style>p{color:red}</style><p>x"),
		sheet("open parentheses", "", "a{b:(;", "<b style='a(;a(;a(;a(;a(;a(;'>"),
		sheet("colours", "", "a{color:rgb(", "<b style='color:rgb(1,2,3) red blue #fff'>"),
		sheet("pictures", "", "a{b:image-set('//a.example/' 1x,\\75rl(x))", "<b style='a:image-set(\"a\",'>"),
		html("css declarations", "<p style='", "a(;", "a:b;"),
		html("css parentheses and quotes", "<p style=\"", "a(';", "a('';"),
		html("css colours", "<p style='color:", "red ", "rgb("),
		html("css fonts", "<p style='font:", "1px ", "12px/0 "),
	}
}

// Charsets are texts that ask for much decoding and guessing.
func Charsets() []Shape {
	text := func(name, charset, unit string) Shape {
		return Shape{"charset " + name, "text/plain" + charset, "", func(n int) []byte { return []byte(fill(unit, n)) }}
	}
	parts := func(name, head, body string) Shape {
		return Shape{"charset " + name, "multipart/mixed; boundary=b", "", func(n int) []byte {
			return []byte(fill("--b\r\n"+head+"\r\n\r\n"+body+"\r\n", n))
		}}
	}
	header := func(name, unit string) Shape {
		return Shape{"charset " + name, "text/plain", "", func(n int) []byte { return []byte(fill(unit, n)) }}
	}
	return []Shape{
		text("escapes", "; charset=iso-2022-jp", "\x1b$B\x1b(B"),
		text("escapes without label", "", "\x1b$B\x1b(J"),
		text("Korean escapes", "; charset=iso-2022-kr", "\x1b$)C\x0e!!\x0f"),
		text("shifts", "; charset=utf-7", "+-+AGE-"),
		text("tildes", "; charset=hz-gb-2312", "~{!!~}"),
		text("surrogates", "; charset=utf-16", "\xd8\x00"),
		text("wide", "; charset=utf-32", "\x00\x11\x00\x00"),
		text("stray bytes", "; charset=utf-8", "\xff\xfea"),
		text("marks", "; charset=utf-8", "a\u0300\u0300\u0300\u0300"),
		text("joiners", "; charset=utf-8", "\u200d\U0001f468"),
		text("marks behind colons", "; charset=utf-8", "a:\u0300"),
		text("no label", "", "\xcf\xf0\xe8\xe2\xe5\xf2 "),
		parts("parts without label", "Content-Type: text/plain", "\xcf\xf0\xe8\xe2\xe5\xf2"),
		parts("long parts without label", "Content-Type: text/plain", strings.Repeat("\xcf\xf0\xe8\xe2\xe5\xf2 ", 140)),
		parts("parts of odd labels", "Content-Type: text/plain; charset=x-none", "\xcf\xf0\xe8\xe2\xe5\xf2"),
		parts("file names", "Content-Type: a/b; name=\"\xcf\xf0\xe8\xe2\xe5\xf2.exe\"", "x"),
		parts("many types of parts", strings.TrimSpace(strings.Repeat("Content-Type: text/plain; name=\"\xcf\xf0\xe8\"\r\n", 20)), "x"),
		header("text", "\xc3\xa4 \xe4 "),
	}
}

// Headers are messages whose header is the shape.
func Headers() []Shape {
	field := func(name, before, unit string) Shape {
		return Shape{"header " + name, "", "", func(n int) []byte {
			return []byte("From: ann@example.org\r\nTo: bob@example.net\r\n" + before + fill(unit, n) + "\r\n\r\nx\r\n")
		}}
	}
	return []Shape{
		field("words of two charsets", "Subject: ", "=?x?q?=cf=f0?= =?y?q?=e8?="),
		field("words and eight-bit text", "Subject: ", "=?utf-8?q?a?= \xcf\xf0\xe8 "),
		field("fields of eight-bit text", "X: y\r\n", "Subject: \xcf\xf0\xe8\xe2\r\n"),
		field("fields of many words", "X: y\r\n", "X: =?x?q?=cf=f0=e8?= =?y?q?=e2?= \xcf\r\n"),
		field("lists of eight-bit text", "X: y\r\n", "Cc: \xcf\xf0\xe8 <a@example.org>, \xcf \xf0 <b@example.org>\r\n"),
		field("types in eight bits", "X: y\r\n", "Content-Type: text/plain; name=\"\xcf\xf0\xe8\"\r\n"),
		field("addresses of eight-bit text", "Cc: ", "\xcf\xf0\xe8 <a@example.org>, "),
		field("comments", "Cc: a@example.org ", "(a)"),
		field("comments of fields", "X: y\r\n", "Cc: a@example.org (a)(b)\r\n"),
		field("words in addresses", "Cc: ", "=?x?q?=cf=f0?= <a@example.org>, "),
		field("parameters in eight bits", "Content-Type: text/plain", "; a=\"\xcf\xf0\""),
		field("traces", "Received: from a ", "(a [192.0.2.1]) by b "),
		field("parentheses of traces", "Received: from a ", "(a (b"),
		field("sections in many charsets", "Content-Type: text/plain", "; a*=x''%cf%f0"),
	}
}

// Nested returns messages in messages, each in the transfer encoding of that
// name, around n bytes of text.
func Nested(encoding string, depth, n int) []byte {
	b := []byte("Subject: inner\r\n\r\n" + fill("hello world ", n))
	for range depth {
		var o bytes.Buffer
		o.WriteString("Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n")
		if encoding == "base64" {
			Base64(&o, b)
		} else {
			o.Write(b)
		}
		b = o.Bytes()
	}
	return b
}
