package external

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// What a rule says beside its type: findings that are none, an action with a text,
// the least size, the whole message, limits of single checksums.
func TestRule(t *testing.T) {
	const office = "Subject: x\r\nX: spamd=spam dcc=bulk\r\nContent-Type: application/msword\r\n\r\nolefy=spam\r\n"
	for name, tt := range map[string]struct {
		rule   Rule
		hits   string
		action actions.Action
		says   string
	}{
		"plain":   {Rule{Type: SpamAssassin, Servers: []string{"spamd:783"}}, "SPAMD[GTUBE NO_RELAYS]", "", ""},
		"ignored": {Rule{Type: SpamAssassin, Servers: []string{"spamd:783"}, Ignore: []string{"GTUBE"}}, "SPAMD[NO_RELAYS]", "", ""},
		"all ignored": {Rule{Type: SpamAssassin, Servers: []string{"spamd:783"}, Ignore: []string{"GTUBE", "NO_RELAYS"}, Action: actions.Reject},
			"", "", ""},
		"action": {Rule{Type: SpamAssassin, Servers: []string{"spamd:783"}, Name: "SA", Action: actions.SoftReject}, "SPAMD[GTUBE NO_RELAYS]",
			actions.SoftReject, `SA: threat found: "GTUBE; NO_RELAYS"`},
		"text":             {Rule{Type: DCC, Servers: []string{"dcc:10045"}, Action: actions.Reject, Message: "${VIRUS} by ${SCANNER}"}, "DCC_BULK[body=many fuz1=many]", actions.Reject, "body=many; fuz1=many by dcc"},
		"one limit":        {Rule{Type: DCC, Servers: []string{"dcc:10045"}, Fuz2: 3}, "DCC_BULK[body=many fuz1=many fuz2=3]", "", ""},
		"failed":           {Rule{Type: SpamAssassin, Servers: []string{"nobody:783"}, Action: actions.Reject}, "SPAMD_FAIL[connection failed]", "", ""},
		"too small":        {Rule{Type: Oletools, Servers: []string{"olefy:10050"}, MinSize: 100}, "", "", ""},
		"a part":           {Rule{Type: Oletools, Servers: []string{"olefy:10050"}, MinSize: 5}, "OLETOOLS[AutoExec + Suspicious (AutoOpen,Shell)]", "", ""},
		"the whole":        {Rule{Type: Oletools, Servers: []string{"olefy:10050"}, MinSize: 80, Whole: true}, "OLETOOLS[AutoExec + Suspicious (AutoOpen,Shell)]", "", ""},
		"whole, too small": {Rule{Type: Oletools, Servers: []string{"olefy:10050"}, MinSize: 800, Whole: true}, "", "", ""},
	} {
		tt.rule.Local = true
		f := New(Options{Rules: []Rule{tt.rule}, Dial: scripted})
		if f.Err != nil {
			t.Fatalf("%s: %v", name, f.Err)
		}
		out, err := stateOf(office).Run(t.Context(), f.Checks[0])
		if err != nil {
			t.Fatal(err)
		}
		var hits []string
		for _, h := range out.Hits {
			hits = append(hits, h.Def.Name+"["+strings.Join(h.Options, " ")+"]")
		}
		if got := strings.Join(hits, ", "); got != tt.hits {
			t.Errorf("%s: %s, want %s", name, got, tt.hits)
		}
		i := slices.IndexFunc(out.PreResults, func(o checks.Owned[actions.PreResult]) bool {
			p := o.Value
			return p.Action == tt.action && p.Message == tt.says && p.Least == (p.Action != actions.Reject)
		})
		if tt.action != "" && i < 0 || tt.action == "" && len(out.PreResults) > 0 {
			t.Errorf("%s: %+v", name, out.PreResults)
		}
	}
}
