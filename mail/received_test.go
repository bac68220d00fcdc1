package mail

import (
	"net/netip"
	"strings"
	"testing"
)

func showHop(r *Received) string {
	var out []string
	add := func(what, value string) {
		if value != "" {
			out = append(out, what+"="+value)
		}
	}
	if r.Seen.IP.IsValid() {
		add("ip", r.Seen.IP.String())
	}
	add("name", r.Seen.Name)
	if r.Seen.Unverified {
		out = append(out, "unverified")
	}
	add("helo", r.Said.Helo)
	add("ident", r.Said.Ident)
	add("by", r.By)
	add("with", r.With)
	if r.TLS {
		out = append(out, "tls")
	}
	if r.Authenticated {
		out = append(out, "auth")
	}
	return strings.Join(out, " ")
}

// The forms of servers, each with what the server saw and what the client said.
func TestReceivedForms(t *testing.T) {
	for _, tt := range []struct{ server, in, want string }{
		{"Postfix", "from pc.example (r.example [192.0.2.1]) by s.example (Postfix) with ESMTPS id 4F for <d@e.example>", "ip=192.0.2.1 name=r.example helo=pc.example by=s.example with=ESMTPS tls"},
		{"Postfix, IPv6", "from pc (unknown [IPv6:2001:db8::1]) by s.example (Postfix) with SMTP id 4F", "ip=2001:db8::1 helo=pc by=s.example with=SMTP"},
		{"Postfix, literal", "from [198.51.100.1] (unknown [192.0.2.1]) by s.example (Postfix) with ESMTP id 4F", "ip=192.0.2.1 helo=198.51.100.1 by=s.example with=ESMTP"},
		{"Postfix, no address", "from pc [198.51.100.1] (unknown [unknown]) by s.example (Postfix) with ESMTP id 4F", "helo=pc by=s.example with=ESMTP"},
		{"Postfix, login", "from pc (r.example [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) (Client did not present a certificate) (Authenticated sender: ann@e.example) by s.example (Postfix) with ESMTPSA id 4F", "ip=192.0.2.1 name=r.example helo=pc ident=ann@e.example by=s.example with=ESMTPSA tls auth"},
		{"Postfix, login by comment", "from pc (r.example [192.0.2.1]) (Authenticated sender: ann) by s.example (Postfix) with ESMTP id 4F", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTP auth"},
		{"Exim", "from r.example ([192.0.2.1]:4901 helo=pc.example) by s.example with esmtps (TLS1.3) tls X (Exim 4.96) (envelope-from <a@b.example>) id 1-2", "ip=192.0.2.1 name=r.example helo=pc.example by=s.example with=ESMTPS tls"},
		{"Exim, helo is the name", "from r.example ([192.0.2.1]) by s.example with esmtp (Exim 4.96) id 1-2", "ip=192.0.2.1 name=r.example helo=r.example by=s.example with=ESMTP"},
		{"Exim, no name", "from [192.0.2.1] (helo=[198.51.100.1]) by s.example with esmtp (Exim 4.96) id 1", "ip=192.0.2.1 helo=198.51.100.1 by=s.example with=ESMTP"},
		{"Exim, port", "from [192.0.2.1] (port=25 helo=[IPv6:2001:db8::9] ident=joe) by s.example with esmtpsa (Exim 4.96) id 1", "ip=192.0.2.1 helo=IPv6:2001:db8::9 ident=joe by=s.example with=ESMTPSA tls auth"},
		{"Exim, port outside", "from [192.0.2.1]:4901 (helo=[198.51.100.1]) by s.example with asmtp (Exim 4.1) id 1", "ip=192.0.2.1 helo=198.51.100.1 by=s.example with=ASMTP auth"},
		{"Exim, no HELO", "from [192.0.2.1] by s.example with smtp (Exim 4.96) id 1", "ip=192.0.2.1 by=s.example with=SMTP"},
		{"Exim, no own name", "from [192.0.2.1] (helo=pc ident=[198.51.100.1]) by s.example with esmtp id 1", "ip=192.0.2.1 helo=pc ident=198.51.100.1 by=s.example with=ESMTP"},
		{"Exim, local", "from www-data by s.example with local (Exim 4.96) id 1", "helo=www-data by=s.example with=LOCAL"},
		{"Exim, login name", "from r.example ([192.0.2.1] helo=pc) by s.example with esmtpsa (Exim 4.63) id 1 by authid <ann> with cram_md5", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTPSA tls auth"},
		{"Sendmail", "from pc (r.example [192.0.2.1] (may be forged)) (authenticated bits=0) by s.example (8.17/8.17) with ESMTP id 1", "ip=192.0.2.1 name=r.example unverified helo=pc by=s.example with=ESMTP auth"},
		{"Sendmail, ident", "from pc (IDENT:joe@r.example [192.0.2.1]) by s.example (8.17/8.17) with SMTP id 1", "ip=192.0.2.1 name=r.example helo=pc ident=joe by=s.example with=SMTP"},
		{"maddy", "from pc (r.example [192.0.2.1]) by s.example with UTF8ESMTPSA id 1", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=UTF8SMTPSA tls auth"},
		{"Sendmail, an address as ident", "from pc ([198.51.100.1]@r.example [192.0.2.1]) by s.example (8.17/8.17) with SMTP id 1", "ip=192.0.2.1 name=r.example helo=pc ident=[198.51.100.1] by=s.example with=SMTP"},
		{"Sendmail, login without TLS", "from pc ([192.0.2.1]) (authenticated) by s.example with ESMTP id 1", "ip=192.0.2.1 helo=pc by=s.example with=ESMTP auth"},
		{"qmail", "from unknown (HELO pc) (192.0.2.1) by s.example with SMTP", "ip=192.0.2.1 helo=pc by=s.example with=SMTP"},
		{"qmail, ident", "from r.example (HELO [198.51.100.1]) (joe@192.0.2.1) by s.example with SMTP", "ip=192.0.2.1 name=r.example helo=198.51.100.1 ident=joe by=s.example with=SMTP"},
		{"qmail, ident of addresses", "from unknown (HELO pc) (x@198.51.100.1@192.0.2.1) by s.example with ESMTPA", "ip=192.0.2.1 helo=pc ident=x@198.51.100.1 by=s.example with=ESMTPA auth"},
		{"Zimbra", "from s.example (LHLO s.example) (192.0.2.1) by s.example with LMTP", "ip=192.0.2.1 name=s.example helo=s.example by=s.example with=LMTP"},
		{"Courier", "from pc (r.example [::ffff:192.0.2.1]) (AUTH: LOGIN ann@e.example, TLS: TLSv1.2,256bits,X) by s.example with ESMTPSA id 1", "ip=::ffff:192.0.2.1 name=r.example helo=pc ident=ann@e.example by=s.example with=ESMTPSA tls auth"},
		{"Courier, login by comment", "from pc ([::ffff:192.0.2.1]) (AUTH: PLAIN ann) by s.example with esmtp; x", "ip=::ffff:192.0.2.1 helo=pc by=s.example with=ESMTP auth"},
		{"Exchange", "from MB.example (192.0.2.1) by MX.example (2001:db8::2) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_AES_SHA384) id 15.20", "ip=192.0.2.1 helo=MB.example by=MX.example with=SMTP"},
		{"Exchange, IPv6", "from MB.example (2001:db8::1) by MX.example (192.0.2.2) with mapi id 15", "ip=2001:db8::1 helo=MB.example by=MX.example"},
		{"Gmail", "from pc.example (r.example. [192.0.2.1]) by mx.google.com with ESMTPS id x for <a@b.example> (version=TLS1_3 cipher=X bits=256/256)", "ip=192.0.2.1 name=r.example. helo=pc.example by=mx.google.com with=ESMTPS tls"},
		{"ASMTP, forged", "from unknown (HELO x.example) (192.0.2.1) by s.example with asmtp; Sun, 01 Nov 2026 12:00:00 +0000", "ip=192.0.2.1 helo=x.example by=s.example with=ASMTP"},
		{"Gmail, program", "from 1234 named unknown by gmailapi.google.com with HTTPREST", "helo=1234 by=gmailapi.google.com with=HTTPREST"},
		{"Yahoo", "from 198.51.100.1 (EHLO pc.example) (192.0.2.1) by 10.1.2.3 with SMTPs", "ip=192.0.2.1 helo=pc.example by=10.1.2.3 with=SMTPS tls"},
		{"Yahoo, web", "from [192.0.2.1] by web1.example via HTTP", "helo=192.0.2.1 by=web1.example"},
		{"MDaemon", "from pc [192.0.2.1] by s.example (MDaemon PRO v23) with ESMTPA id 1", "ip=192.0.2.1 helo=pc by=s.example with=ESMTPA auth"},
		{"MDaemon, comment", "from pc ([192.0.2.1]) (authenticated as ann@e.example) by s.example (Cipher TLSv1.3:X:256) (MDaemon) with ESMTP", "ip=192.0.2.1 helo=pc ident=ann@e.example by=s.example with=ESMTP auth"},
		{"Haraka", "from pc (r.example [192.0.2.1]) by s.example (Haraka/3.0) with ESMTPSA id 1 envelope-from <a@b.example> tls X (authenticated bits=0)", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTPSA tls auth"},
		{"Stalwart", "from pc (r.example [192.0.2.1] (AS64500 EXAMPLE, DE)) (using TLSv1_3 with cipher X) by s.example (Stalwart SMTP) with ESMTPS id 1", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTPS tls"},
		{"mox", "from pc (r.example [192.0.2.1]) by s.example ([203.0.113.9]) via tcp with UTF8SMTPSA id 1 (TLS1.3 X) for <a@b.example>", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=UTF8SMTPSA tls auth"},
		{"maddy", "from pc (r.example [192.0.2.1]) by s.example (envelope-sender <a@b.example>) with ESMTPA id 1", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTPA auth"},
		{"chasquid", "from [192.0.2.1] (pc.example) by s.example (chasquid) with ESMTPS tls TLS (over TLS-1.3) (envelope from \"a@b.example\")", "ip=192.0.2.1 helo=pc.example by=s.example with=ESMTPS tls"},
		{"chasquid, literal", "from [192.0.2.1] ([198.51.100.1]) by s.example (chasquid) with ESMTP", "ip=192.0.2.1 helo=198.51.100.1 by=s.example with=ESMTP"},
		{"chasquid, login", "from [198.51.100.1] by s.example (chasquid) with ESMTPSA", "helo=198.51.100.1 by=s.example with=ESMTPSA tls auth"},
		{"Zoho", "from pc (192.0.2.1 [192.0.2.1]) by mx.zohomail.com with SMTPS id 1", "ip=192.0.2.1 helo=pc by=mx.zohomail.com with=SMTPS tls"},
		{"Amazon", "from pc (r.example [192.0.2.1]) by inbound-smtp.us-east-1.amazonaws.com with SMTP id 1", "ip=192.0.2.1 name=r.example helo=pc by=inbound-smtp.us-east-1.amazonaws.com with=SMTP"},
		{"CommuniGate", "from [192.0.2.1] (account ann@e.example HELO [198.51.100.1]) by s.example (CommuniGate Pro SMTP 6) with ESMTP id 1", "ip=192.0.2.1 helo=198.51.100.1 ident=ann@e.example by=s.example with=ESMTP auth"},
		{"CommuniGate, no login", "from r.example ([192.0.2.1] verified) by s.example (CommuniGate Pro SMTP 6) with ESMTP id 1", "ip=192.0.2.1 helo=r.example by=s.example with=ESMTP"},
		{"Kerio", "from pc ([192.0.2.1]) (authenticated user ann@e.example) by s.example (Kerio Connect 9) with ESMTP", "ip=192.0.2.1 helo=pc ident=ann@e.example by=s.example with=ESMTP auth"},
		{"SquirrelMail", "from 192.0.2.1 (SquirrelMail authenticated user ann) by s.example with HTTP", "ip=192.0.2.1 by=s.example with=HTTP auth"},
		{"qpsmtpd", "from r.example (HELO pc) (192.0.2.1) (smtp-auth username ann, mechanism plain) by s.example (qpsmtpd/0.96) with ESMTP", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTP auth"},
		{"PMDF", `from pc.example ("port 4711"@r.example [192.0.2.1]) by s.example (PMDF V6.5-x6 #1) with ESMTP id <0>`, "ip=192.0.2.1 name=r.example helo=pc.example ident=port 4711 by=s.example with=ESMTP"},
		{"PMDF, no name", `from pc.example ("port 4711"@[192.0.2.1]) by s.example (PMDF V6.5-x6 #1) with ESMTP id <0>`, "ip=192.0.2.1 helo=pc.example ident=port 4711 by=s.example with=ESMTP"},
		{"a quoted ident of addresses", `from pc ("[198.51.100.1]"@r.example [192.0.2.1]) by s.example (8.17/8.17) with SMTP id 1`, `ip=192.0.2.1 name=r.example helo=pc ident=[198.51.100.1] by=s.example with=SMTP`},
		{"Sendmail, macros", "from pc (r.example [192.0.2.1]) (user=ann mech=LOGIN bits=0) by s.example (8.18.1/8.18.1) with ESMTP id 4", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTP auth"},
		{"OpenSMTPD", "from pc (r.example [192.0.2.1]) by s.example (OpenSMTPD) with ESMTPS id 7b (TLSv1.3:X:256:NO) auth=yes user=ann", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTPS tls auth"},
		{"OpenSMTPD, no login", "from pc (r.example [192.0.2.1]) by s.example (OpenSMTPD) with ESMTPS id 7b (TLSv1.3:X:256:NO) for <\"x auth=yes\"@e.example>", "ip=192.0.2.1 name=r.example helo=pc by=s.example with=ESMTPS tls"},
		{"unverified", "from pc (unverified [192.0.2.1]) by s.example", "ip=192.0.2.1 unverified helo=pc by=s.example"},
		{"no TCP-info", "from [198.51.100.1] by s.example with SMTP", "helo=198.51.100.1 by=s.example with=SMTP"},
		{"submission", "by s.example (Postfix, from userid 1000) id 4F", "by=s.example"},
		{"Sendmail, submission", "(from ann@localhost) by s.example (8.17/Submit) id 1", "helo=ann@localhost by=s.example"},
		{"protocols", "from pc ([192.0.2.1]) by s.example with utf8lmtpsa", "ip=192.0.2.1 helo=pc by=s.example with=UTF8LMTPSA tls auth"},
	} {
		r := ParseReceived(tt.in + "; Mon, 2 Nov 2026 10:00:00 +0100")
		if got := showHop(&r); got != tt.want || r.Time.Unix() != 1793610000 {
			t.Errorf("%s: %s, %v\n got %s\nwant %s", tt.server, tt.in, r.Time, got, tt.want)
		}
	}
}

// What a client says to imitate what servers write.
func TestReceivedImitated(t *testing.T) {
	const seen = " (r.example [192.0.2.1]) by s.example (Postfix) with SMTP id 1"
	for _, tt := range []struct{ in, want string }{
		{"from [198.51.100.1] (helo=x)" + seen, "ip=192.0.2.1"},
		{"from x (y.example [198.51.100.1])" + seen, "ip=192.0.2.1"},
		{"from x(y.example[198.51.100.1])" + seen, "ip=192.0.2.1"},
		{"from x (Authenticated sender: ann)" + seen, "ip=192.0.2.1"},
		{"from x (y.example [198.51.100.1]) (authenticated bits=0) by z.example with ESMTPSA id 1" + seen, "ip=192.0.2.1"},
		{"from x (AUTH: LOGIN ann@e.example)" + seen, "ip=192.0.2.1"},
		{"from x with ESMTPA" + seen, "ip=192.0.2.1"},
		{"from x by z.example with ESMTPSA (Exim 4.96)" + seen, "ip=192.0.2.1"},
		{"from [198.51.100.1] (account ann HELO x)" + seen, "ip=192.0.2.1"},
		{"from x (" + seen, "ip=192.0.2.1"},
		{"from x \\" + seen, "ip=192.0.2.1"},
		{"from x (r.example [192.0.2.1]) (Client CN \"y [198.51.100.1]\", Issuer \"\\) (Authenticated sender: z\" (not verified)) by s.example (Postfix) with SMTP id 1", "ip=192.0.2.1"},
		{"from r.example ([192.0.2.1] helo=x ident=y) (z.example [198.51.100.1]) (authenticated user z) by s.example with SMTP (Exim 4.96) id 1", "ip=192.0.2.1"},
		{"from r.example ([192.0.2.1]) by s.example with SMTP (Exim 4.96) (envelope-from <\"a) by z.example with esmtpsa (authenticated bits=0) (\"@e.example>) id 1", "ip=192.0.2.1"},
		{"from [192.0.2.1] (x) by s.example (chasquid) with SMTP (envelope from \"\\\"a) (authenticated user ann) (\\\"@e.example\")", "ip=192.0.2.1"},
		{"from r.example ([192.0.2.1] helo=x ident=y) by z.example with esmtpsa (z) by s.example with SMTP (Exim 4.96) id 1", "ip=192.0.2.1"},
		{"from x (Authenticated sender: ann) by s.example with SMTP id 1", ""},
		{"from [198.51.100.1] (Authenticated sender: ann) by s.example with SMTP id 1", ""},
		{"from x auth=yes (smtp-auth username ann)" + seen, "ip=192.0.2.1"},
		{"from x (OpenSMTPD) auth=yes" + seen, "ip=192.0.2.1"},
		{"from x (user=ann mech=PLAIN bits=0)" + seen, "ip=192.0.2.1"},
		{"from x auth=yes (r.example [192.0.2.1]) by s.example (OpenSMTPD) with SMTP id 1", "ip=192.0.2.1"},
		{"from r.example (HELO pc) (ident=x@192.0.2.1) by s.example with SMTP", "ip=192.0.2.1"},
		{"from unknown (HELO pc) (helo=x@192.0.2.1) by s.example with SMTP", "ip=192.0.2.1"},
		{"from unknown (HELO pc) ([198.51.100.1]:25@192.0.2.1) by s.example with SMTP", "ip=192.0.2.1"},
		{"from unknown (HELO pc) (x ([198.51.100.1]) y@192.0.2.1) by s.example with SMTP", "ip=192.0.2.1"},
		{"from [192.0.2.1] (helo=x ([198.51.100.1] helo=y) by s.example with SMTP (Exim 4.96) id 1", "ip=192.0.2.1"},
		{"from [192.0.2.1] (port=25 helo=(([198.51.100.1]) by s.example with SMTP (Exim 4.96) id 1", "ip=192.0.2.1"},
		{"from [192.0.2.1] (HELO x ([198.51.100.1] helo=y) by s.example (CommuniGate Pro SMTP 6) with SMTP id 1", "ip=192.0.2.1"},
		{"from [192.0.2.1] (HELO x) by z.example (y [198.51.100.1]) by s.example (CommuniGate Pro SMTP 6) with SMTP id 1", "ip=192.0.2.1"},
		{"from [192.0.2.1] (\\) by s.example (chasquid) with SMTP", "ip=192.0.2.1"},
		{"from x (y.example [198.51.100.1]) by z.example with ESMTPSA id 9 [192.0.2.1] by s.example (MDaemon PRO v23) with SMTP id 1", "ip=192.0.2.1"},
		{"from r.example ([192.0.2.1]) by s.example with SMTP id 1 for <\"x (authenticated) by z.example with ESMTPSA\"@e.example>", "ip=192.0.2.1"},
	} {
		r := ParseReceived(tt.in)
		got := ""
		if r.Seen.IP.IsValid() {
			got = "ip=" + r.Seen.IP.String()
		}
		if got != tt.want || r.By != "s.example" || r.With != "SMTP" || r.Authenticated || r.TLS {
			t.Errorf("%s\n got %s", tt.in, showHop(&r))
		}
	}
}

func TestParseReceived(t *testing.T) {
	r := ParseReceived("from a.example (HELO h.example) (ann@b.example [192.0.2.1]) (using TLSv1.2 with cipher AES-GCM-SHA384)\r\n" +
		"\tby c.example via tcp with ESMTPSA id <4F> for <d@e.example>; 2 Nov 2026 10:00:00 +0100")
	want := Received{
		From: "a.example", Seen: Seen{IP: netip.MustParseAddr("192.0.2.1"), Name: "b.example"},
		Said: Said{Helo: "h.example", Ident: "ann"}, By: "c.example", Via: "tcp",
		With: "ESMTPSA", For: "d@e.example", ID: "4F", TLS: true, TLSVersion: "TLSv1.2",
		TLSCipher: "AES-GCM-SHA384", Authenticated: true, Time: r.Time, readable: true,
	}
	if r != want || r.Time.Unix() != 1793610000 {
		t.Errorf("got %+v", r)
	}
	if r := ParseReceived("(qmail 1 invoked from network); 2 Nov 2026 10:00:00 -0000"); r.From != "" || r.By != "" || r.readable || r.Time.IsZero() {
		t.Errorf("got %+v", r)
	}
	long := ParseReceived("from a by b " + strings.Repeat("x ", maxReceived) + "; 2 Nov 2026 10:00:00 +0100")
	if long.By != "b" || long.Time.Unix() != 1793610000 {
		t.Errorf("a long one: %+v", long)
	}
	literal := ParseReceived("from [198.51.100.1] by s.example with SMTP")
	if literal.Addr().String() != "198.51.100.1" || r.Addr() != r.Seen.IP {
		t.Errorf("addresses %v, %v", literal.Addr(), r.Addr())
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
		if hops[0].Artificial && (hops[0].Seen.Name != "x.example" || !hops[0].Authenticated || hops[0].Field != nil) {
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
	}
}
