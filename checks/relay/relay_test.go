package relay_test

import (
	"context"
	"fmt"
	"net/netip"
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
		{Symbol: "RELAY_FETCHED", Strategy: relay.Fetched, Names: []string{"Provider.example"}},
		{Symbol: "RELAY_AUTHENTICATED", Strategy: relay.Authenticated, Users: []string{"Fetch@example.net", "Holer@Bücher.example"}},
		{Symbol: "RELAY_HOSTNAME_MAP", Strategy: relay.HostnameMap, Names: []string{"backup.example.net", "filter.example.net", "sieb.bücher.example"}},
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
		{"Rules[0].Symbol: missing", []relay.Rule{{Strategy: relay.LocalHops}}},
		{"Rules[1].Count: missing", []relay.Rule{{Symbol: "A", Strategy: relay.LocalHops}, {Symbol: "B", Strategy: relay.Count}}},
		{"Rules[0].Names: missing", []relay.Rule{{Symbol: "A", Strategy: relay.HostnameMap}}},
		{"Rules[0].Names: missing", []relay.Rule{{Symbol: "A", Strategy: relay.Fetched, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}}},
		{"Rules[0].Networks: missing", []relay.Rule{{Symbol: "A", Strategy: relay.IPMap}}},
		{`Rules[0].Strategy: unknown strategy "x"`, []relay.Rule{{Symbol: "A", Strategy: "x"}}},
		{"Rules[1].Symbol: there is another rule with the symbol A", []relay.Rule{{Symbol: "A", Strategy: relay.LocalHops}, {Symbol: "A", Strategy: relay.LocalHops}}},
	} {
		if f := relay.New(relay.Options{Rules: c.rules}); f.Err == nil || f.Err.Error() != "external_relay: "+c.want {
			t.Errorf("got %v, want %s", f.Err, c.want)
		}
	}
}
