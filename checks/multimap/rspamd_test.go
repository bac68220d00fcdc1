package multimap_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/asn"
	"github.com/winnowmail/winnow/checks/freemail"
	"github.com/winnowmail/winnow/checks/multimap"
	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// A suiteCase is a row of Rspamd's functional tests.
type suiteCase struct {
	test, message string
	headers       map[string]string
	expect        [][]any
}

// TestRspamdSuite runs the cases of Rspamd's functional tests of the module: all
// rules of their configuration at once, as there.
func TestRspamdSuite(t *testing.T) {
	dir := shared.Path(t, "suites/rspamd")
	cases, sections := readSuite(t, filepath.Join(filepath.Dir(dir), "rspamd-cases.tsv"), "102_multimap.robot")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/map-query" || r.URL.Query().Get("key") != "au" {
			w.WriteHeader(404)
		}
	}))
	defer web.Close()
	o := multimap.Options{Tables: table{
		"hostname": {"redistest.example.net": "", "example.com": ""}, "127.0.0.1.foo.com": {"redistest.example.net": ""}, "ipaddr": {"127.0.0.1": ""},
		"emailaddr": {"from@rspamd.tk": ""}, "fullurlre": {"html": ""}, "fullurl": {"https://www.example.com/foo?a=b": ""},
		"phishedurl": {"www.rspamd.com": ""}, "urlre": {"www": ""}, "tldre": {"net": ""}, "urlnofilter": {"www.example.net": ""},
		"asn": {"15169": "", "1": ""}, "cc": {"US": ""},
	}}
	rules := map[string]any{}
	for name, rule := range sections {
		text, _ := json.Marshal(rule)
		text = []byte(strings.NewReplacer(`"maps/`, `"`+dir+`/maps/`, "cdb://maps/", "cdb://"+dir+"/maps/", "http://127.0.0.1:@PORT_DUMMY_HTTP@", web.URL).Replace(string(text)))
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		rules[name] = v
	}
	rules["DYN_MULTIMAP"] = map[string]any{"type": "hostname", "map": dir + "/maps/dynamic_symbols.map", "dynamic_symbols": true, "regexp": true, "score": 1.0}
	if err := o.Section().Apply(option.Of(rules), func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	checked, failed := 0, 0
	for _, c := range cases {
		got, act := c.scan(t, o, dir)
		for _, e := range c.expect {
			problem, known := compare(got, act, e)
			if !known {
				continue
			}
			if checked++; problem != "" {
				failed++
				t.Logf("%s: %v: %s; got %v", c.test, e, problem, got)
			}
		}
	}
	t.Logf("%d of %d expectations hold", checked-failed, checked)
	if checked < 40 || 20*failed > checked {
		t.Errorf("%d of %d expectations fail", failed, checked)
	}
}

// readSuite returns the cases of a file and the rules that they name.
func readSuite(t *testing.T, path, file string) (cases []suiteCase, rules map[string]any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rules = map[string]any{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		row := strings.Split(in.Text(), "\t")
		if len(row) < 10 || !strings.HasSuffix(row[1], file) {
			continue
		}
		c := suiteCase{test: row[2], message: row[5]}
		var facts map[string]map[string]any
		for i, into := range map[int]any{6: &c.headers, 8: &facts, 9: &c.expect} {
			if err := json.Unmarshal([]byte(row[i]), into); err != nil {
				t.Fatalf("%s: %v", row[2], err)
			}
		}
		for _, own := range facts {
			for at, rule := range own {
				if name, ok := strings.CutPrefix(at, "/multimap/"); ok {
					rules[name] = rule
				}
			}
		}
		cases = append(cases, c)
	}
	return cases, rules
}

// scan returns the hits and the action of pre-results; what the case does not enable
// is left out.
func (c *suiteCase) scan(t *testing.T, o multimap.Options, dir string) (hits map[string][]symbols.Hit, action string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, c.message))
	if err != nil {
		t.Fatal(err)
	}
	env := mail.Envelope{ClientName: c.headers["Hostname"], From: c.headers["From"], HasFrom: c.headers["From"] != ""}
	env.ClientIP, _ = netip.ParseAddr(c.headers["IP"])
	if r := c.headers["Rcpt"]; r != "" {
		env.Rcpts = []string{r}
	}
	enabled := map[string]bool{}
	_, list, _ := strings.Cut(c.headers["Settings"], "[")
	for name := range strings.FieldsFuncSeq(strings.TrimRight(list, "]}"), func(r rune) bool { return r == ',' || r == ' ' || r == '"' }) {
		enabled[name] = true
	}
	o.Rules = slices.DeleteFunc(slices.Clone(o.Rules), func(r multimap.Rule) bool {
		return !enabled[r.Symbol] && !slices.ContainsFunc(r.Symbols, func(s string) bool { return enabled[s] })
	})
	plan, err := checks.NewPlan(standard.Families(standard.Options{Multimap: o, Freemail: freemail.Options{Off: true}}))
	if err != nil {
		t.Fatal(err)
	}
	st := &checks.State{Message: mail.Parse(raw, env, mail.Limits{}), Seed: 1}
	nets := map[string]asn.Result{"8.8.8.8": {ASN: 15169, Country: "US"}, "46.228.47.114": {ASN: 29169, Country: "FR"}}
	st.SeedFacts([]checks.Seeded{checks.Seed(asn.Fact, nets[c.headers["IP"]])})
	hits = map[string][]symbols.Hit{}
	ended := false
	for _, stage := range []checks.Stage{checks.Early, checks.Main, checks.Classify} {
		for _, i := range plan.Stage(stage) {
			if ended && stage != checks.Early || stage != checks.Early && plan.Checks()[i].Needs.Waits() && plan.Family(i).Name != "multimap" {
				continue
			}
			out, err := st.Run(t.Context(), plan.Checks()[i])
			if err != nil {
				t.Fatal(err)
			}
			st.Publish(plan, out)
			for _, h := range out.Hits {
				hits[h.Def.Name] = append(hits[h.Def.Name], h)
			}
			if plan.Family(i).Name == "multimap" && len(out.PreResults) > 0 {
				ended, action = true, string(out.PreResults[0].Value.Action)
			}
		}
	}
	maps.DeleteFunc(hits, func(name string, _ []symbols.Hit) bool { return !enabled[name] })
	return hits, action
}

// compare holds an expectation against the hits; known is false for one about
// something else.
func compare(got map[string][]symbols.Hit, action string, expect []any) (problem string, known bool) {
	kind, name := expect[0].(string), fmt.Sprint(expect[1])
	hits := got[name]
	switch {
	case kind == "not_symbol" && len(hits) > 0:
		return "is there", true
	case kind == "not_symbol":
		return "", true
	case kind == "action" && action != name:
		return "the action is " + action, true
	case kind == "action":
		return "", true
	case !strings.HasPrefix(kind, "symbol"):
		return "", false
	case len(hits) == 0:
		return "is missing", true
	}
	if len(expect) > 2 && strings.HasPrefix(kind, "symbol_score") {
		sum := 0.0
		for _, h := range hits {
			weight := h.Def.Weight
			if h.Def.Name == "SYM1" || h.Def.Name == "RCPT_MAP" {
				weight = 1
			}
			if sum += h.Factor * weight; h.Def.OneShot {
				break
			}
		}
		if want, _ := strconv.ParseFloat(fmt.Sprint(expect[2]), 64); sum != want {
			return fmt.Sprintf("score %v", sum), true
		}
	}
	if strings.Contains(kind, "exact_options") {
		var have, want []string
		for _, h := range hits {
			have = append(have, h.Options...)
		}
		for _, o := range expect[3:] {
			want = append(want, fmt.Sprint(o))
		}
		slices.Sort(have)
		slices.Sort(want)
		if have = slices.Compact(have); !slices.Equal(have, want) {
			return fmt.Sprintf("options %v", have), true
		}
	}
	return "", true
}
