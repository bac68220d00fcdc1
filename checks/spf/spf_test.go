package spf

import (
	"context"
	"net/netip"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// relayed stands for the check that finds the relayed client: fixtures seed
// what it would find.
func relayed() *checks.Check {
	return &checks.Check{
		Name: "relayed", Doc: "the relayed client", Provides: []checks.AnyFact{relay.Fact},
		Run: func(context.Context, *checks.Task) error { return nil },
	}
}

func TestFixtures(t *testing.T) {
	gateway := authres.New(authres.Options{Trusted: []string{"gw.example.net"}}).Checks
	checktest.Run(t, New(Options{}), checktest.With(append(gateway, relayed())...))
}

// TestSeededAsksNothing holds that a result handed in costs no question, and
// that without one each question is asked once.
func TestSeededAsksNothing(t *testing.T) {
	for _, tt := range []struct {
		seeds []checks.Seeded
		want  string
		asked int64
	}{
		{[]checks.Seeded{checks.Seed(Fact, Result{Status: StatusPass, Mechanism: "+a"})}, "R_SPF_ALLOW", 0},
		{nil, "R_SPF_FAIL", 2},
	} {
		counter := &resolver.Counter{Resolver: zone.Must(`example.org TXT "v=spf1 a a a -all"`)}
		env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@example.org", HasFrom: true}
		st := &checks.State{
			Message: mail.Parse([]byte("From: ann@example.org\r\n\r\n"), env, mail.Limits{}),
			DNS:     func(*checks.Check) resolver.Resolver { return counter },
		}
		st.SeedFacts(tt.seeds)
		out, err := st.Run(t.Context(), New(Options{}).Checks[0])
		if err != nil || len(out.Hits) != 1 || out.Hits[0].Def.Name != tt.want || counter.Asked() != tt.asked {
			t.Errorf("%v (%v) with %d questions, want %s with %d", out.Hits, err, counter.Asked(), tt.want, tt.asked)
		}
	}
}

// TestOptions holds what the operator may choose.
func TestOptions(t *testing.T) {
	z := zone.Must("example.org TXT \"v=spf1 ip4:10.0.0.0/33 ip4:198.51.100.7 -all\"")
	const relayed = "Received: from mail.example.net (mail.example.net [192.0.2.1]) by mx.example.com; Sun, 1 Nov 2026 12:00:00 +0000\r\n" +
		"Received: from out.example.org (out.example.org [198.51.100.7]) by mail.example.net; Sun, 1 Nov 2026 12:00:00 +0000\r\n"
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{}, "R_SPF_FAIL"},
		{Options{Strict: true}, "R_SPF_PERMFAIL"},
		{Options{Exempt: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, ""},
		{Options{Relays: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, "R_SPF_ALLOW"},
		{Options{Relays: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, "R_SPF_FAIL"},
	} {
		env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@example.org", HasFrom: true}
		st := &checks.State{
			Message: mail.Parse([]byte(relayed+"From: ann@example.org\r\n\r\n"), env, mail.Limits{}),
			DNS:     func(*checks.Check) resolver.Resolver { return z },
		}
		out, err := st.Run(t.Context(), New(tt.o).Checks[0])
		got := ""
		for _, h := range out.Hits {
			got += h.Def.Name
		}
		if err != nil || got != tt.want {
			t.Errorf("%+v: %s (%v), want %s", tt.o, got, err, tt.want)
		}
	}
}
