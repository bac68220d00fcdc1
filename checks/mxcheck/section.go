package mxcheck

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// Section is the table of Rspamd's section mx_check. Connections are made where a
// program gave Options a Dial.
func (o *Options) Section() *option.Section {
	d := Options{}.withDefaults()
	return &option.Section{
		Name: "mx_check", Doc: "looks at the mail exchangers of the sender's domains", Off: &o.Off,
		Keys: slices.Concat([]option.Key{
			option.Duration("connect_timeout", &o.ConnectTimeout, "how long a connection may take").Or(d.ConnectTimeout).Alias("timeout"),
			option.Duration("read_timeout", &o.ReadTimeout, "how long a greeting may take").Or(d.ReadTimeout),
			option.Bool("verify_greeting", &o.VerifyGreeting, "wait for the greeting; else an open connection is good enough"),
			option.Bool("send_quit", &o.SendQuit, "say good-bye"),
			option.Int("port", &o.Port, "the port").Or(d.Port),
			option.Not("probe_ipv4", &o.NoIPv4, "look at IPv4 addresses"),
			option.Bool("probe_ipv6", &o.IPv6, "look at IPv6 addresses"),
			option.Not("prefer_ipv6", &o.PreferIPv4, "look at them first"),
			option.Int("max_mx_a_records", &o.MaxRecords, "bounds the hosts of a domain and the addresses of a host").Or(d.MaxRecords),
			option.Not("check_from", &o.NoEnvelope, "look at the envelope sender's domain"),
			option.Not("check_mime_from", &o.NoFrom, "look at From's"),
			option.Not("check_reply_to", &o.NoReplyTo, "look at Reply-To's"),
			option.Bool("check_local", &o.CheckLocal, "also look at mail of the own networks"),
			option.Bool("check_authorized", &o.CheckAuthenticated, "also look at mail of users that logged in"),
			option.Entries("exclude_domains", &o.ExcludeDomains, "patterns of domains that are trusted"),
			option.Entries("exclude_mxs", &o.ExcludeMXs, "patterns of hosts that are trusted"),
			option.Networks("exclude_ips", &o.ExcludeIPs, "addresses that are not connected to"),
			option.Func("bad_mxs", "list of lines PATTERN [FACTOR], or file with one", o.badMXs, "bad hosts").Example("*.bad.example 2"),
			option.Func("bad_ips", "list of lines NETWORK [FACTOR], or file with one", o.badIPs, "bad addresses").Example("192.0.2.0/24 2"),
			option.Duration("expire", &o.Expire, "how long a good outcome is kept").Or(d.Expire),
			option.Duration("expire_novalid", &o.ExpireInvalid, "how long a refused connection is kept").Or(d.ExpireInvalid),
			option.Duration("expire_timeout", &o.ExpireTimeout, "how long it is kept that nobody answered").Or(d.ExpireTimeout),
			option.Bool("reject_null_mx", &o.RejectNull, "reject mail of domains that take none"),
			option.String("reject_null_mx_message", &o.RejectNullMessage, "text of the reply").Or(d.RejectNullMessage),
			option.Fixed("expire_dns", 1800, "the resolver keeps what DNS said"),
			option.Fixed("key_prefix", "rmx", "keys are Rspamd's own, so that both can share a store"),
			option.Fixed("reject_authorized", false, "mail of users is never rejected for this"),
			option.Fixed("reject_local", false, "mail of the own networks is never rejected for this"),
			option.Fixed("greylist_authorized", false, "mail of users is never put off for this"),
			option.Fixed("greylist_local", false, "mail of the own networks is never put off for this"),
		}, option.Without("mail is put off by its score, to which these symbols add", "greylist_invalid", "greylist_none", "greylist_broken", "greylist_refused", "greylist_null",
			"greylist_timeout_connect", "greylist_timeout_read"), fixedSymbols(), option.Without("it is for tests", "test_mode")),
	}
}

// fixedSymbols are the keys for names of symbols.
func fixedSymbols() (keys []option.Key) {
	for _, prefix := range [][2]string{{"from", ""}, {"mime_from", "MIME_FROM_"}, {"reply_to", "REPLYTO_"}} {
		k := option.Fixed("symbol_prefix_"+prefix[0], prefix[1], "symbols have Rspamd's names")
		keys = append(keys, k)
	}
	for _, name := range []string{"mx_refused", "mx_timeout_connect", "mx_timeout_read", "mx_error", "mx_none", "mx_null", "mx_broken", "mx_dns_fail", "mx_a_good", "mx_a_refused",
		"mx_a_timeout_connect", "mx_a_timeout_read", "mx_a_error", "mx_a_invalid", "mx_local_only", "mx_local_mix", "mx_bogon_only", "mx_bogon_mix", "mx_skip", "mx_bad", "mx_ip_bad",
		"mx_inflight", "mx_redis_error"} {
		keys = append(keys, option.Fixed("symbol_"+name, strings.ToUpper(name), "symbols have Rspamd's names"))
	}
	for _, s := range [][2]string{{"bad_mx", "MX_INVALID"}, {"good_mx", "MX_GOOD"}, {"white_mx", "MX_WHITE"}, {"no_mx", "MX_MISSING"}} {
		keys = append(keys, option.Fixed("symbol_"+s[0], s[1], "symbols have Rspamd's names"))
	}
	return keys
}

// factors reads lines of a word and a factor, by default 1.
func factors(v option.Value, add func(word string, factor float64) error) error {
	lines, err := v.Entries()
	if err != nil {
		return err
	}
	for _, line := range lines {
		words, factor := strings.Fields(line), 1.0
		if len(words) == 0 {
			continue
		}
		if len(words) > 1 {
			if factor, err = strconv.ParseFloat(words[1], 64); err != nil || !(factor >= 0) {
				return v.Errorf("%q is no factor", words[1])
			}
		}
		if err := add(words[0], factor); err != nil {
			return v.Errorf("%w", err)
		}
	}
	return nil
}

func (o *Options) badMXs(v option.Value) error {
	o.BadMXs = nil
	return factors(v, func(word string, factor float64) error {
		o.BadMXs = append(o.BadMXs, BadName{word, factor})
		return nil
	})
}

func (o *Options) badIPs(v option.Value) error {
	o.BadIPs = nil
	return factors(v, func(word string, factor float64) (err error) {
		var net netip.Prefix
		if net, err = option.Network(word); err == nil {
			o.BadIPs = append(o.BadIPs, BadNet{net, factor})
		}
		return err
	})
}
