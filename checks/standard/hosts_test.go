package standard_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/hfilter"
	"github.com/winnowmail/winnow/checks/messageid"
	"github.com/winnowmail/winnow/checks/received"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/score"
)

// noLimits takes the limits of the profile's groups away.
func noLimits() map[string]score.Group {
	none := map[string]score.Group{}
	for _, g := range []string{"excessb64", "excessqp", "headers", "mime_types", "phishing", "senderscore", "subject", "surbl", "url", "whitelist"} {
		none[g] = score.Group{}
	}
	return none
}

// scan returns the symbols that one message gets, each as "NAME [options]".
func scan(t *testing.T, o standard.Options, dns, raw string, env mail.Envelope, seeds ...checks.Seeded) []string {
	t.Helper()
	z, err := zone.Parse(dns)
	if err != nil {
		t.Fatal(err)
	}
	s, err := winnow.New(winnow.Options{
		Families: standard.Families(o), DNS: resolver.Options{Resolver: z},
		Layer: winnow.Layer{Groups: noLimits()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw))}, seeds...)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, h := range res.Symbols {
		list = append(list, fmt.Sprintf("%s %v", h.Name, h.Options))
	}
	return list
}

func has(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, name+" ") || s == name })
}

const throughRelay = `Received: from dsl-7.example.com (unknown [198.51.100.7])
	by relay.example.net (Postfix) with ESMTPS id 1; Sun, 1 Nov 2026 11:00:00 +0000
From: ann@example.org
Subject: hello

hello
`

const relayZone = `
7.100.51.198.in-addr.arpa PTR static-7.example.com
example.org TXT "v=spf1 ip4:203.0.113.0/24 -all"
`

// Behind a relay of the host's own, every check judges the client before it.
func TestRelayedClient(t *testing.T) {
	env := mail.Envelope{
		ClientIP: netip.MustParseAddr("203.0.113.9"), ClientName: "relay.example.net", Helo: "relay.example.net",
		From: "ann@example.org", HasFrom: true,
	}
	rule := relay.Rule{Symbol: "EXTERNAL_RELAY", Strategy: relay.IPMap, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}
	list := scan(t, standard.Options{Relays: relay.Options{Rules: []relay.Rule{rule}}}, relayZone, throughRelay, env)
	for _, want := range []string{
		"EXTERNAL_RELAY", "R_SPF_FAIL", "HFILTER_HELO_4 [dsl-7.example.com]", "ONCE_RECEIVED", "ONCE_RECEIVED_STRICT [static]",
	} {
		if !has(list, want) {
			t.Errorf("no %s in %q", want, list)
		}
	}
	if has(list, "RDNS_NONE") || has(list, "R_SPF_ALLOW") {
		t.Errorf("the relay was judged: %q", list)
	}
	list = scan(t, standard.Options{}, relayZone, throughRelay, env)
	if has(list, "EXTERNAL_RELAY") || !has(list, "R_SPF_ALLOW") || has(list, "HFILTER_HELO_4") {
		t.Errorf("without a rule: %q", list)
	}
}

// Options make local clients and users strangers.
func TestLocalClientsOnDemand(t *testing.T) {
	env := mail.Envelope{ClientIP: netip.MustParseAddr("127.0.0.1"), ClientName: "dynamic-7.example.org", Helo: "pc", User: "ann", From: "ann@localhost", HasFrom: true}
	const raw = "From: ann@example.org\nTo: bob@example.net, eve@example.net\nMessage-ID: <1@2>\n\nhello\n"
	symbols := []string{"HFILTER_HELO_5", "HFILTER_FROMHOST_NOT_FQDN", "HFILTER_MID_NOT_FQDN", "ONCE_RECEIVED"}
	o := standard.Options{HFilter: hfilter.Options{MessageID: true}}
	list := scan(t, o, "", raw, env)
	for _, s := range symbols {
		if has(list, s) {
			t.Errorf("%s for a local user: %q", s, list)
		}
	}
	o.HFilter.CheckLocal, o.HFilter.CheckAuthenticated = true, true
	o.OnceReceived = received.OnceOptions{CheckLocal: true, CheckAuthenticated: true}
	list = scan(t, o, "", raw, env)
	for _, s := range symbols {
		if !has(list, s) {
			t.Errorf("no %s: %q", s, list)
		}
	}
	o.OnceReceived.Whitelist = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if list = scan(t, o, "", raw, env); has(list, "ONCE_RECEIVED") {
		t.Errorf("a whitelisted client: %q", list)
	}
}

// A known signer's strange Message-ID is taken for a good one.
func TestKnownMessageID(t *testing.T) {
	o := standard.Options{MessageID: messageid.Options{Known: map[string]string{"shop.example.org": "^[0-9]+$", "bank.example.org": ""}}}
	for _, c := range []struct{ domain, mid, allowed, not string }{
		{"shop.example.org", "Message-ID: 12345\n", "INVALID_MSGID_ALLOWED", "INVALID_MSGID"},
		{"bank.example.org", "", "MISSING_MID_ALLOWED", "MISSING_MID"},
	} {
		raw := "From: shop@" + c.domain + "\n" + c.mid + "\nhello\n"
		seed := func(code string) checks.Seeded {
			return checks.Seed(dkim.Fact, []dkim.Signature{{Domain: c.domain, Selector: "s", Status: dkim.Status(code)}})
		}
		if list := scan(t, o, "", raw, mail.Envelope{}, seed("pass")); !has(list, c.allowed) || has(list, c.not) {
			t.Errorf("signed by %s: %q", c.domain, list)
		}
		if list := scan(t, o, "", raw, mail.Envelope{}, seed("fail")); has(list, c.allowed) || !has(list, c.not) {
			t.Errorf("not signed by %s: %q", c.domain, list)
		}
	}
}
