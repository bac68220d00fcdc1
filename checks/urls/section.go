package urls

import (
	"slices"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section phishing, but for its feeds.
func (o *PhishingOptions) Section() *option.Section {
	exceptions := &option.Section{Name: "exceptions", Doc: "links that are no phishing", Keys: []option.Key{
		lists("REDIRECTOR_FALSE", &o.Redirectors, "services that lead elsewhere and say so openly"),
		lists("PHISHED_WHITELISTED", &o.Trusted, "where links may lead whatever they show"),
	}}
	older := *exceptions
	older.Name = "phishing_exceptions"
	return &option.Section{
		Name: "phishing", Doc: "compares what links show with where they lead", Off: &o.Off,
		Keys: append([]option.Key{
			option.Nested(exceptions, "links that are no phishing"),
			option.Nested(&older, "the same by its older name"),
			option.Fixed("symbol", "PHISHING", "the symbol is always this one"),
			option.Fixed("phishtank_enabled", true, "PhishTank's list is asked; weights of 0 take its symbol away"),
			option.Fixed("openphish_enabled", false, "feeds are given by programs (phishfeeds.Options)"),
			option.Fixed("generic_service_enabled", false, "feeds are given by programs (phishfeeds.Options)"),
		}, option.Without("feeds are given by programs (phishfeeds.Options)", "openphish_premium", "openphish_map", "generic_service_map", "generic_service_name",
			"generic_service_url", "phishtank_suffix", "phishing_feed_exclusion_enabled", "phishing_feed_exclusion_map", "strict_domains", "domains")...),
	}
}

// lists is a key for a list; one of Rspamd's project leaves the built-in one.
func lists(name string, field *[]string, help string) option.Key {
	return option.Func(name, "list, or file with one", func(v option.Value) error {
		list, err := v.Entries()
		if err == nil && (!v.Upstream() || len(list) > 0) {
			*field = list
		}
		return err
	}, help).Example([]string{"example.org"})
}

// Section is the table of Rspamd 4's section url_suspect.
func (o *Options) Section() *option.Section {
	const weights = "a weight of 0 takes a symbol away"
	const bounds = "the bounds are Rspamd's own"
	below := func(name string, keys ...[]option.Key) option.Key {
		return option.Nested(&option.Section{Name: name, Doc: "one kind of look", Keys: append(slices.Concat(keys...), option.Fixed("enabled", true, weights))}, "one kind of look")
	}
	return &option.Section{
		Name: "url_suspect", Doc: "looks at how links are written", Off: &o.Off,
		Keys: append([]option.Key{option.Nested(&option.Section{Name: "checks", Doc: "what is looked at", Keys: []option.Key{
			below("tld", []option.Key{lists("suspicious_tlds_map", &o.SuspiciousTLDs, "public suffixes that abuse prefers").From("4.0")},
				option.Without("the suffixes have one weight", "builtin_suspicious")),
			below("user_password", option.Without(bounds, "length_thresholds")),
			below("numeric_ip", option.Without(bounds, "allow_private_ranges", "base_score")),
			below("unicode", option.Without(weights, "check_validity", "check_homographs", "check_rtl_override", "check_zero_width")),
			below("structure", option.Without(weights, "check_multiple_at", "check_backslash", "check_excessive_dots", "check_length"),
				option.Without(bounds, "max_at_signs", "max_host_dots", "max_url_length")),
			below("query_urls", option.Without(bounds, "max_query_urls")),
			below("obfuscated_text", option.Without(bounds, "max_matches_per_message", "max_extracted_urls", "min_match_length", "max_match_length", "context_before", "context_after",
				"max_normalize_length", "patterns_enabled")),
		}}, "what is looked at").From("4.0")},
			slices.Concat(option.Without("all links are looked at, as many as options.max_urls says", "process_flags", "max_urls"),
				option.Without("symbols have Rspamd's names", "symbols"), option.Without("lists are those of multimap", "use_whitelist", "whitelist_map"))...),
	}
}
