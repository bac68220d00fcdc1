package spamtrap

import (
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section spamtrap, which is off unless
// enabled = true.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "spamtrap", Doc: "tells mail to addresses that nobody uses", Off: &o.Off, Asleep: true, Example: map[string]any{"enabled": true},
		Keys: append([]option.Key{
			option.Entries("map", &o.Addresses, "the traps, as USER@DOMAIN or @DOMAIN; without them the store is asked").Example([]string{"trap@example.org"}),
			option.Bool("several_recipients", &o.Several, "also look at messages to several recipients").From("winnow"),
			option.Bool("check_local", &o.CheckLocal, "also look at mail from the own networks"),
			option.Bool("check_authed", &o.CheckAuthenticated, "also look at mail of users"),
			option.Func("action", "action", func(v option.Value) error {
				text, err := v.AsString()
				if err == nil {
					o.Action = actions.Parse(text)
				}
				return err
			}, "what a caught message gets").Example("reject"),
			option.String("message", &o.Message, "text that goes with it"),
			option.Fixed("learn_spam", false, "what traps catch is learned by dms -spamtrap"),
			option.Fixed("learn_fuzzy", false, "there is no fuzzy storage"),
			option.Fixed("key_prefix", "sptr_", "keys are Rspamd's own, so that both can share a store"),
			option.Fixed("symbol", "SPAMTRAP", "the symbol is always this one"),
		}, option.Without("there is no fuzzy storage", "fuzzy_flag", "fuzzy_weight")...),
	}
}
