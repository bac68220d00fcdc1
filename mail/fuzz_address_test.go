package mail

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"<>", "<a@b.example>", `"a\" b"@example.org`, "<@r.example,@s.example:a@[IPv6:2001:db8::1]>", "a@b@c", "ä@ö.example", "< a@b. >", "a@b c@d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a := ParseAddress(s)
		if a.Valid && a.Is8Bit {
			t.Errorf("%q: valid and 8-bit: %+v", s, a)
		}
		if a.Valid && a.Addr != "" && !a.Quoted && !a.Literal {
			if b := ParseAddress(a.Addr); !b.Valid || b.Addr != a.Addr || b.Domain != a.Domain {
				t.Errorf("%q: %+v reads back as %+v", s, a, b)
			}
		}
	})
}

func FuzzParseAddressList(f *testing.F) {
	for _, s := range []string{"a@b.example, C D <c@d.example>; e", `G (x): "q, r" <a@b.example>, c@d.example;`, "a@b <c@d>", `"unclosed <a@b.example>`, "(((a@b", "x :( <a@b>", "=?utf-8?q?=C3?= <a@b>", "a\r\n b@c\r\nd", "<@a:b@c>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		as := ParseAddressList(s, 50)
		if len(as) > 50 {
			t.Errorf("%d addresses", len(as))
		}
		for _, a := range as {
			if !utf8.ValidString(a.Name) || !utf8.ValidString(a.Comment) || !utf8.ValidString(a.Group) {
				t.Errorf("%q: name is not UTF-8: %+v", s, a)
			}
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"Mon, 2 Jan 2006 15:04:05 -0700", "2 Jan 06 15:04 EST", "Mon, 2 Jan (a(b)) 2006 15.04.05 +0530 (x)", "by x; 2/1/06 1:2:3", "4 8 15 16 23 42", "Mon, 2 Jan 2006 15:04:05 +0000 ("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		strict, ok := ParseSMTPDate(s)
		loose, looseOK := ParseDate(s)
		if ok && (!looseOK || !strict.Equal(loose)) {
			t.Errorf("%q: %v and %v", s, strict, loose)
		}
	})
}

func FuzzReceived(f *testing.F) {
	for _, s := range []string{
		"from a.example (b.example [192.0.2.1]) by c.example (Postfix) with ESMTPS id 4F for <d@e.example>; Mon, 2 Nov 2026 10:00:00 +0100",
		"from x ([192.0.2.1]:25 helo=h) by y with esmtpsa (TLS1.3:X) id 1; 2 Nov 2026", "(qmail 1 invoked by uid 2); 1 Jan 2020 00:00:00 -0000",
		"from ([192.0.2.1] (", "FROM a BY b WITH c", "from a[192.0.2.1]by b;", "(from u@h) by x", "([])BY 0(", ") (z [198.51.100.1]) by z with esmtpsa (", "x (z [198.51.100.1]) by z with ESMTPSA (authenticated)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ParseReceived(s)
		new(hopReader).read(s)
		if len(s) > 8000 || strings.ContainsAny(s, "\r\n") { // values are unfolded
			return
		}
		// Whatever a client says in HELO, or its host by ident, the rest stands.
		for _, form := range []string{
			"from %s (r.example [192.0.2.1]) by s.example (Postfix) with SMTP id 1; 2 Nov 2026 10:00:00 +0000",
			"from r.example ([192.0.2.1] helo=pc ident=%s) by s.example with smtp (Exim 4.96) id 1; 2 Nov 2026 10:00:00 +0000",
		} {
			r := ParseReceived(strings.Replace(form, "%s", s, 1))
			if r.Seen.IP.String() != "192.0.2.1" || r.By != "s.example" || r.With != "SMTP" || r.Authenticated {
				t.Errorf("%q: %+v", s, r)
			}
		}
	})
}

func BenchmarkParseAddress(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ParseAddress("list-bounces+bob=example.net@lists.example.org")
	}
}

func BenchmarkParseAddressList(b *testing.B) {
	const list = `"Doe, Jane" <jane.doe@example.org>, =?utf-8?q?J=C3=B6rg?= <joerg@example.net>, bob@example.com (Bob), Team <team@lists.example.org>`
	b.ReportAllocs()
	for b.Loop() {
		ParseAddressList(list, 0)
	}
}

func BenchmarkParseSMTPDate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ParseSMTPDate("Mon, 2 Nov 2026 10:00:00 +0100 (CET)")
	}
}

const benchReceived = "from a.example.org (b.example.org [192.0.2.1]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) " +
	"by mx.example.net (Postfix) with ESMTPS id 4F2A for <bob@example.net>; Mon,  2 Nov 2026 10:00:00 +0100 (CET)"

func BenchmarkParseReceived(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ParseReceived(benchReceived)
	}
}
