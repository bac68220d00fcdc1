package scanner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/config"
	"github.com/winnowmail/winnow/config/stock"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/controller"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/symbols"
)

// A caseRow is one row of the shared table of Rspamd's functional tests.
type caseRow struct {
	class, file, test, operation, message, config string
	headers                                       map[string]string
	facts                                         map[string]map[string]json.RawMessage // by symbol, then by path
	expect                                        [][]string
}

func (r caseRow) name() string { return path.Base(r.file) + "/" + r.test }

// caseRows are those of the classes that need no program beside Rspamd.
func caseRows(t *testing.T) (rows []caseRow) {
	data, err := os.ReadFile(shared.Path(t, "suites/rspamd-cases.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < 10 || !strings.HasPrefix(f[0], "A-") && !strings.HasPrefix(f[0], "B-") {
			continue
		}
		r := caseRow{class: f[0], file: f[1], test: f[2], operation: f[4], message: f[5], config: f[7]}
		for column, into := range map[int]any{6: &r.headers, 8: &r.facts, 9: &r.expect} {
			if err := json.Unmarshal([]byte(f[column]), into); err != nil {
				t.Fatalf("%s: %v", r.name(), err)
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// ownConfig is what stands in for the files of the tests' configurations, beside
// the facts of the rows.
func ownConfig(name string) string {
	return map[string]string{
		"settings.conf": `settings {
			empty_symbols_enabled { ip = "5.5.5.5"; apply { symbols_enabled = []; } }
		}`,
		"settings_merge.conf": `settings {
			merge_profile { id = "merge_profile"; apply { symbols_enabled = [MERGE_TEST_BASIC, MERGE_HARD_DEP, MERGE_WEAK_DEP]; } }
		}`,
		"force_actions.conf": `actions { unknown_weight = 1; }
		force_actions { rules {
			FORCE_REJECT_TO_ADD_HEADER { action = "add header"; expression = "UBER_REJECT"; require_action = ["reject"]; }
			FORCE_NO_ACTION_TO_REJECT { action = "reject"; expression = "UBER_HAM"; require_action = ["no action"]; }
			FORCE_ADD_HEADER_TO_NO_ACTION { action = "no action"; expression = "UBER_ADD_HEADER"; require_action = ["add header"]; }
		} }
		settings {
			id_reject { apply { symbols { UBER_REJECT = 100500.0; } } }
			id_no_action { apply { symbols { UBER_HAM = 1.0; } } }
			id_add_header { apply { actions { reject = 100500; "add header" = 50500; } symbols { UBER_ADD_HEADER = 50500.0; } } }
		}`,
		"composites.conf":         `composites { EXPRESSIONS { expression = "(EXPRESSIONS_A | ~EXPRESSIONS_B) & !EXPRESSIONS_C"; score = 5.0; } }`,
		"dynamic_composites.conf": `composites { dynamic = "maps/dynamic_composites.map.1"; }`,
		"milter_headers.conf": `milter_headers {
			use = [x-spamd-bar, x-spam-level, x-virus];
			routines {
				x-spamd-bar { header = "My-Spamd-Bar"; remove = 0; }
				x-virus { header = "X-Virus"; symbols = [SIMPLE_TEST]; }
			}
		}`,
	}[name]
}

// stubs raise what the tests' Lua does. Options of OPTS come as the queue id.
func stubs() []*checks.Check {
	def := func(name string) *symbols.Def {
		return &symbols.Def{Name: name, Doc: "raised by a test", Groups: []string{"simple_tests"}}
	}
	opts, seen := def("OPTS"), def("TEST_COMPOSITE_SEEN_IN_POSTFILTER")
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

// skipped tells why a row is out of scope, "" if it is not.
func skipped(r caseRow, read func(section string) bool) string {
	if !held(r) && os.Getenv("WINNOW_RSPAMD_ROWS") == "" {
		return "lists and hosts have tests of their own; WINNOW_RSPAMD_ROWS=1 runs these rows, too"
	}
	for part, reason := range map[string]string{
		"REDIS": "maps in Redis are asked by a program with a Redis", "EXTERNAL": "external maps need their server",
		"250_dns": "the rule is in Lua", "270_selector": "the rule is in Lua", "350_magic": "the rule is in Lua", "Lua condition": "the rule is in Lua",
		"Scan File V3": "/checkv3 is not served", "450_grow": "the table does not have the scores", "135_spam": "files of SpamAssassin are another test's",
		"260_regex": "one rule is in Lua", "OVERRIDE SETTINGS": "settings don't configure modules",
	} {
		if strings.Contains(r.name()+" "+r.operation, part) {
			return reason
		}
	}
	for _, section := range needs(r) {
		if !read(section) {
			return "the section " + section + " is not read"
		}
	}
	return ""
}

// needs are the sections that the rows of a file need.
func needs(r caseRow) (sections []string) {
	for _, fact := range r.facts {
		for at := range fact {
			sections = append(sections, strings.Split(at, "/")[1])
		}
	}
	for file, section := range map[string]string{
		"106_mid": "mid", "114_phish": "phishing", "102_multimap": "multimap", "270_regexp": "multimap", "360_aliases": "aliases",
		"300_rbl": "rbl", "340_surbl": "rbl", "550_milter": "milter_headers",
	} {
		if strings.Contains(r.file, file) {
			sections = append(sections, section)
		}
	}
	return sections
}

// held reports whether a row has to pass. Those of sections whose tables are about
// lists and hosts need not: their families have tests of their own.
func held(r caseRow) bool {
	return !slices.ContainsFunc(needs(r), func(section string) bool {
		return slices.Contains([]string{"mid", "phishing", "multimap", "aliases", "rbl", "surbl", "emails", "milter_headers", "whitelist", "regexp"}, section)
	})
}

// A caseWorld is a scanner with the configuration of some rows.
type caseWorld struct{ handler http.Handler }

// sectionsRead are the sections that have an effect.
func sectionsRead() map[string]bool {
	read := map[string]bool{"settings": true, "group": true, "symbols": true, "composites": true}
	for _, table := range new(Setup).sections() {
		read[table.Name] = true
	}
	return read
}

// apart are rows in which we differ on purpose, or lack the symbol.
func apart() map[string]string {
	return map[string]string{
		"280_rules.robot/Broken Rich Text": "an attachment that is called rich text is no broken type",
		"280_rules.robot/PDF encrypted":    "PDF_ENCRYPTED is not raised",
		"280_rules.robot/RCVD_COUNT_SEVEN": "settings turn symbols on by their names, not with what else a function raises",
	}
}

// sections are facts as a file says them.
func sections(t *testing.T, rows []caseRow) string {
	var b strings.Builder
	done := map[string]bool{}
	for _, r := range rows {
		for _, fact := range r.facts {
			for at, value := range fact {
				if done[at] {
					continue
				}
				done[at] = true
				words := strings.Split(strings.TrimPrefix(at, "/"), "/")
				for _, w := range words[:len(words)-1] {
					fmt.Fprintf(&b, "%s { ", w)
				}
				fmt.Fprintf(&b, "%q = %s;%s\n", words[len(words)-1], value, strings.Repeat(" }", len(words)-1))
			}
		}
	}
	return b.String()
}

// caseSetup reads what rows and ownConfig say.
func caseSetup(t *testing.T, name string, rows []caseRow) (*Setup, error) {
	text := strings.ReplaceAll(ownConfig(name)+"\n"+sections(t, rows), `maps/`, shared.Path(t, "suites/rspamd/maps")+"/")
	files := ucl.FS(fstest.MapFS{"etc/rspamd/local.d/groups.conf": &fstest.MapFile{Data: []byte(text)}})
	tree, err := config.Load(config.Options{Dir: "/etc/rspamd", Files: stock.Files{Dir: "/etc/rspamd", Files: files, Below: stock.Tree()}})
	if err != nil {
		return nil, err
	}
	return Read(tree, Base{Families: standard.Options{RBL: rbl.Options{NoMonitoring: true}}})
}

func newCaseWorld(t *testing.T, name string, rows []caseRow) *caseWorld {
	t.Helper()
	if os.Getenv("WINNOW_RSPAMD_ROWS") == "" {
		rows = slices.DeleteFunc(slices.Clone(rows), func(r caseRow) bool { return !held(r) })
	}
	s, err := caseSetup(t, name, rows)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	w := &caseWorld{}
	zones := []string{cmp.Or(map[string]string{"merged.conf": "merged-local.conf"}[name], "plugins.conf")}
	if name == "hfilter.conf" {
		zones = []string{"hfilter-dns.conf"}
	}
	o := s.Options
	o.Checks, o.Settings = stubs(), s.Rules.Settings
	o.DNS.Resolver = shared.RspamdZone(t, zones...)
	o.Families = standard.Families(s.Families)
	if name == "force_actions.conf" { // whose scores are those of its symbols alone
		o.Families = slices.DeleteFunc(o.Families, func(f *checks.Family) bool { return f.Name != "force_actions" })
	}
	o.Families = append(o.Families, s.Rules.Family(nil))
	plain, err := winnow.New(winnow.Options{Families: o.Families, Checks: o.Checks})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	o.Layer, err = s.Layer(NewVocabulary(plain.Metric(), o.Families))
	if err := cmp.Or(err, plain.Close(t.Context())); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	scanner, err := winnow.New(o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(func() { _ = scanner.Close(context.Background()) })
	w.handler, err = controller.New(controller.Options{Scanner: scanner, Rules: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// An answer is the part of a reply that is looked at.
type answer struct {
	Action   string
	Required float64 `json:"required_score"`
	Symbols  map[string]struct {
		Score   float64
		Options []string
	}
	URLs   []string
	Milter struct {
		Added   map[string]json.RawMessage `json:"add_headers"`
		Removed map[string]json.RawMessage `json:"remove_headers"`
	}
	Error string
}

func (w *caseWorld) scan(t *testing.T, r caseRow) (a answer) {
	t.Helper()
	raw := []byte("\r\n") // of nothing at all there is no scan
	if r.message != "/dev/null" {
		var err error
		if raw, err = os.ReadFile(shared.Path(t, path.Join("suites/rspamd", r.message))); err != nil {
			t.Fatal(err)
		}
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/checkv2", bytes.NewReader(raw))
	for name, value := range r.headers {
		if name == "opts" {
			name = "Queue-Id"
		}
		req.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, req)
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v: %s", r.name(), err, rec.Body)
	}
	return a
}

// meets reports whether an expectation, its kind first, is met.
func (a *answer) meets(want []string) bool {
	s, ok := a.Symbols[want[1]]
	_, added := a.Milter.Added[want[1]]
	_, removed := a.Milter.Removed[want[1]]
	number := func(i int) float64 { f, _ := strconv.ParseFloat(want[i], 64); return f }
	exactly := func(list []string) bool {
		return len(list) == len(s.Options) && !slices.ContainsFunc(list, func(o string) bool { return !slices.Contains(s.Options, o) })
	}
	scored := func() bool { return ok && math.Abs(s.Score-number(2)) < 0.005 }
	switch want[0] {
	case "symbol":
		return ok
	case "not_symbol":
		return !ok
	case "symbol_score":
		return scored()
	case "symbol_exact_options":
		return ok && exactly(want[2:])
	case "symbol_score_exact_options":
		return scored() && exactly(want[3:])
	case "symbol_option":
		return ok && slices.Contains(s.Options, want[2])
	case "not_symbol_option":
		return !slices.Contains(s.Options, want[2])
	case "symbols":
		return !slices.ContainsFunc(want[1:], func(name string) bool { _, ok := a.Symbols[name]; return !ok })
	case "action":
		return a.Action == want[1]
	case "required_score":
		return a.Required == number(1)
	case "url":
		return slices.Contains(a.URLs, want[1])
	case "added_header":
		return added && strings.Contains(string(a.Milter.Added[want[1]]), `"`+want[2]+`"`)
	case "not_added_header":
		return !added
	case "removed_header":
		return removed
	case "not_removed_header":
		return !removed
	case "header_present":
		return added
	}
	return false
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
	met, all, left, read := 0, 0, map[string]int{}, sectionsRead()
	for _, name := range names {
		var w *caseWorld
		for _, r := range byConfig[name] {
			if reason := skipped(r, func(section string) bool { return read[section] }); reason != "" {
				left[reason] += len(r.expect)
				continue
			}
			if w == nil {
				w = newCaseWorld(t, name, byConfig[name])
			}
			a := w.scan(t, r)
			for _, want := range r.expect {
				all++
				if a.meets(want) {
					met++
					continue
				}
				t.Logf("%s: want %v, have %s %v %s; %s", r.name(), want, a.Action, a.Symbols[want[1]], a.Error, apart()[r.name()])
				if held(r) && apart()[r.name()] == "" {
					t.Fail()
				}
			}
		}
	}
	t.Logf("%d of %d expectations are met; left out: %v", met, all, left)
}
