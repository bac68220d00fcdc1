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
