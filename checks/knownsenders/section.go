package knownsenders

import (
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section known_senders, which is off unless
// enabled = true.
func (o *Options) Section() *option.Section {
	domains := option.Func("domains", "list, or file with one", func(v option.Value) error {
		list, err := v.Entries()
		if err == nil && !v.Upstream() {
			o.Domains = list
		}
		return err
	}, "domains whose senders are told apart").Or("providers of free mailboxes").Example([]string{"example.org"})
	return &option.Section{
		Name: "known_senders", Doc: "tells senders who have written before from others", Off: &o.Off, Asleep: true, Example: map[string]any{"enabled": true},
		Keys: append([]option.Key{
			domains,
			option.Int("max_senders", &o.MaxSenders, "how many senders are kept").Or(100000),
			option.Duration("max_ttl", &o.MaxAge, "how long one stays known; a negative time is for ever").Or(30 * 24 * time.Hour),
			option.Int("max_recipients", &o.MaxRecipients, "for how many recipients is asked whether the sender answered").Or(15),
			option.Fixed("use_bloom", false, "senders are kept exactly"),
			option.Fixed("symbol", "KNOWN_SENDER", "the symbol is always this one"),
			option.Fixed("symbol_unknown", "UNKNOWN_SENDER", "the symbol is always this one"),
			option.Fixed("redis_key", "rs_known_senders", "keys are Rspamd's own, so that both can share a store"),
		}, option.Without("keys are Rspamd's own, so that both can share a store", "sender_prefix", "sender_key_global", "sender_key_size", "reply_sender_privacy",
			"reply_sender_privacy_alg", "reply_sender_privacy_prefix", "reply_sender_privacy_length", "privacy")...),
	}
}
