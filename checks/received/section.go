package received

import "github.com/winnowmail/winnow/checks/option"

// Section is the table of Rspamd's section once_received.
func (o *OnceOptions) Section() *option.Section {
	return &option.Section{
		Name: "once_received", Doc: "looks at mail straight from its sender", Off: &o.Off,
		Keys: []option.Key{
			option.Strings("good_host", &o.Good, "words in names of servers").Or("mail"),
			option.Strings("bad_host", &o.Bad, "words in names of dial-up customers").Or("static, dynamic"),
			option.Networks("whitelist", &o.Whitelist, "clients that are not looked at").Alias("whitelist_ip"),
			option.Bool("check_local", &o.CheckLocal, "also look at clients of the own networks"),
			option.Bool("check_authed", &o.CheckAuthenticated, "also look at users that logged in"),
			option.Fixed("symbol", "ONCE_RECEIVED", "the symbol is always this one"),
			option.Fixed("symbol_strict", "ONCE_RECEIVED_STRICT", "the symbol is always this one"),
			option.Fixed("symbol_mx", "DIRECT_TO_MX", "the symbol is always this one"),
			option.Fixed("symbol_rdns", "RDNS_NONE", "the symbol is always this one"),
			option.Fixed("symbol_rdns_dnsfail", "RDNS_DNSFAIL", "the symbol is always this one"),
		},
	}
}
