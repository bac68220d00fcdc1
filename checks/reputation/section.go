package reputation

import (
	"cmp"
	"slices"
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section reputation. Files that name no rules
// have none.
func (o *Options) Section() *option.Section {
	if o.Rules == nil {
		o.Rules = []Rule{}
	}
	at := map[string]int{}
	for i, r := range o.Rules {
		at[r.Symbol] = i
	}
	return &option.Section{
		Name: "reputation", Doc: "knows what mail came from where", Off: &o.Off,
		Keys: []option.Key{option.Each("rules", func(name string) *option.Section { return o.rule(name, at) }, "a rule")},
		Use: func() error {
			slices.SortFunc(o.Rules, func(a, b Rule) int { return cmp.Compare(a.Symbol, b.Symbol) })
			return nil
		},
	}
}

func redisKeys() []string {
	return []string{"servers", "server", "read_servers", "write_servers", "username", "password", "db", "dbname", "timeout", "expand_keys", "sentinels", "redis_version"}
}

// rule is the table of one rule; at says where rules stand by their symbols.
func (o *Options) rule(name string, at map[string]int) *option.Section {
	r := &Rule{}
	return &option.Section{
		Name: name, Doc: "one rule", Example: map[string]any{"selector": map[string]any{"ip": map[string]any{}}},
		Keys: []option.Key{
			option.Each("selector", r.selector, "what has a reputation: ip, dkim, spf, url, generic, or beyond Rspamd asn, from, rdns, helo"),
			option.Each("backend", r.backend, "where reputations are: redis, which is the store, or dns"),
			option.String("symbol", &r.Symbol, "what is raised"),
			option.Entries("whitelist", &r.Trusted, "for which the rule does not count: networks of clients; of dkim, spf and url domains").Example([]string{"192.0.2.0/24"}),
			option.Entries("exclusion_map", &r.Exclude, "what has no reputation: networks of clients, or domains").Example([]string{"192.0.2.0/24"}),
		},
		Use: func() error {
			if r.Backend == DNS && r.Zone == "" {
				return option.Elsewhere("the backend dns has no list")
			}
			if r.Symbol = cmp.Or(r.Symbol, kinds()[r.Kind]); r.Symbol == "" {
				r.Symbol = name
			}
			if i, there := at[r.Symbol]; there {
				o.Rules[i] = *r
				return nil
			}
			at[r.Symbol] = len(o.Rules)
			o.Rules = append(o.Rules, *r)
			return nil
		},
	}
}

// pointer is a key of a field that is nil where nothing is said.
func pointer[T any](field **T, key func(*T) option.Key) option.Key {
	v := new(T)
	return key(v).Noting(func() { *field = v })
}

func boolean(name string, field **bool, help string) option.Key {
	return pointer(field, func(b *bool) option.Key { k := option.Bool(name, b, help); k.Default = ""; return k })
}

func number(name string, field **float64, help string) option.Key {
	return option.FloatPtr(name, field, help)
}

// selector is the table of what a rule is about.
func (r *Rule) selector(kind string) *option.Section {
	d := Rule{Kind: IP}.withDefaults()
	if kind == "sender" {
		kind = string(IP)
	}
	return &option.Section{
		Name: kind, Doc: "what has a reputation",
		Use: func() error {
			r.Kind = Kind(kind)
			return nil
		},
		Keys: append([]option.Key{
			option.String("symbol", &r.Symbol, "what is raised, where the rule does not say it"),
			boolean("split_symbols", &r.Split, "raise the symbol with _HAM or _SPAM behind it; ip and spf do so by default"),
			option.Int("lower_bound", &r.LowerBound, "messages that a reputation needs to count").Or(d.LowerBound),
			number("min_score", &r.MinScore, "least factor of the symbol"),
			number("max_score", &r.MaxScore, "largest factor of the symbol"),
			boolean("inbound", &r.Inbound, "mail from elsewhere counts"),
			boolean("outbound", &r.Outbound, "mail of users and the own networks counts; by default not that of ip"),
			option.Entries("exclusion_map", &r.Exclude, "what has no reputation: networks of clients, or domains").Example([]string{"192.0.2.0/24"}),
			option.Entries("whitelist", &r.Trusted, "for which the rule does not count").Example([]string{"192.0.2.0/24"}),
			option.Func("scores", "section with asn, country and ip", r.scores, "how much the parts of ip count").Or("0.4, 0.01 and 1").Example(map[string]any{"asn": 0.3}),
			option.String("asn_prefix", &r.ASNPrefix, "begins keys of networks").Or(d.ASNPrefix),
			option.String("country_prefix", &r.CountryPrefix, "begins keys of countries").Or(d.CountryPrefix),
			option.String("ip_prefix", &r.IPPrefix, "begins keys of addresses").Or(d.IPPrefix),
			option.Int("ipv4_mask", &r.IPv4Bits, "bits of an IPv4 client that count").Or(d.IPv4Bits),
			option.Int("ipv6_mask", &r.IPv6Bits, "bits of an IPv6 client that count").Or(d.IPv6Bits),
			option.Entries("asn_cc_whitelist", &r.ExemptNets, "networks by number and countries by code that have no reputation").Example([]string{"64500"}),
			number("max_accept_adjustment", &r.MaxAdjustment, "how much the reputation of dkim changes R_DKIM_ALLOW at most"),
			option.Int("max_urls", &r.MaxURLs, "domains of url that count").Or(d.MaxURLs),
			option.String("selector", &r.Select, "the selector of generic"),
			option.String("delimiter", &r.Delimiter, "stands between values of several selectors").Or(d.Delimiter),
			option.Fixed("score_divisor", 1, "Rspamd has no use for it"),
			option.Fixed("check_from", true, "Rspamd has no use for it"),
		}, option.Without("Lua is not run", "score_calc_func")...),
	}
}

func (r *Rule) scores(v option.Value) error {
	if !v.IsObject() {
		return v.Errorf("scores is no section")
	}
	var warned error
	s := option.Section{Name: "scores", Doc: "how much the parts count", Keys: []option.Key{
		number("asn", &r.Scores.ASN, "the network"), number("country", &r.Scores.Country, "the country"), number("ip", &r.Scores.IP, "the address"),
	}}
	if err := s.Apply(v, func(err error) { warned = err }); err != nil {
		return err
	}
	return warned
}

// backend is the table of where reputations are.
func (r *Rule) backend(kind string) *option.Section {
	hashed := false
	return &option.Section{
		Name: kind, Doc: "where reputations are",
		Keys: append([]option.Key{
			option.String("list", &r.Zone, "of dns: the zone").Example("rep.example.org"),
			option.String("prefix", &r.Prefix, "begins keys").Or("RR:"),
			option.Duration("expire", &r.Expire, "how long a reputation is kept after its last message").Alias("expiry").Or(10 * 24 * time.Hour),
			option.Func("buckets", "list of sections with time, name and mult", r.buckets, "windows that reputations average over").Or("a month named 1m").
				Example([]any{map[string]any{"time": 604800, "name": "1w", "mult": 1.5}}),
			option.Func("hashed", "boolean", func(v option.Value) (err error) {
				if hashed, err = v.AsBool(); hashed {
					r.Hash.Sum = cmp.Or(r.Hash.Sum, "blake2")
				}
				return err
			}, "keys are hashes").Or(false).Example(true),
			option.Func("hash_alg", "one of blake2, md5, sha1, sha256, sha384, sha512", func(v option.Value) (err error) { r.Hash.Sum, err = v.AsString(); return err },
				"which hash").Or("blake2").Example("md5"),
			option.String("hash_encoding", &r.Hash.Encoding, "how it is written: base32, base64 or hex").Or("base32").Example("hex"),
			option.Int("hashlen", &r.Hash.Length, "bytes of the key that are kept").Alias("hash_len"),
		}, option.Idle("reputations of all rules are at the server that the section reputation names, or redis", redisKeys()...)...),
		Use: func() error {
			r.Backend = Backend(kind)
			if !hashed {
				r.Hash.Sum, r.Hash.Encoding = "", ""
			}
			return nil
		},
	}
}

// buckets reads windows.
func (r *Rule) buckets(v option.Value) error {
	r.Windows = []Window{}
	for _, item := range v.Items() {
		w := Window{Factor: 1}
		var warned error
		s := option.Section{Name: "bucket", Doc: "a window", Keys: []option.Key{
			option.Duration("time", &w.Span, "its length"), option.String("name", &w.Name, "its name"), option.Float("mult", &w.Factor, "factor of the average"),
		}}
		if err := s.Apply(item, func(err error) { warned = err }); err != nil {
			return err
		}
		if warned != nil {
			return warned
		}
		r.Windows = append(r.Windows, w)
	}
	return nil
}
