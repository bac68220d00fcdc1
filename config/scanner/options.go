package scanner

import (
	"cmp"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/option"
)

// DNS says how DNS servers are asked.
type DNS struct {
	Servers  []string // none: the system's
	Timeout  time.Duration
	Attempts int
}

// Maps say how lists are followed. Zero fields say nothing.
type Maps struct {
	// Every is how often servers are asked, EveryFile how often files are looked at.
	Every, EveryFile time.Duration
	// Dir is where copies of fetched lists are kept.
	Dir string
}

// options is the table of Rspamd's section options.
func (s *Setup) options() *option.Section {
	o, m := &s.Options, &s.Daemon.Maps
	multiplier := 1.0
	keys := []option.Key{
		option.Duration("task_timeout", &o.Timeout, "bounds one scan").Or(8 * time.Second),
		option.Bool("soft_reject_on_timeout", &o.DNS.SoftRejectOnTimeout, "put mail off whose scan was cut off"),
		option.Func("gtube_patterns", "one of reject, all, disable", s.gtube, "which test strings count").Or("reject").Example("all"),
		option.Networks("local_addrs", &o.LocalNetworks, "the host's own networks").Alias("local_networks"),
		option.Int("max_message", &o.Limits.Size, "bytes of a message that are looked at").Or(50 << 20),
		option.Int("max_urls", &o.Limits.URLs, "links and addresses of a message that are looked at").Unless(10240).Or(1024),
		option.Int("dns_max_requests", &o.DNS.MaxQueries, "questions of one scan, which asks nothing twice").Unless(64).Or(512),
		option.Nested(s.dns(), "how DNS servers are asked"),
		option.Duration("map_watch_interval", &m.Every, "how often servers are asked for lists that do not say how long they are fresh").Or(time.Minute),
		option.Float("map_file_watch_multiplier", &multiplier, "files of lists are looked at so many times as long after"),
		option.String("maps_cache_dir", &m.Dir, "directory for copies of fetched lists; by default $DBDIR, if it is there and can be written to"),
		option.Fixed("one_shot", false, "symbols count once by their own one_shot"),
		option.Fixed("check_all_filters", false, "all checks run anyway, unless one of them decides"),
		option.Fixed("words_decay", 600, "texts are bounded by their number of words"),
		option.Fixed("allow_raw_input", true, "what is no message is scanned as it is"),
	}
	for _, idle := range []struct{ reason, names string }{
		{"there is no such file here", "pidfile cache_file dynamic_conf history_file rrd stats_file hs_cache_dir control_socket tempdir url_tld"},
		{"the program has no modules to load or to name", "filters explicit_modules disable_hyperscan disable_pcre_jit vectorized_hyperscan"},
		{"history is kept by history_redis", "history_rows"},
		{"the classifier has its own tokens", "classify_headers"},
		{"the limit is the program's own", "max_lua_urls max_recipients max_shots max_cores_size max_cores_count max_opts_len max_word_len min_word_len"},
		{"Redis and lists have their own time limits", "upstream heartbeat_interval"},
	} {
		for name := range strings.FieldsSeq(idle.names) {
			keys = append(keys, option.Idle(idle.reason, name)...)
		}
	}
	return &option.Section{Name: "options", Doc: "is about the scanner as a whole", Keys: keys, Use: func() error {
		if m.EveryFile = m.Every; multiplier > 0 && multiplier < 1 { // others have no effect in Rspamd either
			m.EveryFile = time.Duration(multiplier * float64(cmp.Or(m.Every, time.Minute)))
		}
		return nil
	}}
}

func (s *Setup) gtube(v option.Value) error {
	text, err := v.AsString()
	if err != nil {
		return err
	}
	o, err := gtube.ParseOptions(text)
	if err != nil {
		return v.Errorf("%w", err)
	}
	s.Families.GTUBE = o
	return nil
}

// dns is the table of the section dns within options.
func (s *Setup) dns() *option.Section {
	d := &s.Daemon.DNS
	return &option.Section{Name: "dns", Doc: "says how DNS servers are asked", Keys: append([]option.Key{
		option.Func("nameserver", "list of addresses", s.nameservers, "servers, as ADDRESS:PORT:WEIGHT; weights are of no account, the first is asked first").
			Or("those of resolv.conf").Alias("nameservers").Example([]string{"192.0.2.1"}),
		option.Duration("timeout", &d.Timeout, "bounds one try").Or(time.Second),
		option.Int("retransmits", &d.Attempts, "how often a question is asked").Or(5),
	}, option.Without("the program has its own sockets, and leaves validation to the server", "sockets", "connections", "enable_dnssec")...)}
}

// nameservers reads Rspamd's list of upstreams.
func (s *Setup) nameservers(v option.Value) error {
	list, err := option.Servers(v)
	if err == nil {
		s.Daemon.DNS.Servers = list
	}
	return err
}
