package asn

import "github.com/winnowmail/winnow/checks/option"

// Section is the table of Rspamd's section asn.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "asn", Doc: "looks up the network that the client belongs to", Off: &o.Off,
		Keys: []option.Key{
			option.Nested(&option.Section{Name: "provider_info", Doc: "whom to ask", Keys: []option.Key{
				option.String("ip4", &o.Zone4, "DNS zone for IPv4 addresses").Or("asn.rspamd.com"),
				option.String("ip6", &o.Zone6, "DNS zone for IPv6 addresses").Or("asn6.rspamd.com"),
			}}, "whom to ask"),
			option.Bool("check_local", &o.CheckLocal, "also look up clients of the own networks"),
			option.Fixed("provider_type", "rspamd", "networks are looked up by DNS; asn.Source is for programs"),
			option.Fixed("symbol", "ASN", "the symbol is always this one"),
		},
	}
}
