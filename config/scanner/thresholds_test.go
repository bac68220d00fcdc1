package scanner

import (
	"maps"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
)

// Every form of the section actions is read by its table, which names what it does
// not know.
func TestActionsTable(t *testing.T) {
	s, _, layer := setup(t, map[string]string{
		"local.d/actions.conf": `"add header" = 7; reject { score = 12; priority = 3; flag = 1; } discard { score = 40; flags = [no_threshold]; }
			mine { score = 30; flags = [ham]; } other = 20; grow_factor = 1.5; greylist = null; subject = "[%s]";`,
	})
	want := actions.Thresholds{actions.AddHeader: 7, actions.Reject: 12, "mine": 30, "other": 20}
	got := maps.Clone(layer.Thresholds)
	delete(got, actions.Greylist) // NaN, which takes it away
	delete(got, actions.RewriteSubject)
	if !maps.Equal(got, want) || s.Subject != "[%s]" {
		t.Errorf("%v, %q", layer.Thresholds, s.Subject)
	}
	if g, ok := layer.Thresholds[actions.Greylist]; !ok || g == g {
		t.Errorf("greylist is %v, %t", g, ok)
	}
	for _, text := range []string{
		"local.d/actions.conf:1:54: reject has no key flag; did you mean \"flags\"?", "local.d/actions.conf:2:23: actions: mine: of flags no_threshold alone",
		"grow_factor has no effect", "actions has the unknown key mine",
	} {
		if !strings.Contains(said(s), text) {
			t.Errorf("%q is not among\n%s", text, said(s))
		}
	}
	for key, text := range map[string]string{
		"reject { score = [1, 2]; }": "actions.conf:1:10: a number is needed",
		"mine { score = x; }":        "actions.conf:1:8: a number is needed",
		"other = x;":                 "actions.conf:1:1: a number is needed",
		"unknown_weight = x;":        "actions.conf:1:1: a number is needed",
	} {
		s, err := Read(load(t, map[string]string{"local.d/actions.conf": key}), Base{})
		if err == nil {
			_, err = s.Layer(Vocabulary{})
		}
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
