package authres_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// TestScanAsksNothing holds that the results of a trusted server take the
// place of the four checks that find out the same.
func TestScanAsksNothing(t *testing.T) {
	list := standard.Families(standard.Options{AuthRes: authres.Options{Trusted: []string{"gw.example.net"}}}.WithoutMaps())
	var asked []string
	opt := winnow.Options{Families: list}
	opt.DNS.Resolver = resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
		if qtype == resolver.TypeTXT {
			asked = append(asked, name)
		}
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
	})
	s, err := winnow.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	raw := strings.ReplaceAll(`Authentication-Results: gw.example.net; spf=pass smtp.mailfrom=a@example.org;
	dkim=pass header.d=example.org header.s=s1; dkim=fail header.d=example.com header.s=s2;
	dmarc=fail (p=quarantine) header.from=example.org; arc=none
DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=from; bh=AAAA; b=AAAA
From: a@example.org

Text.
`, "\n", "\r\n")
	env := mail.Envelope{ClientIP: netip.MustParseAddr("127.0.0.1"), From: "a@example.org", HasFrom: true}
	res, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(raw)), Envelope: env})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, h := range res.Symbols {
		got[h.Name] = true
	}
	for _, d := range []string{spf.Allow.Name, dkim.Allow.Name, dkim.Reject.Name, dmarc.Quarantine.Name, arc.NA.Name} {
		if !got[d] {
			t.Errorf("%s was not raised", d)
		}
	}
	if len(asked) > 0 || len(res.Incomplete) > 0 {
		t.Errorf("asked %q, incomplete %v", asked, res.Incomplete)
	}
}
