package scanner

import (
	"context"
	"slices"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/settings"
)

// Settings choose the routines that write headers, and turn lists on by the names of
// Rspamd's functions.
func TestSettingsOfModules(t *testing.T) {
	s, _, layer := setup(t, map[string]string{
		"local.d/milter_headers.conf": "use = [x-spamd-bar]; skip_local = false;",
		"local.d/rbl.conf":            "rbls { own { rbl = \"bl.example.org\"; symbol = \"OWN\"; returncodes { OWN_CODE = \"127.0.0.2\"; } } }",
		"local.d/settings.conf": `level { apply { plugins { milter_headers { routines = [x-spam-level, nothing]; } } symbols { UNSEEN = 3; } } }
			listed { apply { symbols_enabled = [OWN_CHECK]; } }`,
		"local.d/actions.conf": "unknown_weight = 1;",
	})
	o := s.Options
	o.Layer, o.Settings = layer, s.Rules.Settings
	o.Families = append(standard.Families(s.Families), s.Rules.Family(nil))
	scanner, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = scanner.Close(context.Background()) })
	scan := func(id string) *winnow.Result {
		ctx := settings.WithRequest(t.Context(), &settings.Request{ID: id})
		res, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte("From: ann@example.org\r\nSubject: hello\r\n\r\nhello\r\n"))})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	names := func(id string) (list []string) {
		for _, e := range scan(id).Edits {
			list = append(list, e.Name)
		}
		return list
	}
	if got := names(""); !slices.Contains(got, "X-Spamd-Bar") || slices.Contains(got, "X-Spam-Level") {
		t.Errorf("without settings: %q", got)
	}
	if got := names("level"); slices.Contains(got, "X-Spamd-Bar") || !slices.Contains(got, "X-Spam-Level") {
		t.Errorf("with settings: %q", got)
	}
	if _, _, known := scanner.Knows("OWN_CHECK"); !known {
		t.Error("OWN_CHECK stands for nothing")
	}
	if scan("listed").Has("MISSING_MID") || !scan("").Has("MISSING_MID") {
		t.Error("settings that turn a list on leave the rest as it is")
	}
}
