package mail

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDecodeText(t *testing.T) {
	cases := []struct{ in, want string }{
		{"plain", "plain"},
		{"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"},
		{"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"},
		{"a =?utf-8?q?b?= c", "a b c"},
		{"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?=C3?= =?utf-8?q?=BC?=", "ü"},           // split in a character
		{"=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ==?=", "Grüße"}, // and so in base64
		{"=?utf-8?B?R3LDv?= =?utf-8?B?MOfZQ==?=", "Grüße"}, // split in a quantum
		{"=?utf-8?B?R3LDvMOfZQ?=", "Grüße"},                // padding missing
		{"=?utf-8?B?R3LDvMOfZQ==", "Grüße"},                // end missing
		{"=?utf-8*de?q?=C3=BC?=", "ü"},                     // language
		{"=?utf-8?q?with space?=", "with space"},           // not allowed, seen
		{"=?utf-8?q?what??=", "what?"},                     // question mark
		{"=?utf-8?q?a_b?=", "a b"},                         //
		{"=?utf-8?x?abc?=", "=?utf-8?x?abc?="},             // no such encoding
		{"=?utf-8?q?open", "=?utf-8?q?open"},               //
		{"[list]=?utf-8?q?a?=", "[list] a"},                // touching
		{"\"=?utf-8?q?a?=\" <a@b>", "\"a\" <a@b>"},         //
		{"=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=BC?=", "üü"},  //
		{"=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=", "日本"},
		{"a =?b =?utf-8?q?c?=", "a =?b c"},
		{"tab\tand\x7f", "tab and?"},
	}
	for _, c := range cases {
		if got := DecodeText(c.in); got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestContentType(t *testing.T) {
	cases := []struct{ in, full, name, charset, boundary string }{
		{"text/plain; charset=UTF-8", "text/plain", "", "utf-8", ""},
		{"Text/HTML;charset=\"utf-8\";name=a.html", "text/html", "a.html", "utf-8", ""},
		{"multipart/mixed; boundary=\"a b\"", "multipart/mixed", "", "", "a b"},
		{"application/pdf; name=\"a\\\"b.pdf\"", "application/pdf", "a\"b.pdf", "", ""},
		{"application/pdf; name=\"a\"b\".pdf\"", "application/pdf", "a\"b\".pdf", "", ""},
		{"application/pdf; name=my file.pdf", "application/pdf", "my file.pdf", "", ""},
		{"application/pdf; name*=utf-8''%C3%BC.pdf", "application/pdf", "ü.pdf", "", ""},
		{"application/pdf; name*0=a; name*1=b; name*2=.pdf", "application/pdf", "ab.pdf", "", ""},
		{"application/pdf; name*1*=%C3%BC.pdf; name*0*=utf-8''x", "application/pdf", "xü.pdf", "", ""},
		{"application/pdf; name=\"=?utf-8?q?=C3=BC?=.pdf\"", "application/pdf", "ü.pdf", "", ""},
		{"application/pdf; name=plain.pdf; name*=utf-8''%C3%BC.pdf", "application/pdf", "ü.pdf", "", ""},
		{"text/plain charset=utf-8", "text/plain", "", "utf-8", ""},
		{"text/plain (note); charset=(really)utf-8", "text/plain", "", "(really)utf-8", ""},
		{"text / plain", "text/plain", "", "", ""},
	}
	for _, c := range cases {
		ct, ok := ParseContentType(c.in)
		if !ok || ct.Full() != c.full || ct.Param("name") != c.name || ct.Charset != c.charset || ct.Boundary != c.boundary {
			t.Errorf("%q: got %+v", c.in, ct)
		}
	}
	for _, in := range []string{"", ";", " ; a=b", "/plain"} {
		if ct, ok := ParseContentType(in); ok {
			t.Errorf("%q: got %+v", in, ct)
		}
	}
}

func TestFoldHeader(t *testing.T) {
	long := strings.Repeat("word ", 40)
	for line := range strings.SplitSeq(FoldHeader("Subject", long, ""), "\r\n\t") {
		if len(line) > foldWidth {
			t.Errorf("line of %d bytes", len(line))
		}
	}
	if got := FoldHeader("X", "a,b,c", ","); got != "a,\r\n\tb,\r\n\tc" {
		t.Errorf("got %q", got)
	}
	if got := FoldHeader("X", "a,b,", ","); got != "a,\r\n\tb," {
		t.Errorf("got %q", got)
	}
}

func TestParseMessageIDs(t *testing.T) {
	got := strings.Join(ParseMessageIDs("<a@b> (note) <c\r\n @d> <open"), "|")
	if got != "a@b|c@d|open" {
		t.Errorf("got %q", got)
	}
}

func FuzzDecodeText(f *testing.F) {
	f.Add("=?utf-8?B?R3LDvMOfZQ==?= =?utf-8?q?a_=3D?= x")
	f.Add("=?=?utf-8?q??=?==?iso-2022-jp?b?GyRC")
	f.Fuzz(func(t *testing.T, s string) {
		if got := DecodeText(s); !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\t\x00") {
			t.Errorf("%q: got %q", s, got)
		}
		ParseMessageIDs(s)
		if un := strings.NewReplacer("\r\n\t", "", " ", "").Replace(FoldHeader("A", s, "")); un != strings.NewReplacer("\r\n\t", "", " ", "").Replace(s) && !strings.ContainsAny(s, "\r\n\t") {
			t.Errorf("folding changed %q to %q", s, un)
		}
	})
}

func FuzzContentType(f *testing.F) {
	f.Add("application/pdf; name*0*=utf-8'en'%C3; name*1*=%BC; x=\"a\\\"b\"c\"")
	f.Add("(c) text (d)/plain; =; a; b=; c==?utf-8?q?x?=")
	f.Fuzz(func(t *testing.T, s string) {
		ct, _ := ParseContentType(s)
		for _, p := range append(ct.Params, ParseDisposition(s).Params...) {
			if !utf8.ValidString(p.Value) {
				t.Errorf("%q: %q is not UTF-8", s, p.Value)
			}
		}
	})
}

// TestFoldPieces: texts that are longer than the piece that is folded at once.
func TestFoldPieces(t *testing.T) {
	for n := range 700 {
		s := strings.Repeat("Ab\r\n\n", n/5) + strings.Repeat("C", n%5)
		want := strings.Repeat("ab ", n/5) + strings.Repeat("c", n%5)
		if got := fold(s); got != want {
			t.Fatalf("%d bytes: %q, want %q", n, got, want)
		}
	}
}
