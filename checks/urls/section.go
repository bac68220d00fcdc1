package urls

import "github.com/winnowmail/winnow/checks/option"

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
