package scanner

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/symbols"
)

// stubs raise what the tests' Lua does. Options of OPTS come as the queue id.
func stubs() []*checks.Check {
	def := func(name string) *symbols.Def {
		return &symbols.Def{Name: name, Doc: "raised by a test", Groups: []string{"simple_tests"}}
	}
	opts, seen, url := def("OPTS"), def("TEST_COMPOSITE_SEEN_IN_POSTFILTER"), def("FOUND_URL")
	all := map[checks.Stage][]*symbols.Def{
		checks.Early: {def("TEST_PRE"), def("MERGE_PRE")},
		checks.Late:  {def("TEST_POST")},
		checks.Main: {
			def("EXPRESSIONS_A"), def("EXPRESSIONS_B"), def("EXPRESSIONS_C"), def("DYN_BASE_C"), def("POSITIVE_A"), def("DYN_BASE_A"), def("DYN_BASE_B"), def("SIMPLE_TEST"),
			def("MERGE_TEST_BASIC"), def("MERGE_HARD_DEP"), def("MERGE_WEAK_DEP"), def("MERGE_GROUP_SYM"), def("MERGE_GROUP_SYM2"), def("TEST_NOSTAT_FILTER_SYM"),
		},
	}
	list := []*checks.Check{{
		Name: "stub opts", Doc: "raises OPTS", Symbols: []*symbols.Def{opts}, Run: func(_ context.Context, t *checks.Task) error {
			if id := t.Envelope().QueueID; id != "" {
				t.Hit(opts, strings.Split(id, ",")...)
			}
			return nil
		},
	}, {
		Name: "stub urls", Doc: "tells the links", Symbols: []*symbols.Def{url}, Run: func(_ context.Context, t *checks.Task) error {
			for _, u := range t.Message().URLs() {
				t.Hit(url, strings.NewReplacer("=", `\=`, " ", "%20").Replace(u.Text)) // as the table has them
			}
			return nil
		},
	}, {
		Name: "stub seen", Doc: "looks for a composite", Symbols: []*symbols.Def{seen}, Stage: checks.Late, Requires: []checks.Requirement{checks.AllSymbols()},
		Run: func(_ context.Context, t *checks.Task) error {
			if _, ok := t.ScoreOf("TEST_FIRSTPASS_COMPOSITE"); ok {
				t.Hit(seen)
			}
			return nil
		},
	}}
	for stage, defs := range all {
		list = append(list, &checks.Check{
			Name: "stubs " + stage.String(), Doc: "raise their symbols", Stage: stage, Symbols: defs, Run: func(_ context.Context, t *checks.Task) error {
				for _, d := range defs {
					switch d.Name {
					case "SIMPLE_TEST":
						t.Hit(d, "Fires always")
					case "EXPRESSIONS_C", "DYN_BASE_C": // are not raised
					default:
						t.Hit(d)
					}
				}
				return nil
			},
		})
	}
	return list
}
