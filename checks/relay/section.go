package relay

import (
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section external_relay.
func (o *Options) Section() *option.Section {
	return &option.Section{
		Name: "external_relay", Doc: "finds the client before the host's own relays", Off: &o.Off,
		Keys: []option.Key{option.Each("rules", o.rule, "rules by name, each of which goes on from what the one before found")},
	}
}

// rule is the table of one rule.
func (o *Options) rule(name string) *option.Section {
	r := &Rule{Symbol: name}
	words := map[string]Strategy{}
	for _, s := range []Strategy{Authenticated, Count, HostnameMap, IPMap, Fetched, LocalHops} {
		words[string(s)] = s
	}
	list := func(name string, field *[]string, help string) option.Key {
		return option.Func(name, "list, or file with one", func(v option.Value) error {
			lines, err := v.Entries()
			if err != nil {
				return err
			}
			*field = []string{}
			for _, line := range lines {
				if words := strings.Fields(line); len(words) > 0 {
					*field = append(*field, words[0])
				}
			}
			return nil
		}, help).Example([]string{"example"})
	}
	return &option.Section{
		Name: name, Doc: "one kind of relay", Example: map[string]any{"strategy": "authenticated"},
		Keys: append([]option.Key{
			option.Enum("strategy", &r.Strategy, words, "how the client is found"),
			option.String("symbol", &r.Symbol, "raised when the rule finds the client").Or("NAME").Example("RELAYED"),
			option.Int("count", &r.Count, "position of the hop, for count"),
			list("user_map", &r.Users, "users that relay, for authenticated; without it all"),
			list("hostname_map", &r.Names, "names of relays, for hostname_map; domains of providers, for fetched"),
			option.Networks("ip_map", &r.Networks, "addresses of relays, for ip_map; of providers' servers, for fetched"),
		}, option.Without("rules run in the order of the file", "priority")...),
		Use: func() error {
			o.Rules = append(o.Rules[:len(o.Rules):len(o.Rules)], *r)
			return nil
		},
	}
}
