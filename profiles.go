package winnow

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/checks/composites"
	"github.com/winnowmail/winnow/internal/profile"
	"github.com/winnowmail/winnow/score"
)

// A Profile is a whole way to judge mail: weights, composites, limits of
// groups, thresholds, the local networks and what else its set-up says. It is
// opaque; Options change what should be otherwise. The zero Profile is
// Rspamd().
type Profile struct{ p *profile.Profile }

// Rspamd is the default profile: rules, weights, composites and thresholds of
// Rspamd 4.1.6.
func Rspamd() Profile { return whole(profile.Rspamd()) }

// RspamdExact is Rspamd() to the letter: where our rules differ on purpose and
// that changes verdicts, they follow Rspamd 4.1.6, mistakes included. It is for
// comparisons, and for moving from Rspamd without a change of verdicts.
// docs/differences.md says which differences are left.
func RspamdExact() Profile { return whole(profile.RspamdExact()) }

// Rspamd34 is Rspamd 3.4: its weights, without the symbols it lacks.
func Rspamd34() Profile { return whole(profile.Rspamd34()) }

// DMS is the set-up of docker-mailserver. SPF, DKIM and DMARC count for more;
// 11 points reject; a scan that DNS or a store held up gives at least a soft
// reject (DNS.SoftRejectOnTimeout is on); the local networks are 127.0.0.0/8
// and those of RFC 1918. Of mail from users that logged in only DKIM counts, by
// settings that lie below those of the Options.
func DMS() Profile { return whole(profile.DMS()) }

// CheckUsers returns the profile without the settings for mail of users that
// logged in, which DMS() has.
func (p Profile) CheckUsers() Profile {
	changed := *p.get()
	changed.Users = score.Layer{}
	return Profile{&changed}
}

// WithSubject returns the profile with another template for the subject that
// actions.RewriteSubject makes: %s is the old subject, %d the score, %% a
// percent sign.
func (p Profile) WithSubject(template string) Profile {
	changed := *p.get()
	changed.Subject = template
	return Profile{&changed}
}

// whole puts the built-in composites before the profile's own.
func whole(p profile.Profile) Profile {
	p = p.With(composites.Default())
	return Profile{&p}
}

// ProfileNamed returns one of the profiles above by its name: "rspamd",
// "rspamd-exact", "rspamd-3.4" or "dms". The error lists the names.
func ProfileNamed(name string) (Profile, error) {
	all := []Profile{Rspamd(), RspamdExact(), Rspamd34(), DMS()}
	names := make([]string, len(all))
	for i, p := range all {
		if p.p.Name == name {
			return p, nil
		}
		names[i] = p.p.Name
	}
	return Profile{}, fmt.Errorf("winnow: no profile %q, there are %s", name, strings.Join(names, ", "))
}

// Name returns the profile's name.
func (p Profile) Name() string { return p.get().Name }

func (p Profile) get() *profile.Profile {
	if p.p == nil {
		p = Rspamd()
	}
	return p.p
}
