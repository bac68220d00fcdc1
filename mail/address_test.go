package mail

import (
	"strings"
	"testing"
	"time"
)

func TestParseAddress(t *testing.T) {
	tests := []struct {
		in, addr, user, domain string
		valid                  bool
	}{
		{"<>", "", "", "", true},
		{" <ann@example.org> ", "ann@example.org", "ann", "example.org", true},
		{"< ann@example.org >", "ann@example.org", "ann", "example.org", true},
		{"ann@example.org.", "ann@example.org", "ann", "example.org", true},
		{"<@relay.example,@b.example:ann@example.org>", "ann@example.org", "ann", "example.org", true},
		{`"a b\"c"@example.org`, `a b"c@example.org`, `a b"c`, "example.org", true},
		{"ann@[192.0.2.1]", "ann@[192.0.2.1]", "ann", "192.0.2.1", true},
		{"ann@[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]", "ann", "IPv6:2001:db8::1", true},
		{"ann@[x:y]", "ann@[x:y]", "ann", "x:y", true},
		{"żółw@przykład.example", "żółw@przykład.example", "żółw", "przykład.example", true},
		{"ann@ex_ample.org", "ann@ex_ample.org", "ann", "ex_ample.org", true},
		{"ann@-example.org", "ann@-example.org", "ann", "-example.org", false},
		{"a..b@example.org", "a..b@example.org", "a..b", "example.org", false},
		{"ann@example.org>", "ann@example.org>", "ann", "example.org>", false},
		{"ann@[300.2]", "ann@[300.2]", "ann", "[300.2]", false},
		{"<@relay ann@example.org>", "@relay ann@example.org", "@relay ann", "example.org", false},
		{"ann", "ann", "", "", false},
		{"", "", "", "", false},
		{"\xffx@example.org", "\xffx@example.org", "\xffx", "example.org", false},
	}
	for _, tt := range tests {
		a := ParseAddress(tt.in)
		if a.Addr != tt.addr || a.User != tt.user || a.Domain != tt.domain || a.Valid != tt.valid {
			t.Errorf("ParseAddress(%q) = %+v", tt.in, a)
		}
	}
	if !ParseAddress("\xffx@example.org").Is8Bit {
		t.Error("raw 8-bit not seen")
	}
}

// show renders a list as "name|addr" pieces; invalid addresses end in "!".
func show(as []Address) string {
	var out []string
	for _, a := range as {
		s := a.Name + "|" + a.Addr
		if a.Group != "" {
			s = a.Group + ":" + s
		}
		if a.Comment != "" {
			s += "(" + a.Comment + ")"
		}
		if !a.Valid {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestParseAddressList(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"a@example.org, B <b@example.org>", "|a@example.org B|b@example.org"},
		{"a@example.org <b@example.net>", "a@example.org|b@example.net"},
		{"a@example.org; b@example.org;", "|a@example.org |b@example.org"},
		{`"Doe, Jane" <j@example.org>`, "Doe, Jane|j@example.org"},
		{`"J. \"Q\" Doe"<j@example.org>`, `J. "Q" Doe|j@example.org`},
		{`Jane "Q" Doe <j@example.org>`, "Jane Q Doe|j@example.org"},
		{`"a;b"@example.org`, "|a;b@example.org"},
		{"j@example.org (Jane (Q) Doe), k@example.org", "|j@example.org(Jane (Q) Doe) |k@example.org"},
		{"Jane :( <j@example.org>", "Jane :(|j@example.org"},
		{"x(y) <j@example.org>) , k@example.org", "x|j@example.org(y) |k@example.org"},
		{"Team: a@example.org, B <b@example.org>; c@example.org", "Team:|a@example.org Team:B|b@example.org |c@example.org"},
		{"undisclosed-recipients:;", ""},
		{"Re: hello <a@example.org>", "Re: hello|a@example.org"},
		{"Jane Doe", "Jane Doe|!"},
		{"Jane j@example.org", "|Jane j@example.org!"},
		{"<j@example.org", "|j@example.org!"},
		{`"Jane <j@example.org>`, "Jane|j@example.org"},
		{"<>", "|"},
		{"a@example.org\r\n ,b@example.org\r\nc@example.org", "|a@example.org |b@example.org"},
		{"=?utf-8?q?J=C3=A4n?= <j@example.org>", "Jän|j@example.org"},
	}
	for _, tt := range tests {
		if got := show(ParseAddressList(tt.in, 0)); got != tt.want {
			t.Errorf("ParseAddressList(%q)\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
	if got := ParseAddressList(strings.Repeat("a@example.org,", 20), 7); len(got) != 7 {
		t.Errorf("limit 7 gave %d addresses", len(got))
	}
}

func TestDates(t *testing.T) {
	tests := []struct {
		in            string
		strict, loose bool
		want          string // RFC 3339
	}{
		{"Mon, 2 Jan 2006 15:04:05 -0700", true, true, "2006-01-02T15:04:05-07:00"},
		{"2 Jan 06 15:04 EST", true, true, "2006-01-02T15:04:00-05:00"},
		{"2 Jan 70 15:04 Z (of (old) times)", true, true, "1970-01-02T15:04:00Z"},
		{"Mon, 2 Jan 2006 15:04:05", false, true, "2006-01-02T15:04:05Z"},
		{"mon, 2 january 2006 3:4:5 +0100", false, true, "2006-01-02T03:04:05+01:00"},
		{"Mon, 2 Jan (x) 2006 15.04.05 +0530", false, true, "2006-01-02T15:04:05+05:30"},
		{"2/1/2006 15:04:05", false, true, "2006-01-02T15:04:05Z"},
		{"Mon, 32 Jan 2006 15:04:05 +0000", false, false, ""},
		{"Mon, 2 Jan 2006 24:04:05 +0000", false, false, ""},
		{"Mon, 2 Jan 2006 15:60 +0000", false, false, ""},
		{"Jan 2 2006 15:04", false, false, ""},
		{"Mon, 2 Jan 2006 15:04:05 +0000 (", false, true, "2006-01-02T15:04:05Z"},
		{"", false, false, ""},
	}
	for _, tt := range tests {
		if _, ok := ParseSMTPDate(tt.in); ok != tt.strict {
			t.Errorf("ParseSMTPDate(%q) ok = %v", tt.in, ok)
		}
		got, ok := ParseDate(tt.in)
		if ok != tt.loose || ok && got.Format(time.RFC3339) != tt.want {
			t.Errorf("ParseDate(%q) = %v, %v", tt.in, got, ok)
		}
	}
}
