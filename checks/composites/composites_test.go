package composites

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

func TestDefault(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Default() {
		d := c.Def
		if seen[d.Name] {
			t.Errorf("%s is there twice", d.Name)
		}
		seen[d.Name] = true
		if d.Doc == "" || len(d.Groups) == 0 {
			t.Errorf("%s has no doc or no group", d.Name)
		}
		if _, err := score.ParseExpression(c.Expression); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

// What a look-up that failed left open makes no composite true that costs
// points.
func TestFailedLookups(t *testing.T) {
	for _, c := range []struct {
		raised, composite string
		want              bool
	}{
		{"R_DKIM_PERMFAIL R_SPF_NA DMARC_NA ARC_NA", "AUTH_NA_OR_FAIL", true},
		{"R_DKIM_NA R_SPF_NA DMARC_NA ARC_NA", "AUTH_NA_OR_FAIL", false},
		{"R_DKIM_NA R_SPF_DNSFAIL DMARC_NA ARC_NA", "AUTH_NA_OR_FAIL", false},
		{"R_DKIM_TEMPFAIL R_SPF_NA DMARC_NA ARC_NA", "AUTH_NA_OR_FAIL", false},
		{"R_DKIM_PERMFAIL R_DKIM_TEMPFAIL R_SPF_NA DMARC_NA ARC_NA", "AUTH_NA_OR_FAIL", false},
		{"R_DKIM_PERMFAIL R_SPF_NA DMARC_NA ARC_DNSFAIL", "AUTH_NA_OR_FAIL", false},
		{"BOUNCE R_DKIM_NA R_SPF_DNSFAIL DMARC_NA ARC_NA", "BOUNCE_NO_AUTH", false},
		{"HAS_XOIP", "SUSPICIOUS_AUTH_ORIGIN", true},
		{"HAS_XOIP RECEIVED_SPAMHAUS_PBL", "SUSPICIOUS_AUTH_ORIGIN", false},
		{"HAS_XOIP SPAMHAUS_FAIL", "SUSPICIOUS_AUTH_ORIGIN", false},
		{"HAS_XOIP RECEIVED_SPAMHAUS_BLOCKED", "SUSPICIOUS_AUTH_ORIGIN", false},
		{"HAS_XOIP RECEIVED_SPAMHAUS_BLOCKED_OPENRESOLVER", "SUSPICIOUS_AUTH_ORIGIN", false},
		{"HAS_XOIP SPAMHAUS_FAIL RECEIVED_BLOCKLISTDE", "SUSPICIOUS_AUTH_ORIGIN", true},
	} {
		if got := matched(t, strings.Fields(c.raised)); slices.Contains(got, c.composite) != c.want {
			t.Errorf("%s gives %v, %s is to be there: %v", c.raised, got, c.composite, c.want)
		}
	}
}

// matched returns the composites that the symbols make true.
func matched(t *testing.T, raised []string) (names []string) {
	t.Helper()
	var set score.Symbols
	for _, name := range raised {
		set.Defs = append(set.Defs, &symbols.Def{Name: name})
	}
	m := score.Metric{Composites: Default()}
	c, err := m.Compile(set)
	if err != nil {
		t.Fatal(err)
	}
	sheet := c.NewSheet()
	for _, d := range set.Defs {
		sheet.Add(symbols.Hit{Def: d, Factor: 1})
	}
	sheet.Compose(1)
	for _, d := range sheet.Matched() {
		names = append(names, d.Name)
	}
	return names
}
