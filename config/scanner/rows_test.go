package scanner

import (
	"encoding/json"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/shared"
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

	status int
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
	case "http_status":
		return strconv.Itoa(a.status) == want[1]
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
