package scanner

import (
	"strings"
	"testing"
)

// What local.d says of a stock rule of multimap is merged with it in Rspamd, and its
// score holds where no group weighs the symbol. A rule without a type is none.
func TestStockRules(t *testing.T) {
	s, scanner, _ := setup(t, map[string]string{
		"local.d/multimap.conf": `FREEMAIL_CC { score = 2; } FREEMAIL_TO { score = 3; action = "reject"; } FREEMAIL_FROM { score = 4; }
			FREEMAIL_C { score = 1; } UNTYPED { map = ["example.org"]; score = 1; }`,
		"local.d/groups.conf": "group \"own\" { symbols { FREEMAIL_FROM { weight = 1.5; } } }",
	})
	for name, want := range map[string]float64{"FREEMAIL_CC": 2, "FREEMAIL_TO": 3, "FREEMAIL_FROM": 1.5} {
		if got := weight(t, scanner, name); got != want {
			t.Errorf("%s counts %g, want %g", name, got, want)
		}
	}
	for _, want := range []string{
		"multimap.conf:1:53: multimap: FREEMAIL_TO: action has no effect",
		`multimap: the rule FREEMAIL_C has no type and no list, and no stock rule has the name; did you mean "FREEMAIL_CC"?`,
		"UNTYPED: it is left out: the rule has no type",
	} {
		if !strings.Contains(said(s), want) {
			t.Errorf("no %q in %s", want, said(s))
		}
	}
	if strings.Count(said(s), "multimap.conf") != 3 {
		t.Errorf("beyond that: %s", said(s))
	}
}
