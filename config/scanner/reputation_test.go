package scanner

import (
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks/reputation"
)

// TestReputation reads rules as they are in the field, with weights in groups and a
// server of their own.
func TestReputation(t *testing.T) {
	rules := `rules {
		ip_reputation = { selector "ip" { } backend "redis" { servers = "localhost"; } symbol = "IP_REPUTATION"; }
		dkim_reputation = { selector "dkim" { } backend "redis" { } symbol = "DKIM_REPUTATION"; }
		generic_reputation = { selector "generic" { selector = "ip"; } backend "redis" { } symbol = "GENERIC_REPUTATION"; }
	}
	servers = "127.0.0.1:6390";`
	groups := `group "reputation" { symbols { IP_REPUTATION_HAM { weight = 1.0; } IP_REPUTATION_SPAM { weight = 4.0; } DKIM_REPUTATION { weight = 1.0; } GENERIC_REPUTATION { weight = 1.0; } } }`
	s, _, layer := setup(t, map[string]string{"local.d/reputation.conf": rules, "local.d/groups.conf": groups})
	r := s.Families.Reputation
	if r == nil || len(r.Rules) != 3 || r.Rules[0].Kind != reputation.DKIM || r.Rules[1].Kind != reputation.Generic || r.Rules[1].Select != "ip" || r.Rules[2].Kind != reputation.IP {
		t.Fatalf("%+v", r)
	}
	for name, want := range map[string]float64{"IP_REPUTATION_SPAM": 4, "IP_REPUTATION_HAM": 1, "GENERIC_REPUTATION": 1} {
		if w := layer.Symbols[name].Weight; w == nil || *w != want {
			t.Errorf("%s: %v, want %v", name, layer.Symbols[name], want)
		}
	}
	if where := s.Daemon.Stores["reputation"]; !strings.Contains(where, "127.0.0.1:6390") {
		t.Errorf("the server is %q", where)
	}
	off, _, _ := setup(t, map[string]string{"local.d/reputation.conf": rules, "override.d/reputation.conf": "enabled = false;"})
	if off.Families.Reputation != nil {
		t.Errorf("off, and %+v", off.Families.Reputation)
	}
}
