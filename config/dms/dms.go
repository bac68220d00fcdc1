// Package dms reads the environment variables by which docker-mailserver
// configures its spam filter, as of its version after 15.1, and tells what they
// come to: thresholds, weights, which modules are on, and what belongs to
// Dovecot's Sieve scripts.
//
// It knows nothing of scanners; package examples/dms acts on what it says.
package dms

import (
	"maps"
	"slices"
)

// Settings are what the environment comes to.
type Settings struct {
	// Enabled tells that ENABLE_RSPAMD is 1: the filter is wanted.
	Enabled bool `json:"enabled"`
	*Filter
	Sieve Sieve `json:"sieve"`
	// Warnings are for the operator, in the order of the checks.
	Warnings []string `json:"warnings"`
}

// A Filter is what the spam filter does; there is none where it is off.
type Filter struct {
	Actions map[string]float64 `json:"actions"` // thresholds by Rspamd's names
	// Weights are those that differ from Rspamd's own, and HFILTER_HOSTNAME_UNKNOWN's.
	Weights map[string]float64 `json:"weights"`
	// Rules are the settings by name (Rspamd's settings.conf).
	Rules     map[string]Rule `json:"settings"`
	Antivirus Antivirus       `json:"antivirus"`
	Greylist  bool            `json:"greylist_enabled"`
	// Redis is host:port of the server, nil where the operator has to name one.
	Redis   *string `json:"redis_servers"`
	History string  `json:"history_key_prefix"`
	// Neural are the names of the nets.
	Neural  []string `json:"neural_rules"`
	Modules Modules  `json:"modules"`
	// HostnameUnknown is the score of HFILTER_HOSTNAME_UNKNOWN.
	HostnameUnknown float64 `json:"-"`
	// CheckAuthenticated treats mail of users that logged in as any other.
	CheckAuthenticated bool `json:"-"`
}

// A Rule is one rule of settings.conf.
type Rule struct {
	Priority      string `json:"priority"`
	Authenticated bool   `json:"authenticated"`
	Apply         struct {
		GroupsEnabled []string `json:"groups_enabled"`
	} `json:"apply"`
}

// Antivirus says how clamd is asked.
type Antivirus struct {
	Enabled bool `json:"enabled"`
	MaxSize int  `json:"max_size"` // bytes
}

// Modules are names of Rspamd's modules, sorted.
type Modules struct {
	On  []string `json:"on"`
	Off []string `json:"off"`
}

// Sieve says what Dovecot's scripts do with the verdict.
type Sieve struct {
	Junk          bool   `json:"junk"`           // file spam into Junk
	SubjectPrefix string `json:"subject_prefix"` // of spam
	MarkRead      bool   `json:"mark_read"`      // set \Seen on spam
	LearnOnMove   bool   `json:"learn_on_move"`  // learn what users move into Junk and out of it
}

// ClamdSocket is where docker-mailserver's clamd listens, and RedisServer its
// Redis.
const (
	ClamdSocket = "/var/run/clamav/clamd.ctl"
	RedisServer = "127.0.0.1:6379"
)

// StockHostnameUnknown is Rspamd's own weight of HFILTER_HOSTNAME_UNKNOWN, and
// defaultHostnameUnknown docker-mailserver's.
const (
	StockHostnameUnknown   = 2.5
	defaultHostnameUnknown = 6
)

// Read reads the environment. lookup is os.LookupEnv or the like; readFile is
// os.ReadFile or the like, for variables that name a file (NAME__FILE).
func Read(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) Settings {
	e := &environment{lookup: lookup, readFile: readFile, warnings: []string{}}
	s := Settings{Enabled: e.flag("ENABLE_RSPAMD", false)}
	s.Sieve = e.sieve()
	if s.Enabled {
		s.Filter = e.filter()
		s.Sieve.LearnOnMove = e.flag("RSPAMD_LEARN", false)
		e.others(s.Greylist)
	}
	s.Warnings = e.warnings
	return s
}

func (e *environment) sieve() Sieve {
	s := Sieve{Junk: e.flag("MOVE_SPAM_TO_JUNK", true), MarkRead: e.flag("MARK_SPAM_AS_READ", false), SubjectPrefix: e.text("SPAM_SUBJECT", "")}
	if old := e.text("SA_SPAM_SUBJECT", ""); old != "" {
		e.warn("'SA_SPAM_SUBJECT' has been renamed to 'SPAM_SUBJECT' - this warning will block startup on v15.0.0")
		if s.SubjectPrefix == "" {
			s.SubjectPrefix = old
		}
	}
	if !s.Junk && s.SubjectPrefix == "" {
		e.warn("'MOVE_SPAM_TO_JUNK=0' and 'SPAM_SUBJECT' is empty - make sure this is intended: spam e-mails might not be immediately recognizable in this configuration")
	}
	return s
}

func (e *environment) filter() *Filter {
	f := &Filter{
		Actions: map[string]float64{"greylist": 4, "add_header": 6, "reject": 11},
		Weights: map[string]float64{
			"DMARC_NA": .5, "DMARC_POLICY_REJECT": 5.5, "R_SPF_FAIL": 4.5, "R_SPF_NA": 1.5, "R_DKIM_REJECT": 4.5, "R_DKIM_NA": 1,
		},
		Rules: map[string]Rule{}, History: "rs_history", Neural: []string{},
		Antivirus: Antivirus{Enabled: e.flag("ENABLE_CLAMAV", false), MaxSize: e.size("CLAMAV_MESSAGE_SIZE_LIMIT", 25_000_000)},
		Greylist:  e.flag("RSPAMD_GREYLISTING", false),
	}
	f.HostnameUnknown = StockHostnameUnknown
	if e.flag("RSPAMD_HFILTER", true) {
		f.HostnameUnknown = float64(e.integer("RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE", defaultHostnameUnknown))
	}
	f.Weights["HFILTER_HOSTNAME_UNKNOWN"] = f.HostnameUnknown
	// What is not 0 takes the rule away, nonsense too.
	if e.flag("RSPAMD_CHECK_AUTHENTICATED", false); e.text("RSPAMD_CHECK_AUTHENTICATED", "0") == "0" {
		rule := Rule{Priority: "high", Authenticated: true}
		rule.Apply.GroupsEnabled = []string{"dkim"}
		f.Rules["authenticated"] = rule
	} else {
		f.CheckAuthenticated = true
	}
	if e.flag("ENABLE_RSPAMD_REDIS", true) {
		server := RedisServer
		f.Redis, f.History = &server, "rs_history{{COMPRESS}}"
	}
	if e.flag("RSPAMD_NEURAL", false) {
		f.Neural = []string{"NEURAL_WEEK", "NEURAL_DAYS", "NEURAL_HALF_DAY"}
	}
	f.Modules = f.modules()
	return f
}

// modules says which modules are on.
func (f *Filter) modules() (m Modules) {
	redis := f.Redis != nil
	on := map[string]bool{
		"arc": true, "dkim_signing": true, "hfilter": true, "multimap": true, "rbl": true,
		"history_redis": redis, "ratelimit": redis, "replies": redis,
		"greylist": redis && f.Greylist, "neural": redis && len(f.Neural) > 0, "antivirus": f.Antivirus.Enabled,
		"clickhouse": false, "elastic": false, "metric_exporter": false, "reputation": false, "spamassassin": false, "url_redirector": false,
	}
	for _, name := range slices.Sorted(maps.Keys(on)) {
		if on[name] {
			m.On = append(m.On, name)
		} else {
			m.Off = append(m.Off, name)
		}
	}
	return m
}

// others warns of services that do the same work.
func (e *environment) others(greylist bool) {
	for _, o := range []struct {
		name string
		on   bool
	}{
		{"Amavis/SA", e.on("ENABLE_AMAVIS", true) || e.on("ENABLE_SPAMASSASSIN", false)},
		{"OpenDKIM", e.on("ENABLE_OPENDKIM", true)},
		{"OpenDMARC", e.on("ENABLE_OPENDMARC", true)},
		{"policyd-spf", e.on("ENABLE_POLICYD_SPF", true)},
		{"Postgrey", greylist && e.on("ENABLE_POSTGREY", false)},
	} {
		if o.on {
			e.warn("Running " + o.name + " & Rspamd at the same time is discouraged")
		}
	}
}
