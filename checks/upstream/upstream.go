// Package upstream takes note of what filters that saw the message before us
// wrote into its header. Anybody can write such fields: they only ever add to
// the score.
package upstream

import (
	"context"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/symbols"
)

var (
	precedenceBulk = def("PRECEDENCE_BULK", 0, "Precedence says that the message is bulk")
	microsoftSpam  = def("MICROSOFT_SPAM", 4, "Microsoft's filter called the message spam")
	klmsSpam       = def("KLMS_SPAM", 5, "Kaspersky's filter called the message spam")
	spamFlag       = def("SPAM_FLAG", 5, "an earlier filter flagged the message as spam")
	unitedInternet = def("UNITEDINTERNET_SPAM", 5, "the filter of United Internet (GMX, WEB.DE, 1&1) called the message junk")
)

func def(name string, weight float64, doc string) *symbols.Def {
	return &symbols.Def{Name: name, Groups: []string{"upstream_spam_filters"}, Weight: weight, Doc: doc}
}

// New returns the family.
func New() *checks.Family {
	return &checks.Family{Name: "upstream_spam_filters", Doc: "verdicts of earlier filters", Checks: []*checks.Check{{
		Name:    "upstream",
		Doc:     "verdicts of earlier filters",
		Symbols: []*symbols.Def{precedenceBulk, microsoftSpam, klmsSpam, spamFlag, unitedInternet},
		Run:     run,
	}}}
}

func run(_ context.Context, t *checks.Task) error {
	h := t.Message().Header()
	for _, r := range rules {
		for _, name := range r.fields {
			if f := h.Find(name, r.matches); f != nil {
				t.HitField(r.def, f)
				break
			}
		}
	}
	return nil
}

var rules = [...]struct {
	def     *symbols.Def
	fields  []string
	matches func(string) bool
}{
	{precedenceBulk, []string{"precedence"}, func(s string) bool { return ascii.ContainsFold(s, "bulk") }},
	{microsoftSpam, []string{"x-forefront-antispam-report"}, func(s string) bool { return strings.Contains(s, "SFV:SPM") }},
	{klmsSpam, []string{"x-klms-antispam-status"}, func(s string) bool { return strings.HasPrefix(s, "spam") }},
	{spamFlag, []string{"x-spam-flag", "x-spam", "x-spam-status"}, affirmative},
	{unitedInternet, []string{"x-ui-filterresults", "x-ui-out-filterresults"}, func(s string) bool { return strings.HasPrefix(s, "junk:") }},
}

func affirmative(s string) bool {
	return ascii.HasPrefixFold(s, "yes") || ascii.HasPrefixFold(s, "true")
}
