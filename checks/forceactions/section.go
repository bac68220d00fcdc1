package forceactions

import (
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section force_actions.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "force_actions", Doc: "changes the action where symbols come together", Off: &o.Off,
		Keys: append([]option.Key{
			option.Each("rules", o.rule, "rules by name; FORCE_ACTION_ and the name is the symbol"),
		}, option.Without("rules say the same in the form of Rspamd 1.6 and newer", "actions", "messages")...),
	}
}

// rule is the table of one rule.
func (o *Options) rule(name string) *option.Section {
	r := Rule{Name: name}
	return &option.Section{
		Name: name, Doc: "changes the action of messages with certain symbols",
		Example: map[string]any{"action": "reject", "expression": "BAD"},
		Keys: append([]option.Key{
			option.Func("action", "action", func(v option.Value) (err error) {
				s, err := v.AsString()
				r.Action = actions.Parse(s)
				return err
			}, "what the message gets").Example("soft reject"),
			option.String("expression", &r.Expression, "symbols that come together").Example("WORSE"),
			list("require_action", &r.Require, "change only these actions"),
			list("honor_action", &r.Honor, "do not change these actions"),
			option.String("message", &r.Message, "text of the SMTP reply"),
			option.String("subject", &r.Subject, "template of rewritten subjects"),
			option.Float("limit", &r.Limit, "what the expression must exceed"),
			option.Bool("least", &r.Least, "the action is a minimum"),
		}, option.Without("the rules run after all checks", "process_all")...),
		Use: func() error {
			o.Rules = append(o.Rules, r)
			return nil
		},
	}
}

// list is a key for actions.
func list(name string, field *[]actions.Action, help string) option.Key {
	return option.Func(name, "list of actions", func(v option.Value) error {
		words, err := v.AsStrings()
		*field = nil
		for _, w := range words {
			*field = append(*field, actions.Parse(w))
		}
		return err
	}, help).Example([]string{"add header"})
}
