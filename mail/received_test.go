package mail

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func showHop(r *Received) string {
	s := fmt.Sprintf("name=%s helo=%s by=%s with=%s for=%s", r.FromName, r.Helo, r.By, r.With, r.For)
	if r.IP.IsValid() {
		s += " ip=" + r.IP.String()
	}
	if r.TLS {
		s += " tls"
	}
	if r.Authenticated {
		s += " auth"
	}
	if !r.Time.IsZero() {
		s += " " + r.Time.UTC().Format("2006-01-02T15:04")
	}
	return s
}

func TestParseHop(t *testing.T) {
	const date = "; Mon, 2 Nov 2026 10:00:00 +0100"
	tests := []struct{ in, want string }{
		{"from a.example (b.example [192.0.2.1]) by c.example (Postfix) with ESMTPS id 4F\tfor <d@e.example>" + date,
			"name=b.example helo=a.example by=c.example with=ESMTPS for=<d@e.example> ip=192.0.2.1 tls 2026-11-02T09:00"},
		{"from a.example (unknown [IPv6:2001:db8::1]) (using TLSv1.3 with cipher X (256/256 bits)) by c.example with ESMTPSA id 1" + date,
			"name= helo=a.example by=c.example with=ESMTPSA for= ip=2001:db8::1 tls auth 2026-11-02T09:00"},
		{"from localhost ([192.0.2.1]:49019 helo=h.example)\n by c.example with esmtp (Exim 4.9)",
			"name= helo=localhost by=c.example with=ESMTP for= ip=192.0.2.1"},
		{"from [192.0.2.2] ([192.0.2.1]) by c.example with HTTP", "name= helo=192.0.2.2 by=c.example with=HTTP for= ip=192.0.2.1"},
		{"from a.example[192.0.2.1] by c.example", "name=a.example helo=a.example by=c.example with= for= ip=192.0.2.1"},
		{"from a.example ([]) by c.example with SMTP", "name=a.example helo=a.example by=c.example with=SMTP for="},
		{"by 192.0.2.7 with SMTP id x; nonsense", "name= helo= by=192.0.2.7 with=SMTP for="},
		{"(comment (nested)) by c.example with Microsoft SMTP Server id 1" + date, "name= helo= by=c.example with= for= 2026-11-02T09:00"},
		{"from a\x00.example (b.exa\x01mple [192.0.2.1]) by c.example", "name=b.example helo=a.example by=c.example with= for= ip=192.0.2.1"},
	}
	for _, tt := range tests {
		r, ok := parseHop(tt.in)
		if got := showHop(&r); !ok || got != tt.want {
			t.Errorf("parseHop(%q) = %v\n got %s\nwant %s", tt.in, ok, got, tt.want)
		}
	}
	for _, in := range []string{"", "(qmail 1 invoked by uid 2)", "(open", "from", "from (open", "with SMTP", "from a by b c", "from (192.0.2.1) by c.example"} {
		if r, ok := parseHop(in); ok {
			t.Errorf("parseHop(%q) = %s", in, showHop(&r))
		}
	}
}

func TestParseReceived(t *testing.T) {
	r := ParseReceived("from a.example (HELO h.example) (ann@b.example [192.0.2.1]) (using TLSv1.2 with cipher AES-GCM-SHA384)\r\n" +
		"\tby c.example via tcp with ESMTPSA id <4F> for <d@e.example>; 2 Nov 2026 10:00:00 +0100")
	want := Received{
		From: "a.example", Helo: "h.example", IP: netip.MustParseAddr("192.0.2.1"), By: "c.example", Via: "tcp",
		With: "ESMTPSA", For: "d@e.example", ID: "4F", Ident: "ann@b.example", TLS: true, TLSVersion: "TLSv1.2",
		TLSCipher: "AES-GCM-SHA384", Authenticated: true, Time: r.Time,
	}
	if r != want || r.Time.Unix() != 1793610000 {
		t.Errorf("got %+v", r)
	}
	if r := ParseReceived("(qmail 1 invoked from network); 2 Nov 2026 10:00:00 -0000"); r.From != "" || r.By != "" || r.Time.IsZero() {
		t.Errorf("got %+v", r)
	}
}

func TestHops(t *testing.T) {
	const chain = "Received: from a.example (a.example [192.0.2.1]) by b.example with ESMTPS id 1\r\n" +
		"Received: (nonsense)\r\n" +
		"Received: by c.example with SMTP id 2\r\n\r\n"
	client := netip.MustParseAddr("192.0.2.1")
	tests := []struct {
		ip   netip.Addr
		want int
	}{
		{netip.Addr{}, 2},
		{client, 2},
		{netip.MustParseAddr("::ffff:192.0.2.1"), 2},
		{netip.MustParseAddr("192.0.2.99"), 3},
	}
	for _, tt := range tests {
		m := Parse([]byte(chain), Envelope{ClientIP: tt.ip, ClientName: "x.example", User: "u"}, Limits{})
		hops := m.Hops()
		if len(hops) != tt.want || hops[0].Artificial != (tt.want == 3) {
			t.Errorf("%v: %d hops", tt.ip, len(hops))
		}
		if hops[0].Artificial && (hops[0].FromName != "x.example" || !hops[0].Authenticated || hops[0].Field != nil) {
			t.Errorf("artificial hop %+v", hops[0])
		}
		if len(m.Received()) != 3 {
			t.Errorf("%d Received", len(m.Received()))
		}
	}
	m := Parse([]byte(chain), Envelope{}, Limits{})
	if ip, name := m.Client(); ip != client || name != "a.example" {
		t.Errorf("client %v %q", ip, name)
	}
	if hops := Parse([]byte("Subject: x\r\n\r\n"), Envelope{ClientIP: client}, Limits{}).Hops(); hops != nil {
		t.Errorf("hops without Received: %v", hops)
	}
}

func TestEnvelope(t *testing.T) {
	raw := []byte("Return-Path: <rp@example.org>\r\nFrom: A <a@example.org>\r\nCc: c@example.org\r\nTo: t@example.org\r\n" +
		"Bcc: undisclosed\r\nReply-To: r@example.org, s@example.org\r\nFrom: B\r\n\r\n")
	m := Parse(raw, Envelope{Rcpts: []string{"x@example.net", "broken"}}, Limits{})
	if a := m.EnvelopeFrom(); a.Addr != "rp@example.org" || !a.Valid {
		t.Errorf("sender %+v", a)
	}
	if a := Parse(raw, Envelope{HasFrom: true}, Limits{}).EnvelopeFrom(); a.Addr != "" || !a.Valid {
		t.Errorf("null sender %+v", a)
	}
	if a := Parse([]byte("\r\n"), Envelope{}, Limits{}).EnvelopeFrom(); a.Valid {
		t.Errorf("unknown sender %+v", a)
	}
	if r := m.EnvelopeRcpts(); len(r) != 2 || r[0].User != "x" || r[1].Valid {
		t.Errorf("recipients %+v", r)
	}
	if !m.badEnvelope() || Parse(raw, Envelope{From: "a@b.example"}, Limits{}).badEnvelope() {
		t.Error("broken recipient not seen")
	}
	if got := show(m.Recipients()); got != "|c@example.org |t@example.org" {
		t.Errorf("recipients %s", got)
	}
	if got := show(m.From()) + ";" + show(m.ReplyTo()) + ";" + show(m.Bcc()); got != "A|a@example.org;|r@example.org |s@example.org;" {
		t.Errorf("lists %s", got)
	}
}

// TestLinear feeds what makes naive parsers quadratic.
func TestLinear(t *testing.T) {
	for _, piece := range []string{"(", ")", "<", ">", `"`, `\`, ":", ";", "@", "=?", "a@b,", "\r\n ", "from (", "[", "x(y", "helo "} {
		s := strings.Repeat(piece, 1<<20/len(piece))
		ParseAddressList(s, 0)
		ParseAddress(s)
		ParseDate(s)
		ParseDate("Mon, 2 Nov 2026 10:00:00 " + s)
		ParseReceived("from " + s)
		parseHop("from a by b " + s)
	}
}
