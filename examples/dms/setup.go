package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/profile"
)

const setupUsage = `usage: dms setup [-json]

Reads the environment of docker-mailserver (ENABLE_RSPAMD, RSPAMD_GREYLISTING
and the others) and prints its warnings, the flags of dms that do what it asks
for, what no flag does yet, and Postfix's settings. With -json it prints the
settings that docker-mailserver makes of it.

`

// setup is the subcommand; it returns the exit code.
func setup(_ context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("dms setup", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print the settings as JSON")
	if code, done := parseFlags(flags, args, setupUsage, stdout, stderr); done {
		return code
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "dms setup: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	e := readEnvironment(os.Environ(), os.ReadFile)
	var err error
	if *asJSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(e.settings())
	} else {
		for _, w := range e.warnings {
			fmt.Fprintf(stderr, "warning: %s\n", w)
		}
		_, err = io.WriteString(stdout, e.advice())
	}
	if err != nil {
		fmt.Fprintf(stderr, "dms setup: %v\n", err)
		return 1
	}
	return 0
}

// sieve is what docker-mailserver's Sieve scripts do.
type sieve struct {
	Junk          bool   `json:"junk"`
	SubjectPrefix string `json:"subject_prefix"`
	MarkRead      bool   `json:"mark_read"`
	LearnOnMove   bool   `json:"learn_on_move"`
}

// filterSettings are the settings of the filter.
type filterSettings struct {
	Actions          map[string]float64 `json:"actions"`
	Weights          map[string]float64 `json:"weights"`
	Settings         map[string]any     `json:"settings"`
	Antivirus        map[string]any     `json:"antivirus"`
	GreylistEnabled  bool               `json:"greylist_enabled"`
	RedisServers     *string            `json:"redis_servers"` // null: an own one is to be named
	HistoryKeyPrefix string             `json:"history_key_prefix"`
	NeuralRules      []string           `json:"neural_rules"`
	Modules          map[string]any     `json:"modules"`
}

// settings are what -json prints; without the filter its settings are left out.
func (e *environment) settings() any {
	all := struct {
		Enabled bool  `json:"enabled"`
		Sieve   sieve `json:"sieve"`
		*filterSettings
		Warnings []string `json:"warnings"`
	}{
		Enabled: e.on("ENABLE_RSPAMD"),
		Sieve: sieve{
			Junk: e.on("MOVE_SPAM_TO_JUNK"), SubjectPrefix: e.vars["SPAM_SUBJECT"],
			MarkRead: e.on("MARK_SPAM_AS_READ"), LearnOnMove: e.on("ENABLE_RSPAMD") && e.on("RSPAMD_LEARN"),
		},
		Warnings: append([]string{}, e.warnings...),
	}
	if all.Enabled {
		all.filterSettings = e.filter()
	}
	return all
}

func (e *environment) filter() *filterSettings {
	p := profile.DMS()
	size, _ := e.sizeLimit() // a wrong one was warned of
	s := &filterSettings{
		Actions: map[string]float64{
			"reject": p.Thresholds[actions.Reject], "add_header": p.Thresholds[actions.AddHeader], "greylist": p.Thresholds[actions.Greylist],
		},
		Weights:          map[string]float64{"HFILTER_HOSTNAME_UNKNOWN": e.hostnameWeight()},
		Settings:         map[string]any{},
		Antivirus:        map[string]any{"enabled": e.on("ENABLE_CLAMAV"), "max_size": size},
		GreylistEnabled:  e.on("RSPAMD_GREYLISTING"),
		HistoryKeyPrefix: "rs_history",
		NeuralRules:      []string{},
	}
	for _, name := range []string{"R_SPF_NA", "R_SPF_FAIL", "R_DKIM_NA", "R_DKIM_REJECT", "DMARC_NA", "DMARC_POLICY_REJECT"} {
		s.Weights[name] = p.Metric.Weights[name]
	}
	if e.is("RSPAMD_CHECK_AUTHENTICATED", "0") {
		s.Settings["authenticated"] = map[string]any{
			"authenticated": true, "priority": "high", "apply": map[string]any{"groups_enabled": []string{"dkim"}},
		}
	}
	if e.on("ENABLE_RSPAMD_REDIS") {
		servers := "127.0.0.1:6379"
		s.RedisServers, s.HistoryKeyPrefix = &servers, "rs_history{{COMPRESS}}"
	}
	if e.on("RSPAMD_NEURAL") {
		s.NeuralRules = []string{"NEURAL_DAYS_200", "NEURAL_HALF_DAY_50", "NEURAL_WEEK_1000"}
	}
	on, off := e.modules()
	s.Modules = map[string]any{"on": on, "off": off}
	return s
}

// hostnameWeight is the weight of HFILTER_HOSTNAME_UNKNOWN; without
// RSPAMD_HFILTER it is Rspamd's own.
func (e *environment) hostnameWeight() float64 {
	if !e.on("RSPAMD_HFILTER") {
		return 2.5
	}
	n, _ := e.hostnameScore() // a wrong one was warned of
	return float64(n)
}

// modules are those of Rspamd's modules that the switches are about.
func (e *environment) modules() (on, off []string) {
	redis := e.on("ENABLE_RSPAMD_REDIS")
	for name, enabled := range map[string]bool{
		"antivirus": e.on("ENABLE_CLAMAV"), "greylist": redis && e.on("RSPAMD_GREYLISTING"), "neural": redis && e.on("RSPAMD_NEURAL"),
		"history_redis": redis, "ratelimit": redis, "replies": redis,
		"arc": true, "dkim_signing": true, "hfilter": true, "multimap": true, "rbl": true,
		"clickhouse": false, "elastic": false, "metric_exporter": false, "reputation": false, "spamassassin": false, "url_redirector": false,
	} {
		if enabled {
			on = append(on, name)
		} else {
			off = append(off, name)
		}
	}
	slices.Sort(on)
	slices.Sort(off)
	return on, off
}

// advice is what dms setup prints without -json.
func (e *environment) advice() string {
	if !e.on("ENABLE_RSPAMD") {
		return "# ENABLE_RSPAMD is not 1: the filter is off\n"
	}
	flags := "dms -profile dms -dns system -milter 127.0.0.1:11332 -controller 0.0.0.0:11334"
	var not []string
	redis := e.on("ENABLE_RSPAMD_REDIS")
	switch {
	case redis:
		flags += " -state redis://127.0.0.1:6379"
	case e.on("RSPAMD_GREYLISTING") || e.on("RSPAMD_LEARN"):
		not = append(not, "greylisting and learning need -state redis://HOST, or a directory")
	}
	if e.on("RSPAMD_GREYLISTING") && redis {
		flags += " -greylist"
	}
	if e.on("ENABLE_CLAMAV") {
		flags += " -clamav unix:/var/run/clamav/clamd.ctl"
		if size, _ := e.sizeLimit(); size != 25_000_000 {
			not = append(not, fmt.Sprintf("CLAMAV_MESSAGE_SIZE_LIMIT: no flag says that ClamAV gets up to %d bytes", size))
		}
	}
	if w := e.hostnameWeight(); w != profile.DMS().Metric.Weights["HFILTER_HOSTNAME_UNKNOWN"] {
		not = append(not, fmt.Sprintf("HFILTER_HOSTNAME_UNKNOWN: no flag gives it a weight of %g", w))
	}
	if !e.is("RSPAMD_CHECK_AUTHENTICATED", "0") {
		not = append(not, "RSPAMD_CHECK_AUTHENTICATED: with -profile dms mail of users that logged in gets nothing but DKIM")
	}
	if e.on("RSPAMD_NEURAL") {
		not = append(not, "RSPAMD_NEURAL: no flag asks for neural networks")
	}
	text := "# the flags of dms\n" + flags + "\n"
	if len(not) > 0 {
		text += "\n# not done by flags\n# - " + strings.Join(not, "\n# - ") + "\n"
	}
	return text + "\n# Postfix (main.cf)\nrspamd_milter = inet:localhost:11332\nsmtpd_milters = $rspamd_milter\n"
}
