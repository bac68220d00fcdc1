package winnow

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/score"
	"github.com/winnowmail/winnow/symbols"
)

// Settings change what is looked at and how it counts, for one scan or for one
// recipient. A recipient's settings lie over the message's, and these over the
// site's.
type Settings struct {
	Layer
	// Over are further layers, each over the one before.
	Over []Layer
	// PassAll keeps a pre-result from ending the scan early.
	PassAll bool
	// User is the user whom Options.Learner takes the message to be for; ""
	// means the envelope's only recipient. If the host says so itself
	// (statistics.Owner), that takes precedence.
	User string
	// NoLog keeps the message, or the recipient, out of all that is kept for
	// people to look at (Result.NoLog), as Rspamd's flag no_log does. It is not
	// part of a transcript.
	NoLog bool
	// Facts are seeded for checks to act on. Only those of the message as a
	// whole count. What the host seeds itself takes precedence.
	Facts []checks.Seeded
}

// A SettingsRequest says whose settings Options.Settings is asked for.
type SettingsRequest struct {
	Envelope *mail.Envelope
	// Rcpt is the recipient in the form of mail.AddressKey: the domain is in
	// lower case and in A-labels. "" stands for the message as a whole.
	Rcpt string
	// Message is the parsed message, nil before DATA.
	Message *mail.Message
	// Scanner is the Scanner that asks: it knows which names settings may use.
	Scanner *Scanner
	// Local tells that the client is in the Scanner's local networks, or is
	// loopback.
	Local bool
}

// Check reports what is wrong with settings under this Scanner's configuration:
// an unknown name, a number out of range, an expression that can't be read.
func (s *Scanner) Check(set Settings) error {
	_, err := s.over(s.site, &set)
	return err
}

// Knows tells whether a symbol, a group and a family have that name.
func (s *Scanner) Knows(name string) (symbol, group, family bool) { return s.site.metric.Knows(name) }

// SymbolsOf returns the names of the symbols of a group, sorted; nil if there is
// no such group.
func (s *Scanner) SymbolsOf(group string) []string { return s.site.metric.SymbolsOf(group) }

// rules hold what a verdict is judged by.
type rules struct {
	metric     *score.Compiled
	thresholds actions.Thresholds
	passAll    bool
	off        []bool // by check: nothing of it counts
	skip       []bool // by check: it need not run
	key        cacheKey
}

// siteRules compiles the profile with the site's changes.
func (s *Scanner) siteRules() (*rules, error) {
	set := score.Symbols{Defs: s.plan.Defs(), Families: map[string][]*symbols.Def{}}
	for _, i := range s.plan.Stage(checks.Late) {
		set.Late = append(set.Late, s.plan.Checks()[i].Symbols...)
	}
	for _, f := range s.plan.Families() {
		set.Families[f.Name] = nil
	}
	for _, f := range s.plan.Families() {
		for name, defs := range f.Switches {
			if _, taken := set.Families[name]; !taken {
				set.Families[name] = defs
			}
		}
	}
	for i, c := range s.plan.Checks() {
		set.Families[s.families[i]] = append(set.Families[s.families[i]], c.Symbols...)
	}
	p := s.opt.Profile.get()
	metric, err := p.Metric.Compile(set)
	if err != nil {
		return nil, err
	}
	return s.lay(&rules{metric: metric, thresholds: p.Thresholds}, &Settings{Layer: s.opt.Layer})
}

// lay makes the rules with settings over them.
func (s *Scanner) lay(base *rules, set *Settings) (*rules, error) {
	r := &rules{metric: base.metric, thresholds: base.thresholds, passAll: base.passAll || set.PassAll}
	var errs []error
	for i := range 1 + len(set.Over) {
		l := &set.Layer
		if i > 0 {
			l = &set.Over[i-1]
		}
		metric, err := r.metric.With(l.scoring())
		if err != nil {
			errs = append(errs, err)
		} else {
			r.metric = metric
		}
		if r.thresholds, err = mergeThresholds(r.thresholds, l.Thresholds); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	r.off, r.skip = make([]bool, len(s.families)), make([]bool, len(s.families))
	for i, c := range s.plan.Checks() {
		if len(c.Symbols) == 0 {
			r.off[i] = r.metric.FamilyOff(s.families[i])
			r.skip[i] = r.off[i] && len(c.Provides) == 0
			continue
		}
		r.off[i] = !slices.ContainsFunc(c.Symbols, r.metric.Enabled)
		r.skip[i] = r.off[i] && len(c.Provides) == 0 && !c.Always
	}
	return r, nil
}

// mergeThresholds lays single thresholds over a base; NaN takes one away. Of a
// custom action there has to be one.
func mergeThresholds(base, over actions.Thresholds) (actions.Thresholds, error) {
	if len(over) == 0 {
		return base, nil
	}
	th, set := maps.Clone(base), actions.Thresholds{}
	for _, a := range slices.Sorted(maps.Keys(over)) {
		v := over[a]
		if !math.IsNaN(v) {
			th[a], set[a] = v, v
			continue
		}
		if _, ok := base[a]; !ok && a.Custom() {
			return base, fmt.Errorf("threshold of unknown action %q is taken away%s", a, nearest.Hint(string(a), names(base)))
		}
		set[a] = 0 // its name is validated
		delete(th, a)
	}
	return th, set.Validate()
}

func names(th actions.Thresholds) iter.Seq[string] {
	return func(yield func(string) bool) {
		for a := range th {
			if !yield(string(a)) {
				return
			}
		}
	}
}

// owns reports whether what check i reported counts: what belongs to symbols
// where one of them is on, what belongs to the check where that is.
func (r *rules) owns(i int, of []*symbols.Def) bool {
	if len(of) > 0 {
		return slices.ContainsFunc(of, r.metric.Enabled)
	}
	return !r.off[i]
}

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
