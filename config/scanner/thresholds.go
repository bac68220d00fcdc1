package scanner

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// actionsTable is the table of the section actions. A key that is no action of
// Rspamd's is one of the operator's own; warn is told of what counts less than in
// Rspamd.
func actionsTable(th actions.Thresholds, subject *string, warn func(error)) *option.Section {
	table := &option.Section{Name: "actions", Doc: "says from which score on there is which action; null takes one away"}
	for _, a := range []struct {
		action actions.Action
		help   string
	}{
		{actions.Greylist, "mail is put off where somebody greylists"},
		{actions.AddHeader, "mail is delivered with a mark"},
		{actions.RewriteSubject, "mail is delivered with another subject"},
		{actions.Quarantine, "mail is kept apart"},
		{actions.Reject, "mail is refused"},
		{actions.Discard, "mail is taken and thrown away"},
	} {
		k := option.Func(strings.ReplaceAll(string(a.action), " ", "_"), "number", func(v option.Value) error { return limit(th, a.action, v, warn) }, a.help).Example(7)
		if k.Name() != string(a.action) {
			k = k.Alias(string(a.action))
		}
		table.Keys = append(table.Keys, k)
	}
	table.Keys = append(table.Keys,
		noted("no_action", "number", "what no other action applies to; it needs no score").Alias("no action", "accept"),
		noted("soft_reject", "number", "mail is put off; checks say so, and no score does").Alias("soft reject"),
		option.String("subject", subject, "the template of a rewritten subject, with the old one for %s"),
		option.Func("unknown_weight", "number", func(v option.Value) error {
			f, err := v.AsFloat()
			if err == nil && f != 0 {
				warn(v.Errorf("actions: unknown_weight is that of symbols that settings raise, and of no others"))
			}
			return err
		}, "weight of symbols that settings raise and nothing weighs"),
		option.Func("grow_factor", "number", func(v option.Value) error {
			f, err := v.AsFloat()
			if err == nil && f != 0 && f != 1 {
				warn(v.Errorf("actions: grow_factor has no effect: symbols count by their own weights"))
			}
			return err
		}, "1 is the only one there is"),
		option.Each("*", func(name string) *option.Section { return actionTable(name, th, warn) }, "an action of the operator's own").
			Short(func(name string, v option.Value) error { return limit(th, actions.Parse(name), v, warn) }))
	return table
}

// limit sets the threshold of an action: a number, or a section with one.
func limit(th actions.Thresholds, a actions.Action, v option.Value, warn func(error)) error {
	if v.IsObject() {
		return actionTable(string(a), th, warn).Apply(v, warn)
	}
	f, err := v.AsFloat()
	if err == nil {
		th[a] = f
	}
	return err
}

// actionTable is the table of an action that is written as a section.
func actionTable(name string, th actions.Thresholds, warn func(error)) *option.Section {
	var score *float64
	unscored := false
	s := &option.Section{Name: name, Doc: "an action that is written as a section", Keys: append([]option.Key{
		option.FloatPtr("score", &score, "from which score on there is the action; without one only checks choose it"),
		option.Func("flags", "list of strings", func(v option.Value) error {
			flags, err := v.AsStrings()
			unscored = slices.Contains(flags, "no_threshold")
			if len(flags) > 1 || len(flags) == 1 && !unscored {
				warn(v.Errorf("actions: %s: of flags no_threshold alone has an effect", name))
			}
			return err
		}, "no_threshold: only checks choose it").Example([]string{"no_threshold"}),
	}, option.Idle("the layers have their own", "priority")...)}
	s.Use = func() error {
		if a := actions.Parse(name); score != nil && !unscored {
			th[a] = *score
		}
		return nil
	}
	return s
}
