package settings

import (
	"cmp"
	"maps"
	"slices"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

// A Level is where settings come from. Those of a higher level go before those
// of a lower one (Rspamd 4.1.6's layers).
type Level uint8

// The levels.
const (
	OfRule    Level = iota // a rule
	OfRequest              // the client's request
)

// A Layer is an Apply with its level.
type Layer struct {
	Level Level
	Apply *Apply
}

// Names knows which names settings can have: a *winnow.Scanner or a *winnow.Live.
type Names interface {
	Knows(name string) (symbol, group, family bool)
	SymbolsOf(group string) []string
}

// Lay makes of layers, the lowest first, the settings of a message. Names that
// are not known can't change a verdict: they are left out, and warn is told; it
// may be nil.
//
// As in Rspamd 4.1.6, of thresholds, scores and subjects those of the highest
// layer count, headers and raised symbols come together, and flags add up. A
// symbol that is named goes before the groups that it is in, then the higher
// layer counts, and within one what is disabled is off.
func Lay(n Names, warn func(format string, args ...any), layers ...Layer) *winnow.Settings {
	l := &laying{names: n, warn: warn, set: &winnow.Settings{}}
	if l.warn == nil {
		l.warn = func(string, ...any) {}
	}
	slices.SortStableFunc(layers, func(a, b Layer) int { return int(a.Level) - int(b.Level) })
	for _, layer := range layers {
		l.take(layer.Apply)
	}
	if l.whitelist {
		l.set.Disable, l.facts.Skip = []string{"*"}, true
	} else {
		l.switches(layers)
	}
	if _, _, family := n.Knows(familyName); family && !l.facts.empty() {
		l.set.Facts = []checks.Seeded{checks.Seed(Applied, l.facts)}
	} else if len(l.facts.Symbols)+len(l.facts.Edits) > 0 || l.facts.Subject != "" {
		l.warn("Settings: symbols, subject and headers have no effect here")
	}
	if _, _, family := n.Knows(routines.Name); family && l.routines != nil {
		l.set.Facts = append(l.set.Facts, checks.Seed(routines, l.routines))
	}
	return l.set
}

// routines is the fact by which the family milter_headers knows what to write.
var routines = checks.Fact[[]string]{Name: "milter_headers"}

// laying is the work of Lay.
type laying struct {
	names     Names
	warn      func(format string, args ...any)
	set       *winnow.Settings
	facts     Effect
	whitelist bool
	routines  []string // of milter_headers
}

// take takes over all of a layer but which symbols are on.
func (l *laying) take(a *Apply) {
	l.set.PassAll = l.set.PassAll || a.PassAll
	l.set.NoLog = l.set.NoLog || a.NoLog
	l.whitelist = l.whitelist || a.Whitelist
	if a.Thresholds != nil && l.set.Thresholds == nil {
		l.set.Thresholds = actions.Thresholds{}
	}
	maps.Copy(l.set.Thresholds, a.Thresholds)
	for _, name := range slices.Sorted(maps.Keys(a.Scores)) {
		if len(l.known("scores", []string{name}, false)) > 0 {
			if l.set.Weights == nil {
				l.set.Weights = map[string]float64{}
			}
			l.set.Weights[name] = a.Scores[name]
		}
	}
	if a.Subject != "" {
		l.facts.Subject = a.Subject
	}
	if a.Routines != nil {
		l.routines = a.Routines
	}
	l.facts.Edits = append(l.facts.Edits, a.Edits...)
	for _, r := range a.Symbols {
		if len(l.known("symbols", []string{r.Name}, false)) == 0 {
			continue
		}
		l.facts.Symbols = slices.DeleteFunc(l.facts.Symbols, func(o Raised) bool { return o.Name == r.Name })
		l.facts.Symbols = append(l.facts.Symbols, r)
	}
}

// family is the family, or the further name of a family's, that a name of Rspamd's
// modules stands for, "" if there is none.
func (l *laying) family(name string) string {
	family := cmp.Or(callbacks()[name], name)
	if _, _, known := l.names.Knows(family); !known {
		return ""
	}
	return family
}

// known returns those of names that symbols have, or groups.
func (l *laying) known(key string, names []string, group bool) (list []string) {
	for _, name := range names {
		isSymbol, isGroup, _ := l.names.Knows(name)
		family := l.family(name)
		switch {
		case group && isGroup || !group && isSymbol:
			list = append(list, name)
		case family != "" && (key == "symbols_enabled" || key == "symbols_disabled"):
			list = append(list, family)
		default:
			l.warn("Settings: %s: %q is not known", key, name)
		}
	}
	return list
}

// kept are families that stay on where only what settings enable is looked at:
// test strings are meant to be found by everybody, and limits are there only
// where they are asked for. Rspamd keeps them, too.
func kept() []string { return []string{"gtube", "ratelimit"} }

// switches says which symbols are on.
func (l *laying) switches(layers []Layer) {
	restricts, noStat := false, false
	for _, layer := range layers {
		restricts = restricts || layer.Apply.restricts()
		noStat = noStat || layer.Apply.NoStat
	}
	var on, off []string
	if len(layers) == 1 {
		on, off = l.single(layers[0].Apply)
	} else {
		on, off = l.resolve(layers)
	}
	if restricts {
		l.set.Disable = []string{"*"}
		for _, name := range kept() {
			if _, _, family := l.names.Knows(name); family {
				on = append(on, name)
			}
		}
	}
	l.set.Enable = on
	if _, group, _ := l.names.Knows("statistics"); noStat && group {
		off = append(off, "statistics")
	}
	if len(off) > 0 { // what is disabled is off even where it is enabled as well
		l.set.Over = []winnow.Layer{{Disable: off}}
	}
}

// single is the common case, in which groups stay groups.
func (l *laying) single(a *Apply) (on, off []string) {
	on = slices.Concat(l.known("symbols_enabled", a.SymbolsEnabled, false), l.known("groups_enabled", a.GroupsEnabled, true))
	off = slices.Concat(l.known("symbols_disabled", a.SymbolsDisabled, false), l.known("groups_disabled", a.GroupsDisabled, true))
	return on, off
}

// A switched is what the layers so far say of a symbol.
type switched struct {
	named bool // it was named itself, not a group of it
	level Level
	on    bool
}

// resolve decides for each symbol that several layers speak of.
func (l *laying) resolve(layers []Layer) (on, off []string) {
	state := map[string]switched{}
	say := func(names []string, s switched) {
		for _, name := range names {
			old, ok := state[name]
			switch {
			case !ok, s.named && !old.named, s.named == old.named && (s.level > old.level || s.level == old.level && !s.on):
				state[name] = s
			}
		}
	}
	groups := func(key string, names []string, s switched) {
		for _, g := range l.known(key, names, true) {
			say(l.names.SymbolsOf(g), s)
		}
	}
	for _, layer := range layers {
		a, lv := layer.Apply, layer.Level
		say(l.known("symbols_enabled", a.SymbolsEnabled, false), switched{true, lv, true})
		say(l.known("symbols_disabled", a.SymbolsDisabled, false), switched{true, lv, false})
		groups("groups_enabled", a.GroupsEnabled, switched{false, lv, true})
		groups("groups_disabled", a.GroupsDisabled, switched{false, lv, false})
	}
	for _, name := range slices.Sorted(maps.Keys(state)) {
		if state[name].on {
			on = append(on, name)
		} else {
			off = append(off, name)
		}
	}
	return on, off
}
