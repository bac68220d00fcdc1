package settings

import (
	"cmp"

	"github.com/winnowmail/winnow/config/ucl"
)

// A Stranger is a name in the apply of a rule that nothing has. It changes nothing.
type Stranger struct {
	Rule, Key, Name string
	Group           bool // a group's name, not a symbol's
	At              *ucl.Value
}

// Strangers are those of the rules of the file, by what knows says that there is
// (Names.Knows), in the order of the rules. What the rules raise themselves is known.
func (r *Rules) Strangers(knows func(name string) (symbol, group, family bool)) (list []Stranger) {
	own := map[string]bool{}
	for _, d := range r.defs {
		own[d.Name] = true
	}
	for _, rule := range r.static.rules {
		for _, key := range []string{"symbols_enabled", "symbols_disabled", "groups_enabled", "groups_disabled", "scores"} {
			group := key == "groups_enabled" || key == "groups_disabled"
			switches := key == "symbols_enabled" || key == "symbols_disabled"
			for name, at := range rule.names(key) {
				symbol, isGroup, family := knows(name)
				if switches && !family {
					_, _, family = knows(cmp.Or(callbacks()[name], name))
				}
				if known := group && isGroup || !group && (symbol || own[name]) || switches && family; !known {
					list = append(list, Stranger{rule.name, key, name, group, at})
				}
			}
		}
	}
	return list
}

// names are those at a key of the rule's apply, with their places.
func (r *rule) names(key string) func(yield func(string, *ucl.Value) bool) {
	return func(yield func(string, *ucl.Value) bool) {
		apply, err := r.section.Get("apply").AsObject()
		if err != nil {
			return
		}
		v := apply.Get(key)
		if v != nil && v.Kind == ucl.Object {
			v.All()(yield)
			return
		}
		for _, item := range v.AsList() {
			words, _ := item.AsStrings() // what is none was refused
			for _, text := range words {
				if !yield(text, item) {
					return
				}
			}
		}
	}
}
