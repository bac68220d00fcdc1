package scanner

import (
	"slices"
	"strings"
	"testing"
)

// leftOut tells why a row is not attempted, "" if it is.
func leftOut(r caseRow) string {
	for _, out := range []struct{ part, reason string }{
		{"250_dns", "the rule is in Lua"}, {"270_selector", "the rule is in Lua"}, {"350_magic", "the rule is in Lua"}, {"Lua condition", "the rule is in Lua"},
	} {
		if strings.Contains(r.name()+" "+r.operation, out.part) {
			return out.reason
		}
	}
	return ""
}

// apart are rows in which we differ on purpose, or lack the symbol.
func apart() map[string]string {
	return map[string]string{
		"280_rules.robot/Broken Rich Text":             "an attachment that is called rich text is no broken type",
		"280_rules.robot/PDF encrypted":                "PDF_ENCRYPTED is not raised",
		"280_rules.robot/RCVD_COUNT_SEVEN":             "settings turn symbols on by their names, not with what else a function raises",
		"300_rbl.robot/RBL FROM HIT WL":                "likewise",
		"300_rbl.robot/EMAILBL Compose Map 2":          "a list of the files that has the name of a built-in one changes that, its hash stays",
		"430_checkv3.robot/checkv3 malformed boundary": "a wrong request gets status 400",
		"114_phishing.robot/TEST PHISHING STRICT ONE":  "feeds of phishing pages are given by programs",
		"102_multimap.robot/URL_ICS":                   "links in calendars are not looked for",
		"450_grow_factor.robot/CHECK BASIC":            "the table does not have the scores",
	}
}

// TestRspamdCases runs the rows of Rspamd's functional tests that need nothing
// beside Rspamd, with what their configurations say, through files and the HTTP API.
func TestRspamdCases(t *testing.T) {
	byConfig, names := map[string][]caseRow{}, []string{}
	for _, r := range caseRows(t) {
		if byConfig[r.config] == nil {
			names = append(names, r.config)
		}
		byConfig[r.config] = append(byConfig[r.config], r)
	}
	met, missed, all, out := 0, 0, 0, map[string]int{}
	for _, name := range names {
		w := newCaseWorld(t, name, byConfig[name])
		for _, r := range byConfig[name] {
			all += len(r.expect)
			if reason := leftOut(r); reason != "" {
				out[reason] += len(r.expect)
				continue
			}
			for _, at := range r.paths() {
				if why := w.refused[at]; why != "" {
					t.Logf("%s: %s is not read: %s", r.name(), at, why)
				}
			}
			a := w.scan(t, r)
			for _, want := range r.expect {
				if a.meets(want) {
					met++
					continue
				}
				missed++
				t.Logf("%s: want %v, have %s %v %s; %s", r.name(), want, a.Action, a.Symbols[want[1]], a.Error, apart()[r.name()])
			}
		}
	}
	t.Logf("%d of %d expectations are met, %d are missed; not attempted: %v", met, all, missed, out)
	if met*100 < all*95 {
		t.Errorf("%d of %d expectations are met", met, all)
	}
}

// paths are where the row's facts stand.
func (r caseRow) paths() (list []string) {
	for _, f := range r.facts {
		list = append(list, sortedKeys(f)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
