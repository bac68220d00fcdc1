package spf

import "github.com/winnowmail/winnow/checks/option"

// Section is the table of Rspamd's section spf.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "spf", Doc: "asks whether the sender's domain lets the client send", Off: &o.Off,
		Keys: append([]option.Key{
			option.Networks("whitelist", &o.Exempt, "clients that are not asked about"),
			option.Networks("external_relay", &o.Relays, "own relays: the client is who delivered to them"),
			option.Int("max_dns_requests", &o.Limits.Lookups, "terms of a record that ask DNS").Or(30),
			option.Int("max_dns_nesting", &o.Limits.Nesting, "how deep includes go").Or(10),
			option.Bool("strict", &o.Strict, "read records as RFC 7208 says, to the letter").From("winnow"),
		}, append(option.Idle("the resolver has a cache of its own", "spf_cache_size", "spf_cache_expire", "min_cache_ttl"),
			option.Without("local and authenticated mail is never asked about", "check_local", "check_authed", "disable_ipv6", "max_dns_expansions")...)...),
	}
}
