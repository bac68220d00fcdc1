package winnow

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
)

// wanted is what the settings of a scan ask for: the common ones and those
// of single recipients.
type wanted struct {
	common *rules
	rcpts  []rcptRules     // recipients with settings of their own
	sets   []givenSettings // what they were made of
	quiet  map[string]bool // whose NoLog is set, by mail.AddressKey; "" is the message's
	err    error           // why settings of Options.Settings do not hold
}

type rcptRules struct {
	addr  string
	rules *rules
}

// all yields the rules of all verdicts.
func (w *wanted) all() iter.Seq[*rules] {
	return func(yield func(*rules) bool) {
		if !yield(w.common) {
			return
		}
		for _, r := range w.rcpts {
			if !yield(r.rules) {
				return
			}
		}
	}
}

// givenSettings are settings of the message (rcpt "") or of a recipient.
type givenSettings struct {
	rcpt string
	set  *Settings
	err  error
	// asked tells that they are not the Message's own: they need not hold.
	asked bool
}

// users begins with what the profile says of users' mail. A transcript does not
// hold it: it belongs to the configuration.
func (s *Scanner) users(env *mail.Envelope) (*wanted, error) {
	w := &wanted{common: s.site}
	profile := s.opt.Profile.get()
	users := profile.Users
	if env.User == "" || users.Empty() {
		return w, nil
	}
	enable := slices.Clone(users.Enable)
	for _, f := range s.plan.Families() {
		if slices.Contains(profile.UsersKeep, f.Name) && len(f.Checks) > 0 {
			enable = append(enable, f.Name)
		}
	}
	err := w.add(s, givenSettings{set: &Settings{Layer: Layer{Disable: users.Disable, Enable: enable}}})
	w.sets = nil
	return w, err
}

// add lays settings over what is there. Those of the Message that are not in
// order are its caller's mistake; all others do not hold then.
func (w *wanted) add(s *Scanner, g givenSettings) error {
	if g.set == nil && g.err == nil {
		return nil
	}
	i := slices.IndexFunc(w.rcpts, func(r rcptRules) bool { return r.addr == g.rcpt })
	base := w.common
	if i >= 0 {
		base = w.rcpts[i].rules
	}
	r := base
	if g.err == nil {
		if r, g.err = s.over(base, g.set); g.err != nil && !g.asked {
			return fmt.Errorf("%w: %w", ErrMessage, settingsError(g.rcpt, g.err))
		}
	}
	if g.err != nil {
		g.set, w.err = nil, errors.Join(w.err, settingsError(g.rcpt, g.err))
	}
	w.sets = append(w.sets, g)
	if g.set != nil && g.set.NoLog {
		if w.quiet == nil {
			w.quiet = map[string]bool{}
		}
		w.quiet[mail.AddressKey(g.rcpt)] = true
	}
	switch {
	case g.set == nil:
	case g.rcpt == "":
		w.common = r
	case i >= 0:
		w.rcpts[i].rules = r
	default:
		w.rcpts = append(w.rcpts, rcptRules{g.rcpt, r})
	}
	return nil
}

// user is whom the message is for by its settings: those of its only recipient go
// before the message's.
func (w *wanted) user(env *mail.Envelope) (user string) {
	for _, g := range w.sets {
		if g.set != nil && g.set.User != "" && (g.rcpt == "" || len(env.Rcpts) == 1) {
			user = g.set.User
		}
	}
	return user
}

// facts are what the settings of the message seed. Those that the host seeds
// itself, and those with a value that their fact can't have, are left out.
func (w *wanted) facts(s *Scanner, seeds []checks.Seeded) (facts []checks.Seeded, unknown []string) {
	for _, g := range w.sets {
		if g.set == nil || g.rcpt != "" || len(g.set.Facts) == 0 {
			continue
		}
		strange, err := s.plan.ValidateSeeds(g.set.Facts)
		if err != nil {
			w.err = errors.Join(w.err, settingsError("", err))
			continue
		}
		unknown = append(unknown, strange...)
		for _, f := range g.set.Facts {
			if !slices.ContainsFunc(seeds, func(o checks.Seeded) bool { return o.Name() == f.Name() }) {
				facts = append(facts, f)
			}
		}
	}
	return facts, unknown
}

func settingsError(rcpt string, err error) error {
	if rcpt == "" {
		return fmt.Errorf("settings: %w", err)
	}
	return fmt.Errorf("settings of %s: %w", rcpt, err)
}

// skips says which checks need not run: those all of whose symbols are off for
// everybody, unless others need their facts.
func (w *wanted) skips() []bool {
	if len(w.rcpts) == 0 {
		return w.common.skip
	}
	skip := slices.Clone(w.common.skip)
	for _, r := range w.rcpts {
		for i := range skip {
			skip[i] = skip[i] && r.rules.skip[i]
		}
	}
	return skip
}
