package config

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
)

// States are the modules of Rspamd 3.4 and 4.1 by what becomes of them, in the
// words of rspamadm configdump -m. Names are sorted.
type States struct {
	Enabled      []string
	Explicitly   []string // switched off by enabled = false
	Unconfigured []string // for want of a section, or of what it must hold
	NoRedis      []string // for want of a Redis server
}

// String is the text that rspamadm prints.
func (s States) String() string {
	var b strings.Builder
	line := func(title string, names []string) {
		b.WriteString("Modules " + title + ": " + strings.Join(names, ", ") + "\n")
	}
	line("enabled", s.Enabled)
	line("disabled (explicitly)", s.Explicitly)
	line("disabled (unconfigured)", s.Unconfigured)
	line("disabled (no Redis)", s.NoRedis)
	line("disabled (experimental)", nil)
	line("disabled (failed)", nil)
	return b.String()
}

// A need is what a module must find in its section.
type need uint8

const (
	nothing  need = iota
	own           // a section of its own
	scanners      // sections of scanners with their servers
	rules         // sections with rules
	server        // a server, or a file, that it works with
	redis         // a Redis server
	redirect      // a Redis server and a list of redirectors
)

// modules are what Rspamd has as modules, with their needs.
func modules() map[string]need {
	all := map[string]need{}
	for need, names := range map[need]string{
		nothing: "arc asn aws_s3 bayes_expiry bimi chartable dcc dkim dkim_signing dmarc emails external_relay force_actions forged_recipients " +
			"fuzzy_check hfilter http_headers maillist metadata_exporter mid milter_headers mime_types multimap once_received p0f phishing rbl regexp " +
			"rspamd_update settings spamtrap spf trie whitelist",
		own:      "clustering dynamic_conf fuzzy_collect ip_score maps_stats",
		scanners: "antivirus external_services",
		rules:    "reputation",
		server:   "clickhouse elastic metric_exporter spamassassin",
		redis:    "greylist history_redis mx_check neural ratelimit replies",
		redirect: "url_redirector",
	} {
		for name := range strings.FieldsSeq(names) {
			all[name] = need
		}
	}
	return all
}

// Modules tells which modules the tree enables. Rspamd takes a Redis server
// whose name it can't resolve for none; resolves says whether a name can be,
// and nil takes every name as one that can.
func (t *Tree) Modules(resolves func(host string) bool) States {
	var s States
	r := redisServers{root: t.Root, resolves: resolves, known: map[string]bool{}}
	for name, need := range modules() {
		section := t.Root.Get(name)
		list := &s.Enabled
		switch {
		case off(section):
			list = &s.Explicitly
		case (need == redis || need == redirect) && !r.has(name, section):
			list = &s.NoRedis
		case !configured(need, section):
			list = &s.Unconfigured
		}
		*list = append(*list, name)
	}
	for _, list := range [][]string{s.Enabled, s.Explicitly, s.Unconfigured, s.NoRedis} {
		slices.Sort(list)
	}
	return s
}

// off says whether a section switches its module off.
func off(section *ucl.Value) bool {
	on, err := section.Get("enabled").AsBool()
	disabled, _ := section.Get("disabled").AsBool()
	return err == nil && !on || disabled
}

// configured says whether a section holds what its module needs.
func configured(n need, section *ucl.Value) bool {
	switch n {
	case own:
		return section != nil
	case scanners:
		for _, v := range section.All() {
			asked := !v.Get("servers").IsNull() || !v.Get("socket").IsNull() || !v.Get("apikey").IsNull()
			if asked && !off(v) {
				return true
			}
		}
		return false
	case rules:
		return section.Get("rules").Len() > 0
	case server:
		for _, key := range []string{"server", "servers", "backend", "ruleset", "base_ruleset"} {
			if !section.Get(key).IsNull() {
				return true
			}
		}
		return false
	case redirect:
		return !section.Get("redirector_hosts_map").IsNull()
	}
	return true
}

// redisServers knows which modules have a Redis server.
type redisServers struct {
	root     *ucl.Value
	resolves func(string) bool
	known    map[string]bool
}

// has says whether a module has a server: one of its own section, of the
// section of its name within redis, or the common one.
func (r redisServers) has(module string, section *ucl.Value) bool {
	common := r.root.Get("redis")
	if list, err := common.Get("disabled_modules").AsStrings(); err == nil && slices.Contains(list, module) {
		common = nil
	}
	for _, v := range []*ucl.Value{section, section.Get("redis"), common.Get(module), common} {
		for _, key := range []string{"servers", "server", "read_servers", "write_servers"} {
			if list, err := v.Get(key).AsStrings(); err == nil && len(list) > 0 {
				return r.usable(list)
			}
		}
	}
	return false
}

// usable says whether the first of servers can be asked: an address, a socket,
// or a name that resolves.
func (r redisServers) usable(servers []string) bool {
	name, _, _ := strings.Cut(servers[0], ",")
	for _, prefix := range []string{"master-slave:", "round-robin:", "random:", "hash:", "sequential:"} {
		name = strings.TrimPrefix(name, prefix)
	}
	if name = strings.TrimSpace(name); name == "" || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "unix:") || strings.HasPrefix(name, "*") || r.resolves == nil {
		return name != ""
	}
	host, _, _ := strings.Cut(name, ":")
	if inner, _, ok := strings.Cut(strings.TrimPrefix(name, "["), "]"); ok {
		host = inner
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	answer, asked := r.known[host]
	if !asked {
		answer = r.resolves(host)
		r.known[host] = answer
	}
	return answer
}
