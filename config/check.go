package config

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/internal/nearest"
)

// check refuses what Rspamd's load refuses, with the place of the value, and
// warns of what it takes silently in a sense that is hardly meant.
func (t *Tree) check() error {
	if err := t.checkActions(); err != nil {
		return err
	}
	for name, group := range t.Root.Get("group").All() {
		if group.Kind != ucl.Object {
			return group.Errorf("the group %s is no section", name)
		}
		if err := t.checkSymbols(name, group.Get("symbols")); err != nil {
			return err
		}
	}
	for name, c := range t.Root.Get("composites").All() {
		if c.IsNull() {
			return c.Errorf("the composite %s can't be null: enabled = false switches it off", name)
		}
	}
	return nil
}

func (t *Tree) checkSymbols(group string, symbols *ucl.Value) error {
	if symbols == nil {
		return nil
	}
	if symbols.Kind != ucl.Object && !symbols.Implicit {
		return symbols.Errorf("the symbols of the group %s are no section", group)
	}
	for _, part := range symbols.AsList() {
		for name, symbol := range part.All() {
			if symbol.Kind != ucl.Object && !symbol.Implicit {
				return symbol.Errorf("the symbol %s can't be of type %s: a weight of 0 takes its score away", name, symbol.Kind)
			}
			for _, key := range []string{"score", "weight"} {
				if v := symbol.Get(key); v != nil {
					if _, err := v.AsFloat(); err != nil {
						return v.Errorf("the %s of the symbol %s must be a number, not of type %s", key, name, v.Kind)
					}
				}
			}
			if s, w := symbol.Get("score"), symbol.Get("weight"); s != nil && w != nil {
				t.warn(s, "the symbol %s has a score and a weight (%s): the score holds", name, w.Pos())
			}
		}
	}
	return nil
}

// checkActions looks at the thresholds.
func (t *Tree) checkActions() error {
	actions := t.Root.Get("actions")
	if actions == nil {
		t.Warnings = append(t.Warnings, ucl.Warning{Msg: "there is no section actions"})
		return nil
	}
	if actions.Kind != ucl.Object {
		return actions.Errorf("actions is written twice or no section")
	}
	known := append(actionNames(), "accept", "unknown_weight", "grow_factor", "subject", "soft_reject")
	for name, v := range actions.All() {
		if !slices.Contains(known, name) {
			if v.Kind == ucl.Object && v.Get("score") == nil {
				return v.Errorf("%s is no action: thresholds stand in actions itself", name)
			}
			t.warn(v, "actions has the unknown key %s%s", name, nearest.Hint(name, slices.Values(known)))
		}
	}
	t.order(actions)
	return nil
}

// order warns of thresholds that no score reaches before the next one.
func (t *Tree) order(actions *ucl.Value) {
	names := []string{"no_action", "add_header", "rewrite_subject", "quarantine", "reject", "discard"}
	last, at, from := "", 0.0, ucl.Pos{}
	for _, name := range names {
		v := actions.Get(name)
		if v == nil {
			v = actions.Get(strings.ReplaceAll(name, "_", " "))
		}
		f, err := v.AsFloat()
		if v == nil || v.Kind == ucl.Object || err != nil {
			continue
		}
		if last != "" && f <= at {
			t.warn(v, "the threshold of %s (%g) must be higher than that of %s (%g, from %s)", name, f, last, at, from)
		}
		last, at, from = name, f, v.Pos()
	}
}

// replacements warns of sections that took the place of others whole, so that
// keys of those are gone: what override.d does with dns, symbols and group.
func (t *Tree) replacements() {
	seen := 0
	var walk func(path string, v *ucl.Value)
	walk = func(path string, v *ucl.Value) {
		for _, m := range v.Members() {
			name := path + m.Key
			gone := missing(m.Values)
			if len(gone) > 0 && seen < 100 {
				seen++
				more := ""
				if len(gone) > 5 {
					gone, more = gone[:5], " and others"
				}
				t.warn(m.Values[0], "%s takes the place of the whole section of that name: %s%s are gone", name, strings.Join(gone, ", "), more)
			}
			for _, value := range m.Values {
				walk(name+".", value)
			}
		}
	}
	walk("", t.Root)
}

// missing are the keys of sections which values took the place of that none of
// values has.
func missing(values []*ucl.Value) (gone []string) {
	for _, old := range values[0].Over {
		if old.Kind != ucl.Object || values[0].Kind != ucl.Object || old.Priority > values[0].Priority {
			continue
		}
		for _, m := range old.Members() {
			has := slices.ContainsFunc(values, func(v *ucl.Value) bool { return v.Get(m.Key) != nil })
			if !has && !slices.Contains(gone, m.Key) {
				gone = append(gone, m.Key)
			}
		}
	}
	return gone
}
