// Package profile holds ready-made scoring: weights, limits of groups,
// thresholds. A profile speaks of all symbols there will ever be; those that
// no check declares are ignored.
//
// The default composites live with the checks (package checks/composites) and
// are joined by Profile.With.
package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/score"
)

// A Profile is one way to score. Every call makes a new one, to be changed at
// will.
type Profile struct {
	Name string
	// Metric has the composites that only this profile knows; see With.
	Metric     score.Metric
	Thresholds actions.Thresholds
	// Subject is the template of actions.RewriteSubject: %s is the subject,
	// %d the score, %% a percent sign.
	Subject string
}

const subject = "*** SPAM *** %s"

// With returns the profile's metric with the composites before its own.
func (p Profile) With(composites []score.Composite) score.Metric {
	m := p.Metric
	m.Composites = slices.Concat(composites, m.Composites)
	return m
}

// ByName returns the profile of that name. The error lists the names.
func ByName(name string) (Profile, error) {
	all := []Profile{Rspamd(), Rspamd34(), DMS()}
	names := make([]string, len(all))
	for i, p := range all {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	return Profile{}, fmt.Errorf("profile: no %q, there are %s", name, strings.Join(names, ", "))
}

// Rspamd weighs as Rspamd 4.1.6 does out of the box.
func Rspamd() Profile {
	return Profile{
		Name:       "rspamd",
		Metric:     score.Metric{Base: score.Base{Groups: groups()}},
		Thresholds: actions.Thresholds{actions.Reject: 15, actions.AddHeader: 6, actions.Greylist: 4},
		Subject:    subject,
	}
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

// DMS weighs as docker-mailserver sets Rspamd up: SPF, DKIM and DMARC count
// for more, and a lower score rejects.
func DMS() Profile {
	p := Rspamd()
	p.Name = "dms"
	p.Metric.Base.Weights = map[string]float64{
		"R_SPF_ALLOW": -1, "R_SPF_NA": 1.5, "R_SPF_NEUTRAL": 1.5, "R_SPF_SOFTFAIL": 2.5,
		"R_SPF_DNSFAIL": 2.5, "R_SPF_FAIL": 4.5, "R_SPF_PERMFAIL": 4.5,
		"R_DKIM_ALLOW": -1, "R_DKIM_NA": 1, "R_DKIM_TEMPFAIL": 1.5, "R_DKIM_PERMFAIL": 4.5, "R_DKIM_REJECT": 4.5,
		"DMARC_POLICY_ALLOW": -1, "DMARC_POLICY_ALLOW_WITH_FAILURES": 0, "DMARC_NA": 0.5,
		"DMARC_POLICY_SOFTFAIL": 1.5, "DMARC_POLICY_QUARANTINE": 3, "DMARC_POLICY_REJECT": 5.5,
		"AUTH_NA": 2.5, "AUTH_NA_OR_FAIL": 1,
		"HFILTER_HOSTNAME_UNKNOWN": 6,
	}
	p.Metric.Base.Policies = map[string]score.Policy{"AUTH_NA": score.Leave, "AUTH_NA_OR_FAIL": score.Leave}
	p.Thresholds = actions.Thresholds{actions.Reject: 11, actions.AddHeader: 6, actions.Greylist: 4}
	return p
}
