package spf_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/internal/shared"
)

// oneLabel tells the zones whose domains have one label, which RFC 7208
// does not evaluate.
func oneLabel(id string) bool { return strings.HasPrefix(id, "spf/blitiri/") }

func TestSuite(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "suites/spf/spf-vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Zones map[string][]shared.Record
		Cases []struct {
			ID, Helo, MailFrom, IP, Description string
			Results                             []string
			Explanation                         *string
			ZoneRef                             string `json:"zone_ref"`
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	decided, right := 0, 0
	for _, c := range suite.Cases {
		if slices.Contains(c.Results, "ambiguous") {
			continue
		}
		decided++
		t.Run(c.ID, func(t *testing.T) {
			z := shared.Zone(t, suite.Zones[c.ZoneRef])
			res := spf.Evaluate(t.Context(), z, spf.Params{
				IP: netip.MustParseAddr(c.IP), Helo: c.Helo, MailFrom: c.MailFrom,
				OneLabel: oneLabel(c.ID),
			})
			if !slices.Contains(c.Results, string(res.Status)) {
				t.Errorf("%s is none of %v: %s (%s)", res.Status, c.Results, res.Reason, c.Description)
				return
			}
			if c.Explanation != nil && *c.Explanation != "DEFAULT" && res.Explanation != *c.Explanation ||
				c.Explanation != nil && *c.Explanation == "DEFAULT" && res.Explanation != "" {
				t.Errorf("explanation %q, want %q", res.Explanation, *c.Explanation)
				return
			}
			right++
		})
	}
	t.Logf("%d of %d decided cases", right, decided)
	if decided == 0 {
		t.Error("no cases")
	}
}
