package arc

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// suiteZone answers from a zone of the suite.
type suiteZone map[string]struct {
	TXT []string `json:"txt"`
}

func (z suiteZone) Lookup(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
	var a resolver.Answer
	for n, e := range z {
		if resolver.Canonical(n) == resolver.Canonical(name) {
			for _, s := range e.TXT {
				a.Records = append(a.Records, resolver.Record{Name: name, Type: resolver.TypeTXT, Strings: []string{s}})
			}
			return a, nil
		}
	}
	return a, &resolver.Error{Name: name, Type: qtype, Kind: resolver.KindNXDomain}
}

func TestSuite(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "suites/arc/arc-validate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Zones map[string]suiteZone `json:"zones"`
		Cases []struct {
			ID, Message, Expect string
			DNS                 string `json:"dns_ref"`
			Contested           bool
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	right, contested := 0, 0
	for _, c := range suite.Cases {
		raw := strings.ReplaceAll(c.Message, "\n", "\r\n")
		got := Verify(t.Context(), suite.Zones[c.DNS], mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}), time.Now(), Options{})
		switch {
		case c.Contested:
			contested++
			if string(got.Status) != c.Expect {
				t.Logf("contested %s: %s (%s), suite says %s", c.ID, got.Status, got.Reason, c.Expect)
			}
		case string(got.Status) != c.Expect:
			t.Errorf("%s: %s (%s), want %s", c.ID, got.Status, got.Reason, c.Expect)
		default:
			right++
		}
	}
	t.Logf("%d of %d undisputed cases right, %d contested", right, len(suite.Cases)-contested, contested)
}
