// Package forceactions changes the action of messages in which symbols come
// together, by rules that operators write. It is Rspamd 4.1.6's force_actions.
//
// The rules look at the verdict after the composites, in their order: what one
// forces is the action that the next one sees. Each raises a symbol of its own,
// FORCE_ACTION_ and the rule's name; settings that turn it off turn the rule off.
package forceactions

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/selector"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Rules are tried in their order.
	Rules []Rule
}

// A Rule changes the action of messages in which symbols come together.
type Rule struct {
	Name string // FORCE_ACTION_ and the name is the symbol
	// Action is what the message gets.
	Action actions.Action
	// Expression combines symbols in the grammar of score.Expression, without
	// groups and options. A symbol that counts is the size of what it adds to the
	// score, at least 0.001.
	Expression string
	// Limit is what the expression must exceed; 0 is that it is true.
	Limit float64
	// Require, if set, are the only actions that are changed; those of Honor are
	// not.
	Require, Honor []actions.Action
	// Message is the text of the SMTP reply, in which ${selector} stands for what a
	// selector finds; Subject is the template of actions.RewriteSubject.
	Message, Subject string
	// Least makes Action a minimum.
	Least bool
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("force_actions")
	names := make(map[string]bool, len(o.Rules))
	for i, r := range o.Rules {
		at := func(field string) string { return valid.At("Rules", i) + "." + field }
		v.Symbol(at("Name"), prefix+r.Name)
		v.If(names[r.Name], at("Name"), "%s is there twice", r.Name)
		names[r.Name] = true
		for _, a := range append(slices.Concat(r.Require, r.Honor), r.Action) {
			v.If(a == "" || a != actions.Parse(string(a)), at("Action"), "%q is no action", a)
		}
		v.If(!(math.Abs(r.Limit) <= actions.Limit), at("Limit"), "no number within the limits")
		e, err := score.ParseExpression(r.Expression)
		v.If(err != nil, at("Expression"), "%v", err)
		if err == nil {
			for _, a := range e.Atoms() {
				v.If(a.Kind != score.SymbolAtom || strings.ContainsRune(a.Text, '['), at("Expression"), "%s is no symbol by itself", a.Text)
			}
		}
		for _, s := range selectors(r.Message) {
			_, err := read(s)
			v.If(err != nil, at("Message"), "%v", err)
		}
	}
	return v.Err()
}

const prefix = "FORCE_ACTION_"

// New makes the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "force_actions", Doc: "changes the action where symbols come together, by rules of the operator's", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil || len(o.Rules) == 0 {
		return f
	}
	c := &checks.Check{
		Name: "force_actions", Doc: "looks whether the symbols of a rule have come together", Stage: checks.Late, Priority: 8,
		Requires: []checks.Requirement{checks.AllSymbols()},
	}
	var rules []*rule
	for _, r := range o.Rules {
		made := compile(r)
		rules, c.Symbols = append(rules, made), append(c.Symbols, made.def)
		for _, s := range made.values {
			c.Requires = append(c.Requires, s.Requires()...)
		}
	}
	c.Run = func(_ context.Context, t *checks.Task) error {
		_, action := t.Verdict()
		for _, r := range rules {
			action = r.run(t, action)
		}
		return nil
	}
	f.Checks = []*checks.Check{c}
	return f
}

// A rule is one that was read.
type rule struct {
	Rule
	def        *symbols.Def
	expression *score.Expression
	values     map[string]*selector.Selector // by what stands in the message's text
}

// compile reads a rule that is valid.
func compile(r Rule) *rule {
	e, _ := score.ParseExpression(r.Expression)
	values := map[string]*selector.Selector{}
	for _, s := range selectors(r.Message) {
		values[s], _ = read(s)
	}
	return &rule{
		Rule: r, expression: e, values: values,
		def: &symbols.Def{Name: prefix + r.Name, Groups: []string{"force_actions"}, Doc: "the rule " + r.Name + " of force_actions changed the action to " + string(r.Action)},
	}
}

// run applies the rule to a message that has an action so far, and returns what
// it has then.
func (r *rule) run(t *checks.Task, action actions.Action) actions.Action {
	switch {
	case action == r.Action && r.Message == "" && r.Subject == "",
		slices.Contains(r.Honor, action),
		len(r.Require) > 0 && !slices.Contains(r.Require, action),
		!(r.expression.Eval(func(a *score.Atom) float64 { return size(t, a.Name) }) > r.Limit):
		return action
	}
	t.Hit(r.def, string(r.Action))
	if r.Subject != "" {
		t.Subject(r.Subject, r.def)
	}
	t.PreResult(actions.PreResult{Action: r.Action, Priority: actions.Normal, Message: r.text(t), Least: r.Least}, r.def)
	if r.Least && action.Severity() > r.Action.Severity() {
		return action
	}
	return r.Action
}

// size is the value of a symbol in an expression.
func size(t *checks.Task, symbol string) float64 {
	f, ok := t.ScoreOf(symbol)
	if !ok {
		return 0
	}
	return max(math.Abs(f), 0.001)
}

// placeholders find ${selector} in a text.
var placeholders = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\$\{([^}]*)\}`) })

// selectors are those of a message's text.
func selectors(text string) (list []string) {
	for _, m := range placeholders().FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// read reads a selector, whose values are parted by commas.
func read(s string) (*selector.Selector, error) { return selector.Parse(s, selector.Options{}) }

// text is the message's text.
func (r *rule) text(t *checks.Task) string {
	if len(r.values) == 0 {
		return r.Message
	}
	return placeholders().ReplaceAllStringFunc(r.Message, func(m string) string {
		if found := r.values[m[2:len(m)-1]].Eval(t); len(found) > 0 {
			return strings.Join(found, ",")
		}
		return "unknown"
	})
}
