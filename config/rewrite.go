package config

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
)

// rewrite does what Rspamd's lua_cfg_transform does before modules are loaded.
func (t *Tree) rewrite() error {
	root := t.Root
	if err := t.metric(root); err != nil {
		return err
	}
	if symbols := root.Get("symbols"); symbols != nil {
		for name, v := range named(symbols) {
			t.ungrouped(name, v)
		}
	}
	if actions := root.Get("actions"); actions != nil && actions.Kind == ucl.Object {
		t.actions(actions)
	}
	if groups := root.Get("group"); groups != nil && groups.Kind == ucl.Array {
		root.Set("group", joinNamed(groups))
	}
	t.signing(root)
	for _, m := range root.Members() {
		v := m.Value()
		if nested := v.Get(m.Key); nested != nil && nested.Kind == ucl.Object {
			t.warn(nested, "the section %s lies within another %s: it has no effect there, leave the inner name out", m.Key, m.Key)
		}
	}
	if root.Get("neural") != nil {
		options := section(root, "options")
		if on, err := options.Get("check_all_filters").AsBool(); err != nil || !on {
			options.Set("check_all_filters", ucl.NewBool(root.Get("neural"), true))
		}
	}
	for _, name := range []string{"surbl", "emails"} {
		if err := t.toRBL(root, name); err != nil {
			return err
		}
	}
	return nil
}

// section is the object of that name in v, which is made when it is not there.
func section(v *ucl.Value, name string) *ucl.Value {
	if there := v.Get(name); there != nil && there.Kind == ucl.Object {
		return there
	}
	made := ucl.NewObject(v)
	v.Set(name, made)
	return made
}

// named goes through sections that have names: name "x" {}, or name { x {} },
// or name { name = x; }, repeated or not.
func named(v *ucl.Value) func(yield func(string, *ucl.Value) bool) {
	return func(yield func(string, *ucl.Value) bool) {
		for _, part := range v.AsList() {
			if name, err := part.Get("name").AsString(); err == nil {
				part.Remove("name")
				if !yield(name, part) {
					return
				}
				continue
			}
			for _, m := range slices.Clone(part.Members()) {
				for _, value := range m.Values {
					if !yield(m.Key, value) {
						return
					}
				}
			}
		}
	}
}

// joinNamed makes one object of repeated sections with names; of two of one
// name the later one holds.
func joinNamed(list *ucl.Value) *ucl.Value {
	joined := ucl.NewObject(list)
	for _, part := range list.Items {
		for _, m := range part.Members() {
			joined.Set(m.Key, m.Value())
		}
	}
	return joined
}

// metric moves the old section metric to actions and groups.
func (t *Tree) metric(root *ucl.Value) error {
	metric := root.Get("metric")
	if metric == nil {
		return nil
	}
	if metric.Kind != ucl.Object && !metric.Implicit {
		return metric.Errorf("metric is no section")
	}
	for _, m := range named(metric) {
		if actions := m.Get("actions"); actions != nil {
			override(section(root, "actions"), actions)
		}
		for _, key := range []string{"unknown_weight", "subject"} {
			if v := m.Get(key); v != nil {
				section(root, "actions").Set(key, v)
			}
		}
		if group := m.Get("group"); group != nil {
			for name, v := range named(group) {
				t.oldGroup(root, name, v)
			}
		} else if root.Get("group") == nil {
			section(section(section(root, "group"), "ungrouped"), "symbols")
		}
		if symbol := m.Get("symbol"); symbol != nil {
			for name, v := range named(symbol) {
				t.ungrouped(name, v)
			}
		}
	}
	return nil
}

// oldGroup is a group of the section metric.
func (t *Tree) oldGroup(root *ucl.Value, name string, v *ucl.Value) {
	group := ucl.NewObject(v)
	for _, key := range []string{"enabled", "disabled", "max_score"} {
		if value := v.Get(key); value != nil {
			group.Set(key, value)
		}
	}
	symbols := section(group, "symbols")
	if symbol := v.Get("symbol"); symbol != nil {
		for symbolName, value := range named(symbol) {
			symbols.Set(symbolName, value)
		}
	}
	if groups := root.Get("group"); groups != nil && groups.Kind == ucl.Array {
		root.Set("group", joinNamed(groups))
	}
	groups := section(root, "group")
	if there := groups.Get(name); there != nil && there.Kind == ucl.Object {
		override(there, group)
	} else {
		groups.Set(name, group)
	}
}

// ungrouped is a symbol of the section symbols, or of metric: it overrides the
// one of a group, else it is of the group ungrouped.
func (t *Tree) ungrouped(name string, v *ucl.Value) {
	if groups := t.Root.Get("group"); groups != nil && groups.Kind == ucl.Array {
		t.Root.Set("group", joinNamed(groups))
	}
	groups := section(t.Root, "group")
	for _, g := range groups.All() {
		if there := g.Get("symbols", name); there != nil && there.Kind == ucl.Object && v.Kind == ucl.Object {
			override(there, v)
			return
		}
	}
	section(section(groups, "ungrouped"), "symbols").Set(name, v)
}

// override sets the keys of other in v; objects are joined.
func override(v, other *ucl.Value) {
	for key, value := range other.All() {
		if there := v.Get(key); there != nil && there.Kind == ucl.Object && value.Kind == ucl.Object {
			override(there, value)
		} else {
			v.Set(key, value)
		}
	}
}

// actions takes null thresholds out, and as Rspamd texts, unless one of no action is
// there.
func (t *Tree) actions(actions *ucl.Value) {
	if actions.Get("no action") != nil || actions.Get("no_action") != nil || actions.Get("accept") != nil {
		return
	}
	for _, name := range actionNames() {
		v := actions.Get(name)
		if v == nil {
			continue
		}
		score := v
		if v.Kind == ucl.Object {
			score = v.Get("score")
		}
		f, err := score.AsFloat()
		switch {
		case v.Kind != ucl.Object && (err != nil || v.Kind == ucl.String):
			if !v.IsNull() {
				t.warn(v, "the threshold of %s is no number: the action is taken away, as null takes it away", name)
			}
			actions.Remove(name)
			t.Unset = append(t.Unset, name)
		case err == nil && f < 0:
			actions.Set("no_action", ucl.NewFloat(v, f-0.001))
			return
		}
	}
}

func actionNames() []string {
	return []string{"no action", "no_action", "greylist", "add header", "add_header", "rewrite subject", "rewrite_subject", "quarantine", "reject", "discard"}
}

// signing makes one form of the old and new ways to say how mail is signed.
func (t *Tree) signing(root *ucl.Value) {
	dkim := section(root, "dkim")
	if condition := dkim.Get("sign_condition"); condition != nil && root.Get("dkim_signing", "sign_condition") == nil {
		section(root, "dkim_signing").Set("sign_condition", condition)
	}
	if dkim.Get("sign_headers") == nil {
		if headers := root.Get("dkim_signing", "sign_headers"); headers != nil {
			dkim.Set("sign_headers", headers)
		}
	}
	for _, name := range []string{"dkim_signing", "arc"} {
		if only := root.Get(name, "auth_only"); only != nil {
			root.Get(name).Set("sign_authenticated", only)
		}
	}
	if headers := dkim.Get("sign_headers"); headers != nil && headers.Kind == ucl.Array {
		if list, err := headers.AsStrings(); err == nil {
			dkim.Set("sign_headers", ucl.NewString(headers, strings.Join(list, ":")))
		}
	}
}
