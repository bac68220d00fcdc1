package standard

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// letter is a message of average size as lists and shops send them.
func letter() []byte {
	var b strings.Builder
	for range 5 {
		b.WriteString("Received: from mail-a1.example.com (mail-a1.example.com [192.0.2.17])\n" +
			"\tby mx.example.org (Postfix) with ESMTPS id 4F2A17C0D1\n" +
			"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n" +
			"\tfor <bob@example.org>; Sun,  1 Nov 2026 10:00:00 +0000 (UTC)\n")
	}
	b.WriteString("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=k1;\n" +
		"\th=from:to:subject:date; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n\tb=" + strings.Repeat("Abc0/+xyz", 20) + "\n" +
		"Date: Sun, 1 Nov 2026 09:59:30 +0000\nFrom: \"Ann of Example\" <ann@news.example.com>\n" +
		"To: Bob <bob@example.org>, \"Carol C.\" <carol@example.net>\nReply-To: desk@example.com\n" +
		"Subject: =?utf-8?Q?Your_order_no=2E_4711_=E2=80=93_shipped?=\n" +
		"Message-ID: <20261101095930.4711.ann@mail.example.com>\nMIME-Version: 1.0\n" +
		"X-Mailer: Example Mailer 4.2\nPrecedence: bulk\nList-Unsubscribe: <https://example.com/u?x=1>\n" +
		"Content-Type: multipart/alternative; boundary=\"=_b1\"\n\n--=_b1\nContent-Type: text/plain; charset=utf-8\n\n")
	b.WriteString(strings.Repeat("Dear Bob, your order is on its way; see https://example.com/track?id=1 for where it is.\n", 40))
	b.WriteString("--=_b1\nContent-Type: text/html; charset=utf-8\n\n<html><head><title>Order</title></head><body>")
	b.WriteString(strings.Repeat("<p style=\"color:#333\">Dear Bob, your order is <a href=\"https://example.com/track\">on its way</a>.</p>\n", 70))
	b.WriteString("</body></html>\n--=_b1--\n")
	return []byte(strings.ReplaceAll(b.String(), "\n", "\r\n"))
}

// BenchmarkChecks measures every check by itself, on a message whose lazy
// views others have computed.
func BenchmarkChecks(b *testing.B) {
	cs := Checks(Options{})
	plan, err := checks.NewPlan(nil, cs...)
	if err != nil {
		b.Fatal(err)
	}
	env := mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.17"), ClientName: "mail-a1.example.com", Helo: "mail-a1.example.com",
		From: "bounce-4711@news.example.com", HasFrom: true, Rcpts: []string{"bob@example.org"},
	}
	st := &checks.State{Message: mail.Parse(letter(), env, mail.Limits{}), Now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)}
	for _, stage := range []checks.Stage{checks.Early, checks.Main, checks.Classify, checks.Late} {
		for _, i := range plan.Stage(stage) {
			out, err := st.Run(context.Background(), cs[i])
			if err != nil {
				b.Fatal(err)
			}
			b.Run(cs[i].Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := st.Run(context.Background(), cs[i]); err != nil {
						b.Fatal(err)
					}
				}
			})
			st.Publish(plan, out)
		}
	}
}
