// Package profile holds ready-made scoring: weights, limits of groups,
// thresholds, and what else belongs to a set-up. A profile speaks of all
// symbols there will ever be; those that no check declares are ignored.
//
// Package winnow shows the profiles to its users, with the composites of
// package checks/composites before their own.
package profile

import (
	"net/netip"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/score"
)

// A Profile is one way to judge. Every call makes a new one.
type Profile struct {
	Name string
	// Metric has the composites that only this profile knows; see With.
	Metric     score.Metric
	Thresholds actions.Thresholds
	// Subject is the template of actions.RewriteSubject: %s is the subject,
	// %d the score, %% a percent sign.
	Subject string
	// LocalNetworks are the host's own networks.
	LocalNetworks []netip.Prefix
	// SoftRejectOnTimeout makes the action at least a soft reject when DNS or
	// a store was too slow.
	SoftRejectOnTimeout bool
	// Exact makes the checks follow Rspamd 4.1.6 where they otherwise differ on
	// purpose, see checks.Task.Exact.
	Exact bool
	// Users is the layer for mail of clients that logged in.
	Users score.Layer
	// UsersKeep names families that Users leaves on, where the Scanner has them.
	UsersKeep []string
}

const subject = "*** SPAM *** %s"

// With returns the profile with the composites before its own.
func (p Profile) With(composites []score.Composite) Profile {
	p.Metric.Composites = append(composites, p.Metric.Composites...)
	return p
}

// Rspamd weighs as Rspamd 4.1.6 does out of the box.
func Rspamd() Profile {
	return Profile{
		Name:          "rspamd",
		Metric:        score.Metric{Groups: groups(), Order: strings.Fields(insertion)},
		Thresholds:    actions.Thresholds{actions.Reject: 15, actions.AddHeader: 6, actions.Greylist: 4},
		Subject:       subject,
		LocalNetworks: networks("192.168.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "fd00::/8", "169.254.0.0/16", "fe80::/10"),
	}
}

func networks(list ...string) []netip.Prefix {
	ps := make([]netip.Prefix, len(list))
	for i, s := range list {
		ps[i] = netip.MustParsePrefix(s)
	}
	return ps
}

func groups() map[string]score.Group {
	return map[string]score.Group{
		"excessb64":   {Max: 3},
		"excessqp":    {Max: 2.4},
		"headers":     {Max: 8},
		"mime_types":  {Max: 10},
		"phishing":    {Max: 10},
		"senderscore": {Max: 4},
		"subject":     {Max: 6},
		"surbl":       {Max: 12.5},
		"url":         {Max: 9},
		"whitelist":   {Max: 10},
	}
}

// DMS is docker-mailserver's set-up of Rspamd: SPF, DKIM and DMARC count for
// more, a lower score rejects, a time-out gives a soft reject, the local
// networks are those of IPv4, and users' mail gets nothing but DKIM.
func DMS() Profile {
	p := Rspamd()
	p.Name = "dms"
	p.Metric.Weights = map[string]float64{
		"R_SPF_ALLOW": -1, "R_SPF_NA": 1.5, "R_SPF_NEUTRAL": 1.5, "R_SPF_SOFTFAIL": 2.5,
		"R_SPF_DNSFAIL": 2.5, "R_SPF_FAIL": 4.5, "R_SPF_PERMFAIL": 4.5,
		"R_DKIM_ALLOW": -1, "R_DKIM_NA": 1, "R_DKIM_TEMPFAIL": 1.5, "R_DKIM_PERMFAIL": 4.5, "R_DKIM_REJECT": 4.5,
		"DMARC_POLICY_ALLOW": -1, "DMARC_POLICY_ALLOW_WITH_FAILURES": 0, "DMARC_NA": 0.5,
		"DMARC_POLICY_SOFTFAIL": 1.5, "DMARC_POLICY_QUARANTINE": 3, "DMARC_POLICY_REJECT": 5.5,
		"AUTH_NA": 2.5, "AUTH_NA_OR_FAIL": 1,
		"HFILTER_HOSTNAME_UNKNOWN": 6,
	}
	p.Metric.Policies = map[string]score.Policy{"AUTH_NA": score.Leave, "AUTH_NA_OR_FAIL": score.Leave}
	p.Thresholds = actions.Thresholds{actions.Reject: 11, actions.AddHeader: 6, actions.Greylist: 4}
	p.LocalNetworks = networks("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
	p.SoftRejectOnTimeout = true
	p.Users = score.Layer{Disable: []string{"*"}, Enable: []string{"dkim"}}
	// Test strings are for everybody. Limits are there only where they are asked
	// for, and then are about users.
	p.UsersKeep = []string{"gtube", "ratelimit"}
	return p
}
