package spamtrap

import (
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section spamtrap, which is off unless
// enabled = true.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "spamtrap", Doc: "tells mail to addresses that nobody uses", Off: &o.Off, Asleep: true, Example: map[string]any{"enabled": true},
		Keys: append([]option.Key{
			option.Func("map", "list, or file with one", o.entries, "the traps, as USER@DOMAIN, @DOMAIN or regular expressions; without them the store is asked").
				Example([]string{"trap@example.org"}),
			option.Bool("allow_multiple_rcpts", &o.Several, "also look at messages to several recipients").Alias("several_recipients"),
			option.Bool("learn_spam", &o.Learn, "what is caught is learned as spam"),
			option.String("symbol", &o.Symbol, "what a caught message raises").Or("SPAMTRAP").Example("TRAPPED"),
			option.Float("score", &o.Score, "what the symbol weighs"),
			option.Bool("check_local", &o.CheckLocal, "also look at mail from the own networks"),
			option.Bool("check_authed", &o.CheckAuthenticated, "also look at mail of users"),
			option.Func("action", "action", func(v option.Value) error {
				text, err := v.AsString()
				if err == nil {
					o.Action = actions.Parse(text)
				}
				return err
			}, "what a caught message gets").Example("reject"),
			option.String("smtp_message", &o.Message, "text that goes with it, with the trap for ${rcpt}").Alias("message"),
			option.Fixed("learn_fuzzy", false, "there is no fuzzy storage"),
			option.Fixed("key_prefix", "sptr_", "keys are Rspamd's own, so that both can share a store"),
		}, option.Without("there is no fuzzy storage", "fuzzy_flag", "fuzzy_weight")...),
	}
}

// entries reads the list of traps. To Rspamd all of them are regular expressions; here
// it is those with a character that addresses may have and hardly ever do, and
// expressions do.
func (o *Options) entries(v option.Value) error {
	list, err := v.Entries()
	if err != nil {
		return err
	}
	o.Addresses, o.Patterns = []string{}, nil
	for _, entry := range list {
		if strings.ContainsAny(entry, `/^$\*?[](){}|`) {
			o.Patterns = append(o.Patterns, entry)
		} else {
			o.Addresses = append(o.Addresses, entry)
		}
	}
	return nil
}
