package greylist

import (
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section greylist.
func (o *Options) Section() *option.Section {
	d := Options{}.withDefaults()
	return &option.Section{
		Name: "greylist", Doc: "puts suspicious mail off until it comes again", Off: &o.Off,
		Keys: []option.Key{
			option.Duration("timeout", &o.Timeout, "how long mail is put off").Or(d.Timeout),
			option.Duration("expire", &o.Expire, "how long a message is known, from its last coming on").Or(d.Expire),
			option.Duration("host_expire", &o.HostExpire, "how long a client from which mail passed is trusted; a negative time trusts none").Or(d.HostExpire).From("winnow"),
			option.String("message", &o.Message, "text of the reply").Or(d.Message),
			option.Bool("report_time", &o.ReportTime, "say in the reply when the wait ends"),
			option.Enum("action", &o.Action, map[string]actions.Action{"soft_reject": actions.SoftReject, "greylist": actions.Greylist},
				"what becomes of mail that is put off").Or("soft_reject"),
			option.FloatPtr("greylist_min_score", &o.MinScore, "put off from this score on, whatever the action"),
			option.Int("ipv4_mask", &o.IPv4Bits, "bits of an IPv4 client that count").Or(d.IPv4Bits),
			option.Int("ipv6_mask", &o.IPv6Bits, "bits of an IPv6 client that count").Or(d.IPv6Bits),
			option.Int("max_data_len", &o.MaxBody, "bytes of the body that count").Or(d.MaxBody),
			option.Not("check_dkim", &o.NoDKIM, "know mail again by the domain that signed it").From("winnow"),
			option.Bool("check_local", &o.CheckLocal, "also put off mail from the own networks"),
			option.Bool("check_authed", &o.CheckAuthenticated, "also put off mail of users that logged in"),
			option.Networks("whitelisted_ip", &o.Networks, "clients that are not put off"),
			option.Entries("whitelist_domains_url", &o.Hosts, "clients by name or registered domain that are not put off"),
			option.Strings("whitelist_symbols", &o.Symbols, "messages with one of these symbols are not put off"),
			option.Fixed("key_prefix", "rg", "keys are Rspamd's own, so that both can share a store"),
			option.Fixed("symbol", Found.Name, "the symbol is always this one"),
		},
	}
}
