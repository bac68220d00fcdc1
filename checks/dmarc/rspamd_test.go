package dmarc_test

import (
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// TestRspamdCases runs Rspamd's own functional tests for DMARC, over their
// DNS records and messages.
func TestRspamdCases(t *testing.T) {
	dns := shared.RspamdZone(t, "merged-local.conf")
	cases, right := []struct{ name, message, ip, from, want string }{
		{"good signature, p=none", "dmarc/pass_none.eml", "", "", "DMARC_POLICY_ALLOW"},
		{"p=none", "dmarc/fail_none.eml", "", "", "DMARC_POLICY_SOFTFAIL"},
		{"p=quarantine", "dmarc/fail_quarantine.eml", "1.2.3.4", "foo@example.net", "DMARC_POLICY_QUARANTINE"},
		{"sp=reject", "dmarc/subdomain_fail_reject.eml", "", "", "DMARC_POLICY_REJECT"},
		{"strict DKIM", "dmarc/onsubdomain_fail_alignment.eml", "", "", "DMARC_POLICY_REJECT"},
		{"strict SPF", "dmarc/onsubdomain_fail_alignment.eml", "37.48.67.26", "foo@yo.mom.za.org", "DMARC_POLICY_ALLOW"},
		{"relaxed SPF", "dmarc/onsubdomain_fail.eml", "37.48.67.26", "foo@mom.za.org", "DMARC_POLICY_ALLOW"},
		{"no such record", "utf.eml", "37.48.67.26", "foo@mom.za.org", "DMARC_NA"},
		{"pct=0 and sp=quarantine", "dmarc/pct_none1.eml", "37.48.67.26", "foo@mom.za.org", "DMARC_POLICY_SOFTFAIL"},
	}, 0
	s, err := winnow.New(winnow.Options{Families: standard.Families(standard.Options{}.WithoutMaps()), DNS: resolver.Options{Resolver: dns}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for _, c := range cases {
		raw, err := os.ReadFile(shared.Path(t, "suites/rspamd/messages/"+c.message))
		if err != nil {
			t.Fatal(err)
		}
		env := mail.Envelope{From: c.from, HasFrom: c.from != ""}
		if c.ip != "" {
			env.ClientIP = netip.MustParseAddr(c.ip)
		}
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range res.Symbols {
			got = append(got, h.Name)
		}
		if !slices.Contains(got, c.want) {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
			continue
		}
		right++
	}
	t.Logf("rspamd DMARC cases: %d of %d", right, len(cases))
}
