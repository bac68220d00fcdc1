package scanner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/score"
)

// Names that nothing has are warned of at their places, in settings, rules of
// force_actions, composites, groups and lists of composites; others are not.
func TestStrangers(t *testing.T) {
	more := filepath.Join(t.TempDir(), "more")
	if err := os.WriteFile(more, []byte("LISTED {\n expression = \"MISSING_MDI\";\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, scanner, _ := setup(t, map[string]string{
		"local.d/settings.conf": `friends { from = "@example.org"; apply {
			symbols_enabled = [MISSING_MID, SPF_CHECK, dkim, OURS];
			symbols_disabled = ["MISSING_DATTE"];
			groups_disabled = ["spf", "haeders"];
			scores { MISSING_TO = 2; MISING_TO = 3; OURS = 1; RAISED = 1; }
			symbols [ "RAISED" ]
		} }`,
		"local.d/force_actions.conf": `rules { R { action = "reject"; expression = "MISSING_MID & R_SPF_FIAL"; } Q { action = "reject"; expression = "FORCE_ACTION_R | OURS | RAISED"; } }`,
		"local.d/composites.conf":    "dynamic = \"" + more + "\"; OURS { expression = \"MISSING_MID | MISSING_MIDD | g:haeders\"; score = 1; }",
		"local.d/groups.conf":        "group \"mine\" { symbols { OURS { weight = 2; } LISTED { weight = 1; } NOBODYS { weight = 2; } } }",
	})
	lines := strings.Split(said(s), "\n")
	for _, want := range []string{
		`settings.conf:3:24: settings: friends: symbols_disabled: nothing is named MISSING_DATTE; did you mean "MISSING_DATE"?`,
		`settings.conf:4:30: settings: friends: groups_disabled: nothing is named haeders; did you mean "headers"?`,
		`settings.conf:5:29: settings: friends: scores: nothing is named MISING_TO; did you mean "MISSING_TO"?`,
		`force_actions.conf:1:32: force_actions: R: nothing raises R_SPF_FIAL, which is never found; did you mean "R_SPF_FAIL"?`,
		`the expression of OURS: nothing raises MISSING_MIDD, which is never found; did you mean "MISSING_MID"?`,
		`the expression of OURS: no symbol is of the group haeders; did you mean "headers"?`,
		more + `:2:1: the expression of LISTED: nothing raises MISSING_MDI, which is never found; did you mean "MISSING_MID"?`,
		"no check raises the symbol NOBODYS",
	} {
		found := false
		for i, line := range lines {
			if strings.Contains(line, want) {
				lines, found = append(lines[:i:i], lines[i+1:]...), true
				break
			}
		}
		if !found {
			t.Errorf("no %s in\n%s", want, said(s))
		}
	}
	for _, line := range lines {
		if !strings.Contains(line, "has no store") {
			t.Errorf("beyond what is wrong: %s", line)
		}
	}
	r, err := scanner.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte("Subject: x\r\n\r\nbody\r\n"))})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Symbols, func(found score.Scored) bool { return found.Name == "OURS" && found.Score == 2 }) {
		t.Errorf("OURS, of one that is found and two that nothing raises, is not among %v", r.Symbols)
	}
}
