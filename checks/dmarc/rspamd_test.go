package dmarc_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// TestRspamdCases runs Rspamd's own functional tests for DMARC, over their
// DNS records and messages.
func TestRspamdCases(t *testing.T) {
	dns := rspamdZone(t)
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

// rspamdZone reads the records that Rspamd's tests are run with.
func rspamdZone(t *testing.T) *zone.Zone {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, "suites/rspamd/dns-zones.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Zones map[string][]struct {
			Name, Type, Error string
			Value             json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range file.Zones["merged-local.conf"] {
		var one string
		if r.Type != "TXT" && r.Type != "A" {
			continue // DMARC, DKIM and these cases' SPF need no others
		}
		var list []string
		if json.Unmarshal(r.Value, &one) != nil && json.Unmarshal(r.Value, &list) == nil {
			one = strings.Join(list, "")
		}
		switch {
		case r.Error != "":
			fmt.Fprintf(&b, "%s %s !%s\n", r.Name, r.Type, strings.ToLower(r.Error))
		case r.Type == "TXT":
			fmt.Fprintf(&b, "%s TXT %q\n", r.Name, one)
		default:
			fmt.Fprintf(&b, "%s A %s\n", r.Name, one)
		}
	}
	z, err := zone.Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	return z
}
