package spf_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// An rspamdCase is one of Rspamd's own functional tests for SPF, over their
// DNS records.
type rspamdCase struct {
	name, message, ip, from, helo string
	// want are symbols that must be there, "!" before those that must not,
	// or "SYMBOL score option".
	want   []string
	relays []netip.Prefix
}

func rspamdCases() []rspamdCase {
	return []rspamdCase{
		{name: "include that fails, unaligned", message: "dmarc/bad_dkim1.eml", ip: "8.8.8.8", from: "x@fail2.org.org.za", want: []string{"R_SPF_DNSFAIL", "DMARC_POLICY_SOFTFAIL"}},
		{name: "match before an include that fails", message: "dmarc/bad_dkim1.eml", ip: "8.8.4.4", from: "x@fail2.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "include that does not exist", ip: "37.48.67.26", from: "x@fail3.org.org.za", want: []string{"R_SPF_FAIL"}},
		{name: "match before one that does not exist", ip: "8.8.8.8", from: "x@fail3.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "top-level domain", ip: "8.8.8.8", from: "x@za", want: []string{"R_SPF_NA"}},
		{name: "no record", ip: "8.8.8.8", from: "x@co.za", want: []string{"R_SPF_NA"}},
		{name: "no such domain", ip: "8.8.8.8", from: "x@zzzzaaaa", want: []string{"R_SPF_NA"}},
		{name: "HELO is a literal", ip: "8.8.8.8", helo: "[10.88.0.3]", want: []string{"R_SPF_NA", "!R_SPF_DNSFAIL"}},
		{name: "redirect to nowhere", ip: "8.8.8.8", from: "x@fail4.org.org.za", want: []string{"R_SPF_PERMFAIL"}},
		{name: "redirect to nothing usable", ip: "8.8.8.8", from: "x@fail10.org.org.za", want: []string{"R_SPF_PERMFAIL"}},
		{name: "redirect that fails", ip: "8.8.8.8", from: "x@fail1.org.org.za", want: []string{"R_SPF_DNSFAIL"}},
		{name: "nothing usable", ip: "8.8.8.8", from: "x@fail5.org.org.za", want: []string{"R_SPF_PERMFAIL"}},
		{name: "all", ip: "8.8.8.8", from: "x@example.net", want: []string{"R_SPF_FAIL"}},
		{name: "mx that does not exist", ip: "1.2.3.4", from: "x@fail6.org.org.za", want: []string{"R_SPF_FAIL"}},
		{name: "a that does not exist", ip: "1.2.3.4", from: "x@fail7.org.org.za", want: []string{"R_SPF_FAIL"}},
		{name: "a that fails", ip: "1.2.3.4", from: "x@fail8.org.org.za", want: []string{"R_SPF_DNSFAIL"}},
		{name: "mx that fails", ip: "1.2.3.4", from: "x@fail9.org.org.za", want: []string{"R_SPF_DNSFAIL"}},
		{name: "record that fails", ip: "1.2.3.4", from: "x@www.dnssec-failed.org", want: []string{"R_SPF_DNSFAIL"}},
		{name: "include", ip: "8.8.8.8", from: "x@pass1.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "ptr", ip: "88.99.142.95", from: "foo@crazyspf.cacophony.za.org", want: []string{"R_SPF_ALLOW"}},
		{name: "ptr without name", ip: "128.66.0.1", from: "foo@crazyspf.cacophony.za.org", want: []string{"R_SPF_FAIL"}},
		{name: "ptr of others", ip: "209.85.216.182", from: "foo@crazyspf.cacophony.za.org", want: []string{"R_SPF_FAIL"}},
		{name: "relay", message: "external_relay.eml", want: []string{"R_SPF_ALLOW -0.2 +ip4:37.48.67.26"}, relays: []netip.Prefix{netip.MustParsePrefix("192.168.1.1/32")}},
		{name: "case", ip: "8.8.8.8", from: "x@fail11.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "plus all", ip: "8.8.8.8", from: "x@plusall.com", want: []string{"R_SPF_PLUSALL"}},
		{name: "two records", ip: "8.8.8.8", from: "x@twospf.org.org.za", want: []string{"R_SPF_PERMFAIL", "!R_SPF_ALLOW", "!R_SPF_FAIL"}},
		{name: "one record among others", ip: "8.8.8.8", from: "x@onespf.org.org.za", want: []string{"R_SPF_ALLOW", "!R_SPF_PERMFAIL"}},
		{name: "upper case", ip: "8.8.8.8", from: "x@mixedcasespf.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "two records, one in upper case", ip: "8.8.8.8", from: "x@twomixedcasespf.org.org.za", want: []string{"R_SPF_PERMFAIL", "!R_SPF_ALLOW"}},
		{name: "another version", ip: "8.8.8.8", from: "x@spf10.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "mx", ip: "8.8.8.8", from: "x@fewmx.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "too many mx", ip: "8.8.8.8", from: "x@manymx.org.org.za", want: []string{"R_SPF_PERMFAIL", "!R_SPF_FAIL"}},
		{name: "nesting", ip: "8.8.8.8", from: "x@nestok.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "too much nesting", ip: "8.8.8.8", from: "x@nestdeep.org.org.za", want: []string{"R_SPF_PERMFAIL", "!R_SPF_ALLOW", "!R_SPF_FAIL"}},
		{name: "exists", ip: "8.8.8.8", from: "x@exists.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "exists not", ip: "8.8.8.8", from: "x@noexists.org.org.za", want: []string{"R_SPF_FAIL", "!R_SPF_ALLOW"}},
		{name: "questions", ip: "8.8.8.8", from: "x@fewreq.org.org.za", want: []string{"R_SPF_ALLOW"}},
		{name: "too many questions", ip: "8.8.8.8", from: "x@manyreq.org.org.za", want: []string{"R_SPF_PERMFAIL", "!R_SPF_ALLOW", "!R_SPF_FAIL"}},
	}
}

func TestRspamdCases(t *testing.T) {
	z := shared.RspamdZone(t, "merged-local.conf")
	right, all := 0, 0
	for _, c := range rspamdCases() {
		t.Run(c.name, func(t *testing.T) {
			hits := c.scan(t, z)
			for _, want := range c.want {
				all++
				symbol, absent := strings.CutPrefix(want, "!")
				if slices.Contains(hits, symbol) == absent {
					t.Errorf("want %s, have %v", want, hits)
					continue
				}
				right++
			}
		})
	}
	t.Logf("%d of %d expectations in %d cases", right, all, len(rspamdCases()))
}

// scan returns the symbols raised, each by its name, and again with score and
// options.
func (c rspamdCase) scan(t *testing.T, dns resolver.Resolver) []string {
	t.Helper()
	s, err := winnow.New(winnow.Options{
		Families: standard.Families(standard.Options{SPF: spf.Options{Relays: c.relays}}),
		DNS:      resolver.Options{Resolver: dns},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	raw := []byte("\r\n")
	if c.message != "" {
		if raw, err = os.ReadFile(shared.Path(t, "suites/rspamd/messages/"+c.message)); err != nil {
			t.Fatal(err)
		}
	}
	env := mail.Envelope{Helo: c.helo, From: c.from, HasFrom: c.message == "" || c.from != ""}
	if c.ip != "" {
		env.ClientIP = netip.MustParseAddr(c.ip)
	}
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw)})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range res.Symbols {
		out = append(out, h.Name, fmt.Sprintf("%s %v %s", h.Name, h.Score, strings.Join(h.Options, " ")))
	}
	return out
}
