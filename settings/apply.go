package settings

import (
	"errors"
	"fmt"
	"math"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/config/ucl"
)

// An Apply is what settings change, Rspamd's section "apply". A nil list says
// nothing; an empty list of what is enabled turns all other symbols off.
type Apply struct {
	SymbolsEnabled, SymbolsDisabled []string
	GroupsEnabled, GroupsDisabled   []string
	// Additive is the policy implicit_allow: what is enabled comes to the rest
	// instead of taking its place.
	Additive   bool
	Scores     map[string]float64 // by symbol
	Thresholds actions.Thresholds // NaN takes one away
	Symbols    []Raised
	Subject    string // the template of actions.RewriteSubject, "" leaves it
	// Whitelist lets the message pass unseen; the flag skip does the same.
	Whitelist              bool
	PassAll, NoLog, NoStat bool // flags
	Edits                  []actions.HeaderEdit
	// Routines are those of milter_headers that write, nil leaves it the choice.
	Routines []string
	ignored  []string
}

// A Raised is a symbol that settings raise.
type Raised struct {
	Name    string
	Factor  float64 // times the symbol's weight
	Options []string
}

// restricts reports whether only what is enabled is looked at.
func (a *Apply) restricts() bool {
	return !a.Additive && (a.SymbolsEnabled != nil || a.GroupsEnabled != nil)
}

// ParseApply reads a section apply. Keys that Rspamd knows and that have no
// effect here are named in ignored; a key that nobody knows is the score of a
// symbol if its value is a number, else an error.
func ParseApply(v *ucl.Value) (a *Apply, ignored []string, err error) {
	object, err := v.AsObject()
	if err != nil {
		return nil, nil, err
	}
	a = &Apply{}
	for _, m := range object.Members() {
		if err := a.member(m.Key, m.Value()); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", m.Key, err)
		}
	}
	if a.SymbolsEnabled != nil { // what is raised is looked at
		on := make(map[string]bool, len(a.SymbolsEnabled))
		for _, name := range a.SymbolsEnabled {
			on[name] = true
		}
		for _, r := range a.Symbols {
			if !on[r.Name] {
				on[r.Name] = true
				a.SymbolsEnabled = append(a.SymbolsEnabled, r.Name)
			}
		}
	}
	return a, a.ignored, nil
}

func (a *Apply) member(key string, v *ucl.Value) (err error) {
	if v.IsNull() {
		return nil // as if it were not there
	}
	switch key {
	case "symbols_enabled":
		return a.enabled(v)
	case "symbols_disabled":
		a.SymbolsDisabled, err = names(v)
	case "groups_enabled":
		a.GroupsEnabled, err = names(v)
	case "groups_disabled":
		a.GroupsDisabled, err = names(v)
	case "scores":
		return a.scores(v)
	case "actions":
		return a.actions(v)
	case "symbols":
		a.Symbols, err = raised(v)
	case "subject":
		a.Subject, err = v.AsString()
	case "whitelist":
		var on bool
		on, err = v.AsBool()
		a.Whitelist = a.Whitelist || on
	case "flags":
		return a.flags(v)
	case "policy":
		return a.policy(v)
	case "add_headers":
		return a.addHeaders(v)
	case "remove_headers":
		return a.removeHeaders(v)
	case "plugins":
		return a.plugins(v)
	case "variables", "messages", "id", "_merge_info":
		a.ignored = append(a.ignored, key)
	default:
		weight, ok := v.AsFloat()
		if ok != nil {
			return errors.New("not supported")
		}
		return a.score(key, weight)
	}
	return err
}

// plugins reads what is for single modules: the routines of milter_headers.
func (a *Apply) plugins(v *ucl.Value) (err error) {
	for module, section := range v.All() {
		for key, value := range section.All() {
			if module != "milter_headers" || key != "routines" {
				a.ignored = append(a.ignored, "plugins: "+module+": "+key)
				continue
			}
			if a.Routines, err = names(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// names reads a list of names, never nil.
func names(v *ucl.Value) ([]string, error) {
	list, err := v.AsStrings()
	if err != nil || list == nil {
		list = []string{}
	}
	return list, err
}

// enabled reads a list of symbols, or an object that weighs them as well.
func (a *Apply) enabled(v *ucl.Value) (err error) {
	if v.Kind != ucl.Object {
		a.SymbolsEnabled, err = names(v)
		return err
	}
	a.SymbolsEnabled = []string{}
	for name, weight := range v.All() {
		a.SymbolsEnabled = append(a.SymbolsEnabled, name)
		if f, err := weight.AsFloat(); err == nil {
			if err := a.score(name, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Apply) score(name string, f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Errorf("the score of %q is %v", name, f)
	}
	if a.Scores == nil {
		a.Scores = map[string]float64{}
	}
	a.Scores[name] = f
	return nil
}

func (a *Apply) scores(v *ucl.Value) error {
	object, err := v.AsObject()
	if err != nil {
		return err
	}
	for name, weight := range object.All() {
		f, err := weight.AsFloat()
		if err != nil {
			return fmt.Errorf("the score of %q: %w", name, err)
		}
		if err := a.score(name, f); err != nil {
			return err
		}
	}
	return nil
}

// actions reads { reject = 10; greylist = null }; null takes one away.
func (a *Apply) actions(v *ucl.Value) error {
	object, err := v.AsObject()
	if err != nil {
		return err
	}
	a.Thresholds = actions.Thresholds{}
	for name, limit := range object.All() {
		act := actions.Parse(name)
		if _, twice := a.Thresholds[act]; twice {
			return fmt.Errorf("%q is given twice", act)
		}
		if act.Custom() {
			return fmt.Errorf("%q is no action", name)
		}
		if limit.IsNull() {
			a.Thresholds[act] = math.NaN()
			continue
		}
		f, err := limit.AsFloat()
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		a.Thresholds[act] = f
	}
	return nil
}

// raised reads [ "A", "B" ] or { A = 2; B { score = 1; options = [x] } }.
func raised(v *ucl.Value) ([]Raised, error) {
	if v.Kind != ucl.Object {
		list, err := v.AsStrings()
		out := make([]Raised, len(list))
		for i, name := range list {
			out[i] = Raised{Name: name, Factor: 1}
		}
		return out, err
	}
	var out []Raised
	for name, how := range v.All() {
		r := Raised{Name: name, Factor: 1}
		score := how
		if how.Kind == ucl.Object {
			score = how.Get("score")
			if list := how.Get("options"); list != nil {
				var err error
				if r.Options, err = list.AsStrings(); err != nil {
					return nil, err
				}
			}
		}
		if score != nil {
			f, err := score.AsFloat()
			if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, fmt.Errorf("the score of %q is no number", name)
			}
			r.Factor = f
		}
		out = append(out, r)
	}
	return out, nil
}
