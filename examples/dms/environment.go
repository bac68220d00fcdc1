package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An environment holds the switches of docker-mailserver that are about its
// spam filter, with the values that its scripts give to what is not set.
type environment struct {
	vars     map[string]string
	warnings []string
}

// switches are docker-mailserver's variables that are 0 or 1, with their
// defaults. ENABLE_RSPAMD_REDIS has that of ENABLE_RSPAMD.
func switches() map[string]bool {
	return map[string]bool{
		"ENABLE_RSPAMD": false, "ENABLE_RSPAMD_REDIS": false,
		"ENABLE_AMAVIS": true, "ENABLE_OPENDKIM": true, "ENABLE_OPENDMARC": true, "ENABLE_POLICYD_SPF": true,
		"ENABLE_SPAMASSASSIN": false, "ENABLE_POSTGREY": false, "ENABLE_CLAMAV": false,
		"RSPAMD_GREYLISTING": false, "RSPAMD_LEARN": false, "RSPAMD_CHECK_AUTHENTICATED": false, "RSPAMD_HFILTER": true, "RSPAMD_NEURAL": false,
		"MOVE_SPAM_TO_JUNK": true, "MARK_SPAM_AS_READ": false,
	}
}

// readEnvironment reads lines NAME=value. NAME__FILE gives the value of NAME by
// the name of a file, unless NAME is set.
func readEnvironment(lines []string, readFile func(string) ([]byte, error)) *environment {
	e := &environment{vars: map[string]string{}}
	known := []string{"RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE", "CLAMAV_MESSAGE_SIZE_LIMIT", "SPAM_SUBJECT", "SA_SPAM_SUBJECT"}
	for name := range switches() {
		known = append(known, name)
	}
	slices.Sort(known)
	given := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		given[name] = value
	}
	for _, name := range known {
		if value, ok := given[name]; ok {
			e.vars[name] = value
		}
		file, ok := given[name+"__FILE"]
		if !ok {
			continue
		}
		if _, set := e.vars[name]; set {
			e.warn("Ignoring '%s__FILE' since '%s' is set as well", name, name)
			continue
		}
		text, err := readFile(file)
		if err != nil {
			e.warn("Ignoring '%s__FILE': %v", name, err)
			continue
		}
		e.vars[name] = strings.TrimRight(string(text), "\r\n")
	}
	e.check()
	return e
}

func (e *environment) warn(format string, args ...any) {
	e.warnings = append(e.warnings, fmt.Sprintf(format, args...))
}

// is says whether a switch has that value, its default when it is not set.
func (e *environment) is(name, value string) bool {
	set, ok := e.vars[name]
	if !ok || set == "" {
		on := switches()[name]
		if name == "ENABLE_RSPAMD_REDIS" {
			on = e.is("ENABLE_RSPAMD", "1")
		}
		set = "0"
		if on {
			set = "1"
		}
	}
	return set == value
}

func (e *environment) on(name string) bool { return e.is(name, "1") }

// check gives docker-mailserver's warnings, in its words.
func (e *environment) check() {
	var names []string
	for name := range switches() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !e.is(name, "0") && !e.is(name, "1") {
			e.warn("The value of '%s' (= '%s') is not 0 or 1, but was expected to be", name, e.vars[name])
		}
	}
	if old, ok := e.vars["SA_SPAM_SUBJECT"]; ok && old != "" {
		e.warn("'SA_SPAM_SUBJECT' has been renamed to 'SPAM_SUBJECT' - this warning will block startup on v15.0.0")
		if e.vars["SPAM_SUBJECT"] == "" {
			e.vars["SPAM_SUBJECT"] = old
		}
	}
	if !e.on("ENABLE_RSPAMD") {
		return
	}
	for _, both := range []struct {
		name string
		on   bool
	}{
		{"Amavis/SA", e.on("ENABLE_AMAVIS") || e.on("ENABLE_SPAMASSASSIN")},
		{"OpenDKIM", e.on("ENABLE_OPENDKIM")}, {"OpenDMARC", e.on("ENABLE_OPENDMARC")}, {"policyd-spf", e.on("ENABLE_POLICYD_SPF")},
		{"Postgrey", e.on("ENABLE_POSTGREY") && e.on("RSPAMD_GREYLISTING")},
	} {
		if both.on {
			e.warn("Running %s & Rspamd at the same time is discouraged", both.name)
		}
	}
	if e.is("MOVE_SPAM_TO_JUNK", "0") && e.vars["SPAM_SUBJECT"] == "" {
		e.warn("'MOVE_SPAM_TO_JUNK=0' and 'SPAM_SUBJECT' is empty - make sure this is intended: spam e-mails might not be immediately recognizable in this configuration")
	}
	if _, err := e.hostnameScore(); err != nil {
		e.warn("%v", err)
	}
	if _, err := e.sizeLimit(); err != nil {
		e.warn("%v", err)
	}
}

// hostnameScore is the weight of HFILTER_HOSTNAME_UNKNOWN, 6 by default and
// where what is set is no whole number.
func (e *environment) hostnameScore() (int, error) {
	const name = "RSPAMD_HFILTER_HOSTNAME_UNKNOWN_SCORE"
	text := e.vars[name]
	if text == "" {
		return 6, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 6, fmt.Errorf("'%s' is not an integer: '%s'", name, text)
	}
	return n, nil
}

// sizeLimit is the largest message for ClamAV in bytes: a number with a suffix
// of thousands, 25M by default.
func (e *environment) sizeLimit() (int64, error) {
	const name, byDefault = "CLAMAV_MESSAGE_SIZE_LIMIT", 25_000_000
	text := e.vars[name]
	if text == "" {
		return byDefault, nil
	}
	factor := int64(1)
	for i, suffix := range []string{"K", "M", "G", "T"} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			text = number
			for range i + 1 {
				factor *= 1000
			}
			break
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<62/factor {
		return byDefault, fmt.Errorf("'%s' is no size such as 25M: '%s'", name, e.vars[name])
	}
	return n * factor, nil
}
