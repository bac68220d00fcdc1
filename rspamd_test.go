package winnow_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/checks/urls"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
)

// caseFiles are the files of Rspamd's functional tests whose rows run here;
// those of other families stand beside these. caseOptions has what their
// configurations say, and none asks DNS for anything that matters.
func caseFiles() []string {
	return []string{"114_phishing.robot", "107_mid_utf8.robot", "360_aliases.robot"}
}

// A caseRow is one row of the shared table of cases.
type caseRow struct {
	file, test, message string
	headers             map[string]string
	expect              [][]string
}

func caseRows(t *testing.T) []caseRow {
	t.Helper()
	data, err := os.ReadFile(shared.Path(t, "suites/rspamd-cases.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []caseRow
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < 10 || f[0] != "A-library" {
			continue
		}
		row := caseRow{file: filepath.Base(f[1]), test: f[2], message: f[5]}
		if !slices.Contains(caseFiles(), row.file) {
			continue
		}
		if err := json.Unmarshal([]byte(f[6]), &row.headers); err != nil {
			t.Fatalf("%s: %v", row.test, err)
		}
		if err := json.Unmarshal([]byte(f[9]), &row.expect); err != nil {
			t.Fatalf("%s: %v", row.test, err)
		}
		rows = append(rows, row)
	}
	return rows
}

func caseOptions() standard.Options {
	return standard.Options{
		RBL: rbl.Options{NoMonitoring: true},
		Phishing: urls.PhishingOptions{Strict: []urls.StrictDomains{
			{Symbol: "STRICT_PHISHING", Domains: []string{"myspace.com"}}, {Symbol: "STRICTER_PHISHING", Domains: []string{"bank.com"}},
		}},
		Aliases: aliases.Options{
			LocalDomains: []string{"example.com", "mail.example.com", "internal.example.com"},
			Virtual: map[string]string{
				"contact@example.com": "support@example.com", "info@test.example.com": "info@example.com",
				"virtual@example.com": "real-user@internal.example.com", "@catchall.example.com": "catchall-box@example.com",
			},
			System: map[string][]string{
				"postmaster": {"root"}, "abuse": {"admin@example.com"}, "support": {"user1@example.com", "user2@example.com"},
				"webmaster": {"admin"}, "sales": {"team-sales"}, "team-sales": {"sales-inbox@example.com"},
			},
		},
	}
}

func (c caseRow) envelope() mail.Envelope {
	e := mail.Envelope{Helo: c.headers["Helo"], User: c.headers["User"]}
	if ip := c.headers["IP"]; ip != "" {
		e.ClientIP = netip.MustParseAddr(ip)
	}
	if rcpt := c.headers["Rcpt"]; rcpt != "" {
		e.Rcpts = []string{rcpt}
	}
	if from, ok := c.headers["From"]; ok {
		e.From, e.HasFrom = strings.Trim(from, "<>"), true
	}
	return e
}

// TestRspamdCases runs rows of Rspamd's functional tests with all built-in
// checks.
func TestRspamdCases(t *testing.T) {
	right, all, rows := 0, 0, caseRows(t)
	for _, c := range rows {
		t.Run(c.file+"/"+c.test, func(t *testing.T) {
			raw, err := os.ReadFile(shared.Path(t, filepath.Join("suites/rspamd", c.message)))
			if err != nil {
				t.Fatal(err)
			}
			o := builtin()
			o.Families = standard.Families(caseOptions())
			res := scan(t, o, &winnow.Message{Envelope: c.envelope(), Body: winnow.FromBytes(raw)})
			for _, want := range c.expect {
				all++
				if !holds(res, want) {
					t.Errorf("want %v, have %v", want, caseSymbols(res))
					continue
				}
				right++
			}
		})
	}
	t.Logf("%d of %d expectations in %d rows", right, all, len(rows))
}

// holds reports whether an expectation, its kind first, is met.
func holds(res *winnow.Result, want []string) bool {
	i := slices.IndexFunc(res.Symbols, func(s score.Scored) bool { return s.Name == want[1] })
	switch want[0] {
	case "not_symbol":
		return i < 0
	case "symbol":
		return i >= 0
	case "symbol_score":
		score, err := strconv.ParseFloat(want[2], 64)
		return i >= 0 && err == nil && res.Symbols[i].Score == score
	case "symbol_exact_options":
		return i >= 0 && slices.Equal(res.Symbols[i].Options, want[2:])
	case "symbol_option":
		return i >= 0 && slices.Contains(res.Symbols[i].Options, want[2])
	}
	return false
}

// caseSymbols names what a scan raised.
func caseSymbols(res *winnow.Result) []string {
	var s []string
	for _, h := range res.Symbols {
		s = append(s, fmt.Sprint(h.Name, h.Options))
	}
	return s
}
