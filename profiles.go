package winnow

import (
	"github.com/winnowmail/winnow/checks/composites"
	"github.com/winnowmail/winnow/profile"
)

// Rspamd is the default profile: rules, weights, composites and thresholds of
// Rspamd 4.1.6.
func Rspamd() profile.Profile { return withComposites(profile.Rspamd()) }

// Rspamd34 is Rspamd 3.4: its weights, without the symbols it lacks.
func Rspamd34() profile.Profile { return withComposites(profile.Rspamd34()) }

// DMS is the set-up of docker-mailserver.
func DMS() profile.Profile { return withComposites(profile.DMS()) }

// ProfileNamed returns one of the profiles above by its name: "rspamd",
// "rspamd-3.4" or "dms". The error lists the names.
func ProfileNamed(name string) (profile.Profile, error) {
	p, err := profile.ByName(name)
	if err != nil {
		return p, err
	}
	return withComposites(p), nil
}

// withComposites puts the built-in composites before the profile's own.
func withComposites(p profile.Profile) profile.Profile {
	p.Metric = p.With(composites.Default())
	return p
}
