package rbl_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/internal/dnsscan"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/symbols"
)

// bigMail has urls URLs under as many domains, and three hops.
func bigMail(urls int) *mail.Message {
	var b strings.Builder
	b.WriteString("Received: from mx.example.net (mx.example.net [198.51.100.7]) by mail.example.com with ESMTP id 1; Sun, 1 Nov 2026 11:00:00 +0000\r\n" +
		"Received: from host.example.net (host.example.net [198.51.100.8]) by mx.example.net with ESMTP id 2; Sun, 1 Nov 2026 11:00:00 +0000\r\n" +
		"From: Ann <ann@sender.example.net>\r\nReply-To: <desk@reply.example.net>\r\nMessage-ID: <1@sender.example.net>\r\nSubject: offers\r\n\r\n")
	for i := range urls {
		fmt.Fprintf(&b, "Read more at https://www.shop%d.example%d.com/offer?id=%d or ask sales@shop.firm%d.net about it.\r\n", i, i, i, i%7)
	}
	m := mail.Parse([]byte(b.String()), mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), ClientName: "host.sender.example.net", Helo: "mail.sender.example.net",
		From: "ann@sender.example.net", HasFrom: true,
	}, mail.Limits{})
	m.URLs()
	m.Hops()
	return m
}

// run scans m with the family and returns its hits and the number of
// different questions.
func run(tb testing.TB, family []*checks.Check, m *mail.Message, dns resolver.Resolver) (hits []symbols.Hit, asked int) {
	tb.Helper()
	session := dnsscan.NewSession(tb.Context(), resolver.Options{Resolver: dns})
	st := &checks.State{Message: m, Seed: 1}
	st.DNS = func(c *checks.Check) resolver.Resolver { return dnsscan.Limit(session, c.Needs.Queries) }
	for _, c := range family {
		out, err := st.Run(tb.Context(), c)
		if err != nil {
			tb.Fatal(err)
		}
		hits = append(hits, out.Hits...)
	}
	return hits, session.Asked()
}

func none() resolver.Resolver {
	return resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
	})
}

// BenchmarkRun is the family with Rspamd's lists on an ordinary message and on
// one with 100 URLs; nothing is listed, and DNS costs nothing.
func BenchmarkRun(b *testing.B) {
	for _, urls := range []int{3, 100} {
		b.Run(fmt.Sprintf("%d-urls", urls), func(b *testing.B) {
			c, m, dns := rbl.New(rbl.Options{NoMonitoring: true}).Checks, bigMail(urls), none()
			_, asked := run(b, c, m, dns)
			b.ReportAllocs()
			for b.Loop() {
				run(b, c, m, dns)
			}
			b.ReportMetric(float64(asked), "questions/op")
		})
	}
}

// BenchmarkChecks is what the options cost when a Scanner is made.
func BenchmarkChecks(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		rbl.New(rbl.Options{})
	}
}
