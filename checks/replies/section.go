package replies

import (
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section replies.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "replies", Doc: "recognises replies to mail of users", Off: &o.Off,
		Keys: []option.Key{
			option.Duration("expire", &o.Expire, "how long replies to a message are recognised").Or(24 * time.Hour),
			option.Func("action", "action", func(v option.Value) error {
				text, err := v.AsString()
				if err == nil {
					o.Action = actions.Parse(text)
				}
				return err
			}, "end the scan of a reply with this action").Example("no action"),
			option.String("message", &o.Message, "text that goes with it").Or("Message is reply to one we originated"),
			option.Not("use_auth", &o.NoAuthenticated, "remember mail of users that logged in"),
			option.Not("use_local", &o.NoLocal, "remember mail of the own networks"),
			option.Int("min_message_id", &o.MinMessageID, "bytes up to which a Message-ID is not one of a kind").Or(2).From("3.12"),
			option.Int("max_local_size", &o.MaxLocal, "addresses of a site that are kept for each correspondent").Or(20).From("3.12"),
			option.Int("max_global_size", &o.MaxGlobal, "addresses that are kept to which replies came").Or(30).From("3.12"),
			option.Fixed("key_prefix", "rr", "keys are Rspamd's own, so that both can share a store"),
			option.Fixed("symbol", "REPLY", "the symbol is always this one"),
			option.Fixed("score", -4, "symbols have their weights in groups"),
			option.Fixed("key_size", 20, "keys are Rspamd's own, so that both can share a store"),
			option.Fixed("cookie", "", "keys are Rspamd's own, so that both can share a store"),
		},
	}
}
