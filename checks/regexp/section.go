package regexp

import (
	"slices"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section regexp.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "regexp", Doc: "rules of the operator's over texts and headers", Off: &o.Off,
		Keys: []option.Key{
			option.Int("max_size", &o.MaxSize, "bytes of one text that are looked at").Or(1 << 20),
			option.Without("Rspamd has no use for it any more", "max_threads")[0],
			option.Each("*", o.section, "a rule, by the name of its symbol; the expression alone is one, too").Short(func(name string, v option.Value) error {
				expr, err := v.AsString()
				o.Rules = append(o.Rules, Rule{Symbol: name, Expr: expr})
				return err
			}),
		},
	}
}

// section is the table of one rule.
func (o *Options) section(name string) *option.Section {
	r := Rule{Symbol: name}
	group, groups := "", []string(nil)
	s := &option.Section{
		Name: name, Doc: "raises a symbol where an expression holds",
		Keys: slices.Concat([]option.Key{
			option.String("re", &r.Expr, "the expression, of patterns such as Subject=/x/i and functions").Alias("regexp"),
			option.Float("score", &r.Score, "weight of the symbol"),
			option.String("description", &r.Doc, "one sentence for operators"),
			option.String("group", &group, "group of the symbol"),
			option.Strings("groups", &groups, "further groups of the symbol"),
			option.Bool("one_shot", &r.OneShot, "count the symbol once"),
			option.Int("nshots", &r.MaxShots, "count the symbol so often at most"),
		}, option.Without("an expression is no function of Lua here; a rule in Go is a checks.Check",
			"callback", "lua_script", "function", "functions", "condition", "re_conditions", "expression_flags", "any_shot"),
			option.Without("rules look at whatever a message has", "mime_only")),
		Example: map[string]any{"re": "/x/{body}"},
	}
	s.Use = func() error {
		if group != "" {
			r.Groups = append([]string{group}, groups...)
		} else {
			r.Groups = groups
		}
		o.Rules = append(o.Rules, r)
		return nil
	}
	return s
}
