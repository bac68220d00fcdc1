package standard_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/messageid"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/checks/whitelist"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// A hostCase is one of Rspamd's own functional tests about clients, senders
// and trust in them, over the DNS records of its configuration.
type hostCase struct {
	name, zone, message string
	env                 mail.Envelope
	options             standard.Options
	// want are symbols that must be there, with their score where it is
	// given, "!" before those that must not.
	want []string
}

func hostCases(t *testing.T) []hostCase {
	ip := netip.MustParseAddr
	known := standard.Options{MessageID: messageid.Options{Known: map[string]string{"cacophony.za.org": "^<[A-z0-9+]{18}>$", "mom.za.org": ""}}}
	trust := standard.Options{Whitelist: whitelist.Options{Rules: rspamdWhitelist(t)}}
	helo := func(name, client, host string, want ...string) hostCase {
		return hostCase{name, "hfilter-dns.conf", "spam_message.eml", mail.Envelope{ClientIP: ip(client), Helo: host}, standard.Options{}, want}
	}
	relayed := func(name, message string, env mail.Envelope, r relay.Rule) hostCase {
		r.Symbol = "EXTERNAL_RELAY"
		return hostCase{name, "", message, env, standard.Options{Relays: relay.Options{Rules: []relay.Rule{r}}}, []string{"EXTERNAL_RELAY"}}
	}
	return []hostCase{
		{"strange Message-ID of a known signer", "merged-local.conf", "invalid_mid_allowed.eml", mail.Envelope{}, known,
			[]string{"INVALID_MSGID_ALLOWED 0", "!MISSING_MID", "!INVALID_MSGID"}},
		{"no Message-ID of a known signer", "merged-local.conf", "dmarc/onsubdomain_pass_relaxed.eml", mail.Envelope{}, known,
			[]string{"MISSING_MID_ALLOWED 0", "!MISSING_MID", "!INVALID_MSGID"}},
		{"all is proven", "plugins.conf", "dmarc/pass_none.eml", mail.Envelope{ClientIP: ip("8.8.4.4"), From: "foo@spf.cacophony.za.org"}, trust,
			[]string{"WHITELIST_DKIM -1", "STRICT_DMARC -3", "WHITELIST_SPF_DKIM -3", "WHITELIST_DDS -3", "WHITELIST_DMARC -2",
				"WHITELIST_DMARC_DKIM -2", "WHITELIST_SPF -1", "!BLACKLIST_SPF", "!BLACKLIST_DKIM", "!BLACKLIST_DMARC"}},
		{"nothing is proven", "plugins.conf", "dmarc/fail_none.eml", mail.Envelope{ClientIP: ip("9.8.4.4"), From: "foo@cacophony.za.org"}, trust,
			[]string{"BLACKLIST_SPF 3", "STRICT_DMARC 3", "BLACKLIST_DDS 3", "BLACKLIST_DMARC 2", "!WHITELIST_DDS", "!WHITELIST_SPF",
				"!WHITELIST_DKIM", "!WHITELIST_DMARC", "!WHITELIST_DMARC_DKIM"}},
		{"trusted only when proven", "plugins.conf", "dmarc/bad_dkim_rspamd.eml", mail.Envelope{ClientIP: ip("88.99.142.95")}, trust,
			[]string{"R_DKIM_REJECT 1", "!WHITELIST_DKIM", "!BLACKLIST_DKIM", "R_SPF_ALLOW", "!WHITELIST_SPF_DKIM", "!R_DKIM_ALLOW"}},
		helo("HELO leads to the client", "1.2.3.4", "match.test", "!HFILTER_HELO_IP_A"),
		helo("HELO leads to the client, among others", "1.2.3.4", "dual.test", "!HFILTER_HELO_IP_A"),
		helo("HELO leads to the client by IPv6", "2001:db8::1", "dual.test", "!HFILTER_HELO_IP_A"),
		helo("HELO leads elsewhere", "5.6.7.8", "mismatch.test", "HFILTER_HELO_IP_A 1"),
		helo("HELO leads elsewhere by both families", "9.9.9.9", "dualmiss.test", "HFILTER_HELO_IP_A 1"),
		helo("HELO leads nowhere", "1.2.3.4", "noaddr.test", "HFILTER_HELO_IP_A 1", "HFILTER_HELO_NORES_A_OR_MX"),
		helo("half of HELO's addresses are not known", "1.2.3.4", "partialfail.test", "!HFILTER_HELO_IP_A"),
		relayed("relay with login", "received5.eml", mail.Envelope{ClientIP: ip("8.8.8.8"), User: "user@example.net"},
			relay.Rule{Strategy: relay.Authenticated, Users: []string{"user@example.net"}}),
		relayed("relay by name", "received6.eml", mail.Envelope{ClientIP: ip("192.0.2.10"), ClientName: "lame.example.net"},
			relay.Rule{Strategy: relay.HostnameMap, Names: []string{"cool.example.org", "lame.example.net"}}),
		relayed("local relay", "ham.eml", mail.Envelope{ClientIP: ip("127.0.0.1")}, relay.Rule{Strategy: relay.LocalHops}),
	}
}

// rspamdWhitelist is the configuration of their test.
func rspamdWhitelist(t *testing.T) []whitelist.Rule {
	text, err := os.ReadFile(shared.Path(t, "suites/rspamd/maps/domains.list"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := whitelist.ParseDomains(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return []whitelist.Rule{
		{Symbol: "WHITELIST_SPF", Inverse: "BLACKLIST_SPF", SPF: true, Weight: -1, InverseFactor: 3, Domains: list},
		{Symbol: "WHITELIST_DKIM", Inverse: "BLACKLIST_DKIM", DKIM: true, Weight: -1, Domains: list},
		{Symbol: "WHITELIST_SPF_DKIM", SPF: true, DKIM: true, Weight: -3, Domains: list},
		{Symbol: "WHITELIST_DMARC", Inverse: "BLACKLIST_DMARC", DMARC: true, Weight: -2, Domains: list},
		{Symbol: "STRICT_DMARC", DMARC: true, Strict: true, Weight: -3, Domains: list},
		{Symbol: "WHITELIST_DMARC_DKIM", Inverse: "BLACKLIST_DMARC_DKIM", DMARC: true, DKIM: true, Weight: -2, Domains: list},
		{Symbol: "WHITELIST_DDS", Inverse: "BLACKLIST_DDS", DMARC: true, DKIM: true, SPF: true, Weight: -3, Domains: list},
	}
}

func TestRspamdHostCases(t *testing.T) {
	right, all := 0, 0
	cases := hostCases(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			hits := c.scan(t, shared.RspamdZone(t, strings.Fields(c.zone)...))
			for _, want := range c.want {
				all++
				symbol, absent := strings.CutPrefix(want, "!")
				if slices.Contains(hits, symbol) == absent {
					t.Errorf("want %s, have %q", want, hits)
					continue
				}
				right++
			}
		})
	}
	t.Logf("%d of %d expectations in %d cases", right, all, len(cases))
}

func (c hostCase) scan(t *testing.T, dns resolver.Resolver) (hits []string) {
	// Their test has no limits of what a group counts.
	site := winnow.Layer{Groups: noLimits()}
	s, err := winnow.New(winnow.Options{Families: standard.Families(c.options), DNS: resolver.Options{Resolver: dns}, Layer: site})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	raw, err := os.ReadFile(shared.Path(t, "suites/rspamd/messages/"+c.message))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: c.env, Body: winnow.FromBytes(raw)})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range res.Symbols {
		hits = append(hits, h.Name, fmt.Sprintf("%s %v", h.Name, h.Score))
	}
	return hits
}
