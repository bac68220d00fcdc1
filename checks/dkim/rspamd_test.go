package dkim_test

import (
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
)

// rspamdCases are Rspamd's own functional tests for DKIM and ARC: a message,
// the client, and the symbols that must be there, "!" before those that must
// not.
func rspamdCases() []struct{ name, message, ip, from, want string } {
	return []struct{ name, message, ip, from, want string }{
		{"no such key", "dmarc/bad_dkim2.eml", "37.48.67.26", "", "R_DKIM_PERMFAIL"},
		{"DNS fails, unaligned", "dmarc/bad_dkim3.eml", "37.48.67.26", "", "R_DKIM_TEMPFAIL"},
		{"unknown tags", "dmarc/dkim_unknown_tags.eml", "", "", "R_DKIM_ALLOW"},
		{"many fields in h=", "dkim_large_hlist.eml", "37.48.67.26", "", "R_DKIM_PERMFAIL"},
		{"the fifth signature", "dkim_sigs_at_limit.eml", "", "", "R_DKIM_ALLOW"},
		{"Ed25519", "ed25519.eml", "", "", "R_DKIM_ALLOW"},
		{"key of an unknown type", "dkim_broken_key.eml", "", "", "R_DKIM_PERMFAIL"},
		{"key too large", "dkim_key_too_wide.eml", "", "", "R_DKIM_PERMFAIL"},
		{"key without p=", "dkim_revoked_key.eml", "", "", "R_DKIM_PERMFAIL"},
		{"signature that does not fit", "dmarc/bad_dkim_rspamd.eml", "88.99.142.95", "", "R_DKIM_REJECT !R_DKIM_ALLOW"},
		{"signature that fits", "dmarc/pass_none.eml", "8.8.4.4", "foo@spf.cacophony.za.org", "R_DKIM_ALLOW"},
		{"broken chain", "arcbad.eml", "", "", "ARC_INVALID"},
	}
}

func TestRspamdCases(t *testing.T) {
	dns := shared.RspamdZone(t, "merged-local.conf", "plugins.conf")
	s, err := winnow.New(winnow.Options{Families: standard.Families(standard.Options{}), DNS: resolver.Options{Resolver: dns}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	right, all := 0, 0
	for _, c := range rspamdCases() {
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
		var have []string
		for _, h := range res.Symbols {
			have = append(have, h.Name)
		}
		for want := range strings.FieldsSeq(c.want) {
			all++
			symbol, absent := strings.CutPrefix(want, "!")
			if slices.Contains(have, symbol) == absent {
				t.Errorf("%s: want %s, have %v", c.name, want, have)
				continue
			}
			right++
		}
	}
	t.Logf("%d of %d expectations in %d cases", right, all, len(rspamdCases()))
}
