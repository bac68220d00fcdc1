package scanner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/config/ucl"
)

// maxChanges bounds what Changes lists.
const maxChanges = 100

// Changes are the differences between the values of before and those of s: a
// line for each, with the place. At most a hundred are listed.
func (s *Setup) Changes(before *Setup) []string {
	was, is := map[string]*ucl.Value{}, map[string]*ucl.Value{}
	names := flat(before.tree.Root, "", was, nil)
	names = flat(s.tree.Root, "", is, names)
	slices.Sort(names)
	var list []string
	for _, name := range slices.Compact(names) {
		old, now := was[name], is[name]
		switch {
		case len(list) == maxChanges:
			return append(list, "and more")
		case old == nil:
			list = append(list, fmt.Sprintf("%s: %s is new: %s", now.Pos(), name, shown(name, now)))
		case now == nil:
			list = append(list, fmt.Sprintf("%s: %s is gone, which was %s", old.Pos(), name, shown(name, old)))
		case text(old) != text(now):
			list = append(list, fmt.Sprintf("%s: %s is %s, which was %s", now.Pos(), name, shown(name, now), shown(name, old)))
		}
	}
	return list
}

// flat collects the values of a tree that are no sections.
func flat(v *ucl.Value, path string, into map[string]*ucl.Value, names []string) []string {
	for key, value := range v.All() {
		name := key
		if path != "" {
			name = path + "." + key
		}
		if value.Kind == ucl.Object {
			names = flat(value, name, into, names)
			continue
		}
		into[name] = value
		names = append(names, name)
	}
	return names
}

// shown is a value for a log, without secrets.
func shown(name string, v *ucl.Value) string {
	for _, secret := range []string{"password", "key", "rbl"} {
		if strings.Contains(name, secret) {
			return "(not shown)"
		}
	}
	if t := text(v); len(t) <= 100 {
		return t
	}
	return "(long)"
}

// text is a value as JSON.
func text(v *ucl.Value) string {
	var b strings.Builder
	_ = ucl.WriteJSON(&b, v) // to memory
	return strings.TrimSpace(b.String())
}
