package dmarc

import (
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section dmarc.
func (o *Options) Section() *option.Section {
	action := func(name string, field *actions.Action, help string) option.Key {
		return option.Func(name, "action", func(v option.Value) error {
			text, err := v.AsString()
			if err == nil {
				*field = actions.Parse(text)
			}
			return err
		}, help).Example("add header")
	}
	var m Munging
	munging := &option.Section{
		Name: "munging", Doc: "rewrites From for mailing lists", Use: func() error {
			o.Munging = &m
			return nil
		}, Example: map[string]any{"list_map": []string{"list@example.org"}},
		Keys: append([]option.Key{
			option.Entries("list_map", &m.Lists, "addresses of the lists").Example([]string{"other@example.org"}),
			option.Bool("munge_from", new(bool), "rewrite From; it is what the section is for"),
			option.Bool("mitigate_strict_only", &m.StrictOnly, "only where the policy is reject or quarantine"),
			option.Not("mitigate_allow_only", &m.Any, "only messages that pass").Example(false),
			option.Bool("reply_goto_list", &m.ReplyToList, "let answers go to the list"),
		}, option.Without("authors are never lists here", "munge_map_condition")...),
	}
	for i := range munging.Keys {
		if munging.Keys[i].Name() == "munge_from" {
			munging.Keys[i] = option.Fixed("munge_from", true, "it is what the section is for")
		}
	}
	return &option.Section{
		Name: "dmarc", Doc: "asks what the author's domain wants to be done", Off: &o.Off,
		Keys: append([]option.Key{
			option.Entries("no_sampling_domains", &o.NoSampling, "domains whose policy holds for all their mail"),
			option.Nested(&option.Section{Name: "actions", Doc: "what failures come to at least", Keys: []option.Key{
				action("reject", &o.Actions.Reject, "where the policy is reject"),
				action("quarantine", &o.Actions.Quarantine, "where it is quarantine"),
				action("softfail", &o.Actions.SoftFail, "where the domain spared it"),
				action("na", &o.Actions.NA, "where there is no author's domain"),
			}}, "what failures come to at least"),
			option.Nested(munging, "rewrite From for mailing lists"),
		}, append(option.Without("reports are a matter of the program: dms -dmarc-reports", "reporting", "send_reports", "key_prefix", "no_reporting_domains"),
			option.Without("symbols have Rspamd's names", "symbols")...)...),
	}
}
