package rbl

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section rbl. A list of the files that has the
// name of a built-in one changes that; the others are added.
func (o *Options) Section() *option.Section {
	d := defaultsOf{users: false, local: true, unknown: false}
	known := option.Func("url_whitelist", "list, or file with one", func(v option.Value) error {
		list, err := v.Entries()
		if err == nil && v.Upstream() {
			list = append(Known(), list...)
		}
		if err == nil {
			o.Known = list
		}
		return err
	}, "domains that lists of names are not asked about").Example([]string{"example.org"})
	return &option.Section{
		Name: "rbl", Doc: "asks DNS lists", Off: &o.Off,
		Keys: append([]option.Key{
			known,
			option.Bool("default_exclude_users", &d.users, "lists without exclude_users leave out mail of users").Picking(),
			option.Bool("default_exclude_local", &d.local, "lists without exclude_local leave out mail of the own networks").Picking(),
			option.Bool("default_unknown", &d.unknown, "lists without unknown take answers without a code").Picking(),
			option.Int("max_queries", &o.MaxQueries, "questions of one scan").Or(256).From("winnow"),
			option.Not("monitoring", &o.NoMonitoring, "look after the health of lists").From("winnow"),
			option.Duration("monitoring_interval", &o.Interval, "time between looks").From("winnow"),
			option.Each("rbls", func(name string) *option.Section { return o.list(name, &d) }, "one list"),
		}, append(option.Without("what is asked is said by each list", "default_from", "default_received", "default_ipv4", "default_ipv6", "default_emails", "default_helo", "default_rdns",
			"default_dkim", "default_urls", "default_images", "default_replyto", "default_is_whitelist", "default_ignore_whitelists", "default_no_ip", "default_enabled"),
			option.Without("own addresses are those of options.local_addrs", "local_exclude_ip_map", "hash_format", "disabled_rbls_suffix", "attached_maps", "url_compose_map", "disabled_rbls")...)...),
	}
}

// defaultsOf are what lists take that don't say it.
type defaultsOf struct{ users, local, unknown bool }

// list is the table of one list.
func (o *Options) list(name string, d *defaultsOf) *option.Section {
	builtIn := slices.IndexFunc(Default(), func(l List) bool { return l.Name == name || l.Symbol == name })
	l := List{Name: name, Symbol: name, ExcludeLocal: true}
	if builtIn >= 0 {
		l = Default()[builtIn]
		l.changed = true
		name = cmp.Or(l.Name, l.Symbol)
	}
	said := map[string]bool{}
	ignoreDefaults := false
	r := &listReading{list: &l}
	keys := r.keys(said, &ignoreDefaults)
	return &option.Section{
		Name: name, Doc: "one list", Drop: func() { o.drop(name) }, Keys: keys, Example: map[string]any{"rbl": "bl.example.org"},
		Use: func() error {
			if l.Zone == "" {
				return fmt.Errorf("rbl names no zone")
			}
			if err := r.returnCodes(); err != nil {
				return err
			}
			if builtIn < 0 && !ignoreDefaults {
				for field, value := range map[string]struct {
					field *bool
					value bool
				}{"exclude_users": {&l.ExcludeUsers, d.users}, "exclude_local": {&l.ExcludeLocal, d.local}, "unknown": {&l.Unknown, d.unknown}} {
					if !said[field] {
						*value.field = value.value
					}
				}
			}
			o.put(l)
			return nil
		},
	}
}

// drop leaves out a list that files switch off.
func (o *Options) drop(name string) {
	for _, l := range Default() {
		if n := cmp.Or(l.Name, l.Symbol); n == name && !slices.Contains(o.Without, n) {
			o.Without = append(o.Without, n)
		}
	}
}

// put adds a list, or puts it in the place of the built-in one of its name.
func (o *Options) put(l List) {
	if o.Lists == nil {
		o.Lists = Default()
	}
	same := func(other List) bool { return cmp.Or(other.Name, other.Symbol) == cmp.Or(l.Name, l.Symbol) }
	if i := slices.IndexFunc(o.Lists, same); i >= 0 {
		o.Lists[i] = l
		return
	}
	o.Lists = append(o.Lists, l)
}

// keys are the keys of one list; said is told of those that are there.
func (r *listReading) keys(said map[string]bool, ignoreDefaults *bool) []option.Key {
	l := r.list
	noted := func(k option.Key) option.Key { return k.Noting(func() { said[k.Name()] = true }) }
	keys := []option.Key{
		option.String("rbl", &l.Zone, "the zone; a label in braces stands for a key of the program").Alias("suffix").Example("other.example.org"),
		option.String("symbol", &l.Symbol, "what answers without a code raise").Example("OTHER_RBL"),
		option.Func("checks", "list of words", l.checks, "what is asked: from, received, urls, emails, replyto, dkim, helo, rdns …").Example([]string{"helo"}),
		option.Func("returncodes", "answers by symbol", func(v option.Value) error { r.codes = v; return nil }, "what answers mean").Example(map[string]any{"X": "127.0.0.2"}),
		option.Enum("returncodes_matcher", &r.matcher, matchers(), "how returncodes are written: addresses (equality), patterns of Lua, regular expressions, globs or networks (radix)"),
		option.Func("returnbits", "numbers by symbol", l.returnBits, "what bits of answers mean").Example(map[string]any{"X": 8}),
		noted(option.Bool("unknown", &l.Unknown, "take answers without a code")),
		option.Func("symbols_prefixes", "prefixes by what is asked", l.prefixes, "symbols by what was asked").Example(map[string]any{"from": "RBL"}),
		option.Not("ipv4", &l.NoIPv4, "ask about IPv4 addresses"),
		option.Not("ipv6", &l.NoIPv6, "ask about IPv6 addresses"),
		option.Bool("no_ip", &l.NoIP, "leave out links whose host is an address"),
		option.Bool("url_full_hostname", &l.FullHost, "ask about whole host names of links"),
		option.Enum("hash", &l.Hash.Sum, map[string]Sum{"md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha384": SHA384, "sha512": SHA512, "blake2": Blake2}, "ask for a hash"),
		option.Enum("hash_format", &l.Hash.Format, map[string]Format{"hex": Hex, "base32": Base32, "base64": Base64}, "how the hash is written"),
		option.Int("hash_len", &l.Hash.Length, "how much of the hash is asked for"),
		option.Bool("emails_domainonly", &l.DomainOnly, "ask about the domains of mail addresses"),
		option.String("emails_delimiter", &l.Delimiter, "what stands for @").Example("."),
		option.Bool("dkim_domainonly", &l.DKIMDomainOnly, "reduce signing domains to registered ones"),
		option.Bool("dkim_match_from", &l.DKIMMatchFrom, "ask about the author's own domain only"),
		option.Bool("resolve_ip", &l.ResolveIP, "ask about the addresses that a name has"),
		option.Bool("is_whitelist", &l.White, "what it lists is not asked about elsewhere"),
		option.Strings("whitelist_exception", &l.Except, "symbols that do not do that"),
		option.Bool("ignore_whitelist", &l.IgnoreWhite, "ask all the same").Alias("ignore_whitelists"),
		option.Bool("ignore_url_whitelist", &l.IgnoreKnown, "ask about known domains, too"),
		noted(option.Bool("exclude_users", &l.ExcludeUsers, "leave out mail of users that logged in")),
		noted(option.Bool("exclude_local", &l.ExcludeLocal, "leave out mail of the own networks")),
		option.Bool("ignore_defaults", ignoreDefaults, "the section's defaults are not for this list").Picking(),
		option.Bool("ignore_default", ignoreDefaults, "the same, misspelt in the field").Picking(),
		option.Int("requests_limit", &l.Limit, "questions of one message").Or(64),
		option.Bool("disable_monitoring", &l.NoMonitoring, "do not look after its health"),
		option.String("monitored_address", &l.Unlisted, "what the list must not list").Example("192.0.2.1"),
		option.Bool("random_monitored", new(bool), "a health check asks for what is in no list").Picking(),
		option.Strings("received_flags", &l.Hops.With, "what Received headers have to have: ssl, authenticated").Example([]string{"ssl"}),
		option.Strings("received_nflags", &l.Hops.Without, "what they must not have").Example([]string{"ssl"}),
		option.Func("selector", "selector, or selectors by label", l.selectors, "ask about what selectors give").Example("helo"),
		option.Fixed("selector_flatten", true, "each value of a selector is asked about"),
		option.Func("whitelist", "list, or file with one", l.known, "domains that the list is not asked about").Alias("url_whitelist").Example([]string{"example.org"}),
		option.Func("url_compose_map", "list, or file with one", l.composed, "domains below which more of a name is asked about").Example([]string{"*.example.org"}),
		option.Int("min", &l.Hops.Min, "from which Received header on").Alias("received_min_pos").Example(2),
		option.Int("max", &l.Hops.Max, "up to which Received header").Alias("received_max_pos").Example(2),
	}
	for _, what := range words() {
		keys = append(keys, option.Func(string(what), "boolean", func(v option.Value) error { return l.ask(what, v) }, "ask about this, as one of checks").Example(true))
	}
	return append(keys, append(option.Without("Lua is not run: hash and hash_format say how a question is written", "process_script", "replyto_process_script"),
		option.Idle("symbols and lists are described by their groups", "description", "group", "score", "weight", "one_shot", "type", "disable_monitored")...)...)
}

// words are what has a key of its own.
func words() []What {
	return []What{From, Received, HELO, RDNS, DKIM, URLs, Images, ContentURLs, NumericURLs, Emails, ReplyTo}
}

// ask switches one thing that is asked on or off.
func (l *List) ask(what What, v option.Value) error {
	on, err := v.AsBool()
	if err != nil {
		return err
	}
	if !on {
		l.Checks = slices.DeleteFunc(slices.Clone(l.Checks), func(w What) bool { return w == what })
	} else if !slices.Contains(l.Checks, what) {
		l.Checks = append(slices.Clone(l.Checks), what)
	}
	return nil
}

func (l *List) checks(v option.Value) error {
	list, err := v.AsStrings()
	if err != nil {
		return err
	}
	known := append(words(), EnvelopeFrom, HeaderFrom, MessageID)
	l.Checks = nil
	for _, word := range list {
		if !slices.Contains(known, What(word)) {
			return v.Errorf("%q is nothing that a list can be asked about", word)
		}
		if !slices.Contains(l.Checks, What(word)) {
			l.Checks = append(l.Checks, What(word))
		}
	}
	return nil
}

func (l *List) prefixes(v option.Value) error {
	l.Prefixes = map[What]string{}
	for what, item := range v.All() {
		text, err := item.AsString()
		if err != nil {
			return err
		}
		l.Prefixes[What(what)] = text
	}
	return nil
}
