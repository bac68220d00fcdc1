package relay_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/symbols"
)

// seen is what a check that judges the client sees.
var seen = &symbols.Def{Name: "CLIENT", Groups: []string{"test"}, Doc: "the client to judge"}

func probe() *checks.Check {
	return &checks.Check{
		Name: "probe", Doc: "tells the client", Symbols: []*symbols.Def{seen}, Requires: checks.Facts(relay.Fact),
		Run: func(_ context.Context, t *checks.Task) error {
			c := relay.Of(t)
			t.Hit(seen, c.IP.String(), c.Name, c.Helo, fmt.Sprint(c.Local), fmt.Sprint(relay.Foreign(t)))
			return nil
		},
	}
}

func rules() []relay.Rule {
	return []relay.Rule{
		{Symbol: "RELAY_AUTHENTICATED", Strategy: relay.Authenticated, Users: []string{"Fetch@example.net"}},
		{Symbol: "RELAY_HOSTNAME_MAP", Strategy: relay.HostnameMap, Names: []string{"backup.example.net", "filter.example.net"}},
		{Symbol: "RELAY_IP_MAP", Strategy: relay.IPMap, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
		{Symbol: "RELAY_LOCAL", Strategy: relay.LocalHops},
	}
}

func TestFixtures(t *testing.T) {
	family := append(relay.New(relay.Options{Rules: rules()}).Checks, probe())
	checktest.Run(t, family, checktest.Unfixtured("always raised", seen))
}

func TestWrongRules(t *testing.T) {
	for _, c := range []struct {
		want  string
		rules []relay.Rule
	}{
		{"rule 1 (): no symbol", []relay.Rule{{Strategy: relay.LocalHops}}},
		{"rule 2 (B): count is 0", []relay.Rule{{Symbol: "A", Strategy: relay.LocalHops}, {Symbol: "B", Strategy: relay.Count}}},
		{"rule 1 (A): no names", []relay.Rule{{Symbol: "A", Strategy: relay.HostnameMap}}},
		{"rule 1 (A): no networks", []relay.Rule{{Symbol: "A", Strategy: relay.IPMap}}},
		{`rule 1 (A): unknown strategy "x"`, []relay.Rule{{Symbol: "A", Strategy: "x"}}},
		{"rule 2: there is another rule with the symbol A", []relay.Rule{{Symbol: "A", Strategy: relay.LocalHops}, {Symbol: "A", Strategy: relay.LocalHops}}},
	} {
		list := relay.New(relay.Options{Rules: c.rules}).Checks
		if list[0].Start == nil {
			t.Errorf("%s: no error", c.want)
			continue
		}
		if err := list[0].Start(t.Context(), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
