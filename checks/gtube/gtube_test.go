package gtube

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
)

func TestFixtures(t *testing.T) { checktest.Run(t, New(Options{})) }

const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// look scans a message whose body is body and returns what the check reports.
func look(t *testing.T, o Options, contentType, body string) checks.Outcome {
	t.Helper()
	raw := "From: a@example.org\r\nContent-Type: " + contentType + "\r\n\r\n" + body
	st := &checks.State{Message: mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{})}
	out, err := st.Run(t.Context(), New(o).Checks[0])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wanted(out checks.Outcome) string {
	if len(out.Hits) == 0 && len(out.PreResults) == 0 {
		return ""
	}
	p := out.PreResults[0].Value
	return fmt.Sprintf("%s %s %d %t %s", out.Hits[0].Def.Name, p.Action, p.Priority, p.AtThreshold, p.Message)
}

func TestActions(t *testing.T) {
	answer := func(a actions.Action) string { return "GTUBE " + string(a) + " 3 true Gtube pattern" }
	for _, c := range []struct {
		name     string
		patterns Patterns
		typ      string
		body     string
		want     string
	}{
		{"default", "", "text/plain", gtube, answer(actions.Reject)},
		{"in a line", "", "text/plain", "see: " + gtube + " ok", answer(actions.Reject)},
		{"html", "", "text/html", "<p>" + gtube + "</p>", answer(actions.Reject)},
		{"html that shows little", "", "text/html", "<!--" + strings.Repeat("x", maxText) + "-->" + gtube, answer(actions.Reject)},
		{"html that does not show it", "", "text/html", "<p title='" + gtube + "'>hello</p>", ""},
		{"sibling by default", "", "text/plain", "Y" + gtube[1:], ""},
		{"add header", All, "text/plain", "Y" + gtube[1:], answer(actions.AddHeader)},
		{"rewrite subject", All, "text/plain", "Z" + gtube[1:], answer(actions.RewriteSubject)},
		{"no action", All, "text/plain", "A" + gtube[1:], answer(actions.NoAction)},
		{"no sibling", All, "text/plain", "B" + gtube[1:], ""},
		{"after a near miss", All, "text/plain", "B" + gtube[1:] + gtube, answer(actions.Reject)},
		{"without its letter", All, "text/plain", gtube[1:], ""},
		{"lower case", All, "text/plain", strings.ToLower(gtube), ""},
		{"at the size limit", "", "text/plain", gtube + strings.Repeat("a", maxText-len(gtube)), answer(actions.Reject)},
		{"too long a part", "", "text/plain", gtube + strings.Repeat("a", maxText), ""},
		{"no text", "", "application/pdf", gtube, ""},
	} {
		if got := wanted(look(t, Options{Patterns: c.patterns}, c.typ, c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParseOptions(t *testing.T) {
	for in, want := range map[string]Options{"": {}, "reject": {}, "ALL": {Patterns: All}, "disabled": {Off: true}, "disable": {Off: true}} {
		if got, err := ParseOptions(in); err != nil || got != want {
			t.Errorf("%q: %+v %v", in, got, err)
		}
	}
	if _, err := ParseOptions("some"); err == nil {
		t.Error("some patterns")
	}
}

func TestVectors(t *testing.T) {
	raw, err := os.ReadFile(shared.Path(t, "suites/vectors/gtube.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			ID, Pattern, Action, Symbol string
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for _, c := range file.Cases {
		out := look(t, Options{Patterns: All}, "text/plain", "hello\r\n"+c.Pattern+"\r\n")
		if (len(out.Hits) == 1) != (c.Symbol != "") {
			t.Errorf("%s: hits %v", c.ID, out.Hits)
		}
		if c.Action != "" && (len(out.PreResults) != 1 || string(out.PreResults[0].Value.Action) != c.Action) {
			t.Errorf("%s: pre-results %v", c.ID, out.PreResults)
		}
	}
}
