package forceactions_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/checks/forceactions"
	"github.com/winnowmail/winnow/checks/subject"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

func TestFixtures(t *testing.T) {
	f := forceactions.New(forceactions.Options{Rules: []forceactions.Rule{
		{Name: "LOUD", Action: actions.Reject, Expression: "SUBJECT_ENDS_EXCLAIM & !SUBJECT_HAS_QUESTION", Message: "don't shout"},
	}})
	checktest.Run(t, f, checktest.With(subject.New().Checks...))
}

// verdict scans under rules: each word of the body raises a symbol of its name,
// BAD with 5 points, WORSE with 7, WORST with 50, and FINE with none.
func verdict(t *testing.T, body string, layer winnow.Layer, rules ...forceactions.Rule) *winnow.Result {
	t.Helper()
	defs := []*symbols.Def{{Name: "BAD", Doc: "x", Weight: 5}, {Name: "WORSE", Doc: "x", Weight: 7}, {Name: "WORST", Doc: "x", Weight: 50}, {Name: "FINE", Doc: "x"}, {Name: "GOOD", Doc: "x", Weight: -3}}
	c := &checks.Check{Name: "words", Doc: "x", Symbols: defs, Run: func(_ context.Context, t *checks.Task) error {
		for _, d := range defs {
			if slices.Contains(strings.Fields(string(t.Message().Body())), d.Name) {
				t.Hit(d)
			}
		}
		return nil
	}}
	o := forceactions.Options{Rules: rules}
	s, err := winnow.New(winnow.Options{Families: []*checks.Family{forceactions.New(o)}, Checks: []*checks.Check{c}, Layer: layer})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	m := &winnow.Message{Body: winnow.FromBytes([]byte("Subject: s\r\n\r\n" + body + "\r\n"))}
	m.Envelope.From = "ann@example.org"
	res, err := s.Scan(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRules(t *testing.T) {
	rule := func(a actions.Action, e string) forceactions.Rule {
		return forceactions.Rule{Name: "R", Action: a, Expression: e}
	}
	with := func(r forceactions.Rule, change func(*forceactions.Rule)) forceactions.Rule {
		change(&r)
		return r
	}
	require := func(a ...actions.Action) func(*forceactions.Rule) {
		return func(r *forceactions.Rule) { r.Require = a }
	}
	for _, c := range []struct {
		name, body string
		rule       forceactions.Rule
		want       actions.Action
	}{
		{"milder than the score", "WORST", rule(actions.AddHeader, "WORST"), actions.AddHeader},
		{"to no action", "WORST", rule(actions.NoAction, "WORST"), actions.NoAction},
		{"from no action", "FINE", rule(actions.Reject, "FINE"), actions.Reject},
		{"a symbol without a weight", "FINE", rule(actions.Reject, "FINE & !BAD"), actions.Reject},
		{"a symbol that lowers", "GOOD", rule(actions.Reject, "GOOD"), actions.Reject},
		{"not together", "FINE BAD", rule(actions.Reject, "FINE & !BAD"), actions.Greylist},
		{"a composite", "BAD FINE", rule(actions.Reject, "BOTH"), actions.Reject},
		{"what a composite hid", "BAD FINE", rule(actions.Reject, "FINE"), actions.Greylist},
		{"above the limit", "BAD WORSE", with(rule(actions.Reject, "BAD + WORSE"), func(r *forceactions.Rule) { r.Limit = 11 }), actions.Reject},
		{"at the limit", "BAD WORSE", with(rule(actions.Reject, "BAD + WORSE"), func(r *forceactions.Rule) { r.Limit = 12 }), actions.AddHeader},
		{"required", "WORST", with(rule(actions.NoAction, "WORST"), require(actions.Reject)), actions.NoAction},
		{"required another", "WORSE", with(rule(actions.NoAction, "WORSE"), require(actions.Reject, actions.Greylist)), actions.AddHeader},
		{"honoured", "WORSE", with(rule(actions.NoAction, "WORSE"), func(r *forceactions.Rule) { r.Honor = []actions.Action{actions.AddHeader} }), actions.AddHeader},
		{"a minimum", "WORST", with(rule(actions.AddHeader, "WORST"), func(r *forceactions.Rule) { r.Least = true }), actions.Reject},
		{"a minimum above", "FINE", with(rule(actions.Quarantine, "FINE"), func(r *forceactions.Rule) { r.Least = true }), actions.Quarantine},
	} {
		both := &score.Composite{Expression: "BAD & ^FINE", Policy: score.Leave, Def: &symbols.Def{Name: "BOTH", Doc: "x"}}
		res := verdict(t, c.body, winnow.Layer{Composites: map[string]*score.Composite{"BOTH": both}}, c.rule)
		if res.Action != c.want {
			t.Errorf("%s: %s, want %s", c.name, res.Action, c.want)
		}
	}
}

// Message, subject and symbol come with the action; a rule that settings turn off
// does nothing.
func TestEffects(t *testing.T) {
	r := forceactions.Rule{Name: "R", Action: actions.Reject, Expression: "FINE", Message: "no mail from ${from} for ${rcpts}"}
	res := verdict(t, "FINE", winnow.Layer{}, r)
	if got := res.Symbol("FORCE_ACTION_R"); got == nil || !slices.Equal(got.Options, []string{"reject"}) || res.Reply.Text != "no mail from ann@example.org for unknown" {
		t.Errorf("%+v %+v", got, res.Reply)
	}
	if res := verdict(t, "FINE", winnow.Layer{Disable: []string{"FORCE_ACTION_R"}}, r); res.Action != actions.NoAction || res.Reply.Code != 0 {
		t.Errorf("%s %+v", res.Action, res.Reply)
	}
	r = forceactions.Rule{Name: "R", Action: actions.RewriteSubject, Expression: "FINE", Subject: "[%s]"}
	if res := verdict(t, "FINE", winnow.Layer{}, r); res.Subject != "[s]" {
		t.Errorf("%q", res.Subject)
	}
	two := []forceactions.Rule{
		{Name: "A", Action: actions.Quarantine, Expression: "FINE"},
		{Name: "B", Action: actions.Reject, Expression: "FINE", Require: []actions.Action{actions.NoAction}},
	}
	if res := verdict(t, "FINE", winnow.Layer{}, two...); res.Action != actions.Quarantine || res.Has("FORCE_ACTION_B") {
		t.Errorf("the second rule did not see what the first one did: %s", res.Action)
	}
}

func TestWrongOptions(t *testing.T) {
	for want, r := range map[string]forceactions.Rule{
		"Name":       {Action: actions.Reject, Expression: "A", Name: "a b"},
		"Action":     {Name: "A", Expression: "A"},
		"Expression": {Name: "A", Action: actions.Reject, Expression: "A &"},
		"g:x":        {Name: "A", Action: actions.Reject, Expression: "g:x"},
		"A[x]":       {Name: "A", Action: actions.Reject, Expression: "A[x]"},
		"nothing":    {Name: "A", Action: actions.Reject, Expression: "A", Message: "${nothing}"},
	} {
		f := forceactions.New(forceactions.Options{Rules: []forceactions.Rule{r}})
		if f.Err == nil || !strings.Contains(f.Err.Error(), want) {
			t.Errorf("%s: %v", want, f.Err)
		}
	}
}
